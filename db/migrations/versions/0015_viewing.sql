ALTER TABLE sessions ADD COLUMN viewing_id INTEGER
;
ALTER TABLE sessions ADD CONSTRAINT sessions_viewing_id_fkey FOREIGN KEY(viewing_id) REFERENCES staff (id)
;
ALTER TABLE sessions ADD COLUMN wall_until TIMESTAMP WITH TIME ZONE
;
ALTER TABLE sessions ADD CONSTRAINT sessions_one_way_to_look_check CHECK (viewing_id is null or wall_until is null)
;
COMMENT ON COLUMN sessions.viewing_id IS 'as whom its owner looks, and only looks'
;
COMMENT ON COLUMN sessions.wall_until IS 'hangs on a wall until then: shows the dashboard and nothing else'
