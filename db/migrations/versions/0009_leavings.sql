ALTER TABLE handovers
    ADD leads_to INTEGER CONSTRAINT handovers_leads_to_fkey REFERENCES staff (id),
    ADD leads_moved INTEGER DEFAULT 0 NOT NULL,
    ADD drafts_given INTEGER DEFAULT 0 NOT NULL
;
COMMENT ON COLUMN handovers.leads_to IS 'who follows his leads that were found at nobody''s; null: they stay'
;
COMMENT ON COLUMN handovers.drafts_given IS 'begun checks that the receivers may go on with'
;
ALTER TABLE handover_rows DROP CONSTRAINT handover_rows_what_check
;
ALTER TABLE handover_rows ADD CONSTRAINT handover_rows_what_check CHECK (what in ('todo', 'loan', 'manager', 'inspector', 'signal', 'lead'))
;
COMMENT ON COLUMN handover_rows.customer_id IS '0: a lead that was found at nobody''s'
;
COMMENT ON COLUMN handover_rows.from_id IS 'who held it; null: the branch''s pool, or of a lead whoever noted it'
;
ALTER TABLE drafts
    ADD begun_by INTEGER CONSTRAINT drafts_begun_by_fkey REFERENCES staff (id),
    ADD handover_id INTEGER CONSTRAINT drafts_handover_id_fkey REFERENCES handovers (id)
;
COMMENT ON COLUMN drafts.begun_by IS 'a colleague whose words these were, before a handover; his own draft stays with him'
;
COMMENT ON COLUMN drafts.handover_id IS 'by which they came'
;
CREATE INDEX drafts_by_handover ON drafts (handover_id) WHERE handover_id is not null
;
