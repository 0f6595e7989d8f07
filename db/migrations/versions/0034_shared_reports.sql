ALTER TABLE branch_moves
    DROP CONSTRAINT branch_moves_what_check,
    ADD CONSTRAINT branch_moves_what_check CHECK (what in ('customer', 'loan', 'todo', 'signal', 'lead', 'staff', 'branch', 'report'))
