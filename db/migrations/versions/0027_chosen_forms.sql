ALTER TABLE todos ADD COLUMN form_code TEXT
;
COMMENT ON COLUMN todos.form_code IS 'the form that was chosen with it; null: the one made for such a check'
