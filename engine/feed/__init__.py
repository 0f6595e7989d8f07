"""The nightly files: mapping (data), delivery (files), load (the verb)."""
