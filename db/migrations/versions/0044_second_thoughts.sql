ALTER TABLE feed_runs ADD COLUMN override_refused_by INTEGER CONSTRAINT feed_runs_override_refused_by_fkey REFERENCES staff (id)
;
ALTER TABLE feed_runs ADD COLUMN override_refused_why TEXT
;
ALTER TABLE feed_runs DROP CONSTRAINT feed_runs_four_eyes_check
;
ALTER TABLE feed_runs ADD CONSTRAINT feed_runs_four_eyes_check CHECK (override_by <> override_asked_by and override_refused_by <> override_asked_by)
;
ALTER TABLE feed_runs ADD CONSTRAINT feed_runs_allowed_or_refused_check CHECK (override_by is null or override_refused_by is null)
;
ALTER TABLE exemptions DROP CONSTRAINT exemptions_ends_after_it_begins_check
;
ALTER TABLE exemptions ADD CONSTRAINT exemptions_ends_after_it_begins_check CHECK (until_on >= from_on - 1)
;
COMMENT ON COLUMN exemptions.until_on IS 'last day of the exemption; the day before it begins: ended on its first day'
