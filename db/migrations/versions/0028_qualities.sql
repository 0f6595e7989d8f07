CREATE TABLE qualities (
    record_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    branch_id INTEGER NOT NULL,
    staff_id INTEGER NOT NULL,
    done_on DATE NOT NULL,
    flags TEXT[] DEFAULT '{}' NOT NULL,
    measures JSONB DEFAULT '{}' NOT NULL,
    bands INTEGER[],
    judged_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT qualities_pkey PRIMARY KEY (record_id, customer_id),
    CONSTRAINT qualities_record_id_fkey FOREIGN KEY(record_id, customer_id) REFERENCES records (id, customer_id),
    CONSTRAINT qualities_known_check CHECK (flags <@ array['copied', 'same', 'short', 'quick', 'late', 'crowded']),
    CONSTRAINT qualities_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT qualities_branch_id_fkey FOREIGN KEY(branch_id) REFERENCES branches (id),
    CONSTRAINT qualities_staff_id_fkey FOREIGN KEY(staff_id) REFERENCES staff (id)
)
;
CREATE INDEX qualities_by_band ON qualities USING gin (bands) WITH (fastupdate = off)
;
CREATE INDEX qualities_flagged ON qualities (done_on) WHERE flags <> '{}'
;
COMMENT ON TABLE qualities IS '质量提示: what is pointed out about each check, reckoned once it has come'
;
COMMENT ON COLUMN qualities.staff_id IS 'who made the check'
;
COMMENT ON COLUMN qualities.flags IS 'what is pointed out; none: nothing'
;
COMMENT ON COLUMN qualities.measures IS 'by flag: what was found, and the limit in force then'
;
COMMENT ON COLUMN qualities.bands IS 'of its words: similar ones of the same officer or customer have one in common; null: too few words'
;
