ALTER TABLE notices
    DROP CONSTRAINT notices_why_check,
    ADD CONSTRAINT notices_why_check CHECK (why in ('night', 'assigned', 'signals', 'decision', 'answer', 'stand_in', 'spot', 'digest', 'file', 'trial')),
    DROP CONSTRAINT notices_leads_to_a_page_check,
    ADD CONSTRAINT notices_leads_to_a_page_check CHECK (about ~ '^[a-z-]+([?][a-z_]+=[A-Za-z0-9_-]+(&[a-z_]+=[A-Za-z0-9_-]+)*)?$')
