CREATE TABLE spellings (
    customer_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    village TEXT,
    pinyin TEXT NOT NULL,
    initials TEXT NOT NULL,
    pieces TEXT[] NOT NULL,
    CONSTRAINT spellings_pkey PRIMARY KEY (customer_id),
    CONSTRAINT spellings_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customers (id)
)
;
CREATE INDEX spellings_by_piece ON spellings USING gin (pieces)
;
COMMENT ON TABLE spellings IS 'By which customers are found as fast as their names are typed; written after each feed'
;
COMMENT ON COLUMN spellings.name IS 'as it was when it was spelt'
;
COMMENT ON COLUMN spellings.initials IS 'of the name, and of the village behind a blank'
;
COMMENT ON COLUMN spellings.pieces IS 'runs of one and two characters, of two initials, of three letters'
;
CREATE TABLE searches (
    staff_id INTEGER NOT NULL,
    words TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT searches_pkey PRIMARY KEY (staff_id, words),
    CONSTRAINT searches_staff_id_fkey FOREIGN KEY(staff_id) REFERENCES staff (id)
)
;
COMMENT ON TABLE searches IS '最近搜索: what somebody searched for last'
;
COMMENT ON COLUMN searches.words IS 'as they were typed; never a phone or identity number'
;
CREATE INDEX loans_by_number ON loans (loan_no)
;
CREATE INDEX loans_by_contract ON loans (contract_no)
;
