ALTER TABLE loans ADD COLUMN ended_on DATE
    GENERATED ALWAYS AS (case when status in ('normal','overdue') then null else changed_on end) STORED
;
DROP INDEX loans_ended
;
CREATE INDEX loans_ended ON loans (ended_on) WHERE ended_on is not null
