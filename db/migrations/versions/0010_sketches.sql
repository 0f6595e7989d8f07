CREATE TABLE sketches (
    staff_id INTEGER NOT NULL,
    family TEXT NOT NULL CONSTRAINT sketches_family_check CHECK (family in ('todo_rule', 'signal_rule', 'mapping', 'parameter', 'form')),
    code TEXT NOT NULL,
    body JSONB NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT sketches_pkey PRIMARY KEY (staff_id, family, code),
    CONSTRAINT sketches_staff_id_fkey FOREIGN KEY(staff_id) REFERENCES staff (id)
)
;
COMMENT ON TABLE sketches IS '草稿: a definition that somebody is still writing; gone when it is submitted'
