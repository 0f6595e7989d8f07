"""What the bank remembers: tables, row security, reads and single-statement writes by noun.

The only floor that speaks SQL. Nothing here decides; `engine` decides and calls down.
"""
