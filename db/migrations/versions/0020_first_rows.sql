ALTER TABLE loans ADD COLUMN size SMALLINT NOT NULL
    GENERATED ALWAYS AS (case when balance_fen > 0 then floor(ln(balance_fen::double precision) / ln(2::double precision)) else -1 end::smallint) STORED
;
COMMENT ON COLUMN loans.size IS 'power of two of the balance'
;
CREATE INDEX loans_by_size ON loans (size) WHERE live
;
ALTER TABLE customer_faces ADD COLUMN size SMALLINT NOT NULL
    GENERATED ALWAYS AS (case when exposure_fen > 0 then floor(ln(exposure_fen::double precision) / ln(2::double precision)) else -1 end::smallint) STORED
;
COMMENT ON COLUMN customer_faces.size IS 'its power of two'
;
CREATE INDEX customer_faces_by_size ON customer_faces (size) WHERE live_loans > 0
;
DROP INDEX records_by_day
;
CREATE INDEX records_by_day ON records (done_on, id)
;
CREATE INDEX todos_by_due ON todos (due_on, id) WHERE closed_on is null
;
CREATE INDEX signals_worst_first ON signals (level desc, first_on, id) WHERE closed_on is null
