"""From a file's lines to the book, inside the database: staged as text, compared, typed, quarantined, published.

A line is compared with what the book already holds by a 64-bit hash of its text, so that of a full snapshot only
the new and the changed lines are taken apart. Hashes only save work: what a changed line means is decided by values.
"""

import psycopg2

CannotCopy = psycopg2.DataError  # a byte that is no character of the encoding, or one that COPY reserves
