ALTER TABLE loans DROP CONSTRAINT loans_one_row_a_note, ADD CONSTRAINT loans_one_row_a_note UNIQUE (loan_no, source)
;
DROP INDEX loans_by_number
