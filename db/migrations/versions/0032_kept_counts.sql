CREATE TABLE kept_counts (
    what TEXT NOT NULL,
    asked TEXT NOT NULL,
    figures JSONB NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    pulse BIGINT NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT kept_counts_pkey PRIMARY KEY (what, asked)
)
;
COMMENT ON TABLE kept_counts IS '统计: counts of the whole book that take long, for those who see all of it'
;
COMMENT ON COLUMN kept_counts.what IS 'which figures'
;
COMMENT ON COLUMN kept_counts.asked IS 'hash of the day, and of what they are narrowed to'
;
COMMENT ON COLUMN kept_counts.seconds IS 'that counting took'
;
COMMENT ON COLUMN kept_counts.pulse IS 'of the trail, when they were counted'
;
