ALTER TABLE requests DROP CONSTRAINT requests_kind_check
;
ALTER TABLE requests ADD CONSTRAINT requests_kind_check
    CHECK (kind in ('address_move', 'export', 'level', 'working_days', 'deferral', 'exemption', 'cycle', 'role', 'branch'))
;
CREATE TABLE branch_moves (
	request_id BIGINT NOT NULL,
	customer_id BIGINT DEFAULT 0 NOT NULL,
	what TEXT NOT NULL CONSTRAINT branch_moves_what_check CHECK (what in ('customer', 'loan', 'todo', 'signal', 'lead', 'staff', 'branch')),
	row_id BIGINT NOT NULL,
	CONSTRAINT branch_moves_pkey PRIMARY KEY (request_id, customer_id, what, row_id)
)
;
COMMENT ON TABLE branch_moves IS 'Every row that a merger of branches moved: what undoing it needs'
;
COMMENT ON COLUMN branch_moves.customer_id IS '0: about no customer'
