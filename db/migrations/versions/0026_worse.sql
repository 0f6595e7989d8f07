CREATE INDEX loan_history_worse ON loan_history (loan_id) WHERE class <> 'normal'
;
CREATE INDEX loans_worse ON loans (id) WHERE class <> 'normal'
