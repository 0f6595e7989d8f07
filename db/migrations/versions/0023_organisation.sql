ALTER TABLE branches ADD COLUMN kept TEXT[] DEFAULT '{}' NOT NULL
;
COMMENT ON COLUMN branches.kept IS 'columns that people decided: the feed leaves them alone'
;
ALTER TABLE branches ADD COLUMN merged_into INTEGER CONSTRAINT branches_merged_into_fkey REFERENCES branches (id)
;
COMMENT ON COLUMN branches.merged_into IS 'where what the feed still names by this code belongs'
;
ALTER TABLE staff ADD COLUMN left_by INTEGER CONSTRAINT staff_left_by_fkey REFERENCES staff (id)
;
COMMENT ON COLUMN staff.left_by IS 'who ended this person by hand; the feed does not bring him back'
