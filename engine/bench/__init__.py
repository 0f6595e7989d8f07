"""Measurements at any size, each on a scratch database: never on the bank's own."""
