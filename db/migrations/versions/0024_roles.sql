ALTER TABLE requests DROP CONSTRAINT requests_kind_check
;
ALTER TABLE requests ADD CONSTRAINT requests_kind_check
    CHECK (kind in ('address_move', 'export', 'level', 'working_days', 'deferral', 'exemption', 'cycle', 'role'))
