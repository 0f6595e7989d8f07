CREATE INDEX loan_history_late ON loan_history (to_on) WHERE overdue_since is not null
