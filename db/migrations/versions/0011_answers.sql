ALTER TABLE notices
    DROP CONSTRAINT notices_why_check,
    ADD CONSTRAINT notices_why_check CHECK (why in ('night', 'assigned', 'signals', 'decision', 'answer', 'stand_in', 'digest', 'trial'))
