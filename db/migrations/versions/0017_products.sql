ALTER TABLE definitions DROP CONSTRAINT definitions_family_check
;
ALTER TABLE definitions ADD CONSTRAINT definitions_family_check
    CHECK (family in ('todo_rule', 'signal_rule', 'mapping', 'parameter', 'form', 'scorecard', 'product'))
;
ALTER TABLE sketches DROP CONSTRAINT sketches_family_check
;
ALTER TABLE sketches ADD CONSTRAINT sketches_family_check
    CHECK (family in ('todo_rule', 'signal_rule', 'mapping', 'parameter', 'form', 'scorecard', 'product'))
