"""From typed lines to the book, inside the database: staged, compared, resolved, quarantined, published.

A line is compared with what the book already holds by a 64-bit hash of its fields, so that of a full snapshot only
the new and the changed lines go on. Hashes only save work: what a changed line means is decided by its values.
"""
