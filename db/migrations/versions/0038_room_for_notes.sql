ALTER TABLE loans SET (fillfactor = 60)
