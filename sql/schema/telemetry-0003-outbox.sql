-- Notices that are to be sent, what each channel was told, and how it goes.
-- Times are microseconds since 1970 in UTC, 0 where it has not happened.

-- A notice leaves when its channel has taken it; those behind it with the same
-- group_key wait for that.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	channel TEXT NOT NULL,         -- NAME of [notify NAME]
	group_key TEXT NOT NULL,
	is_repeat INTEGER NOT NULL,    -- it says nothing that was not said
	is_test INTEGER NOT NULL,
	body TEXT NOT NULL,            -- as of Alertmanager's webhook, version 4
	created_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	due_at INTEGER NOT NULL,
	last_error TEXT,
	delivered_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_waiting ON outbox (channel, group_key, id)
WHERE delivered_at = 0;

-- Alerts that a channel was told of as firing, and of whose end it was not.
CREATE TABLE told (
	channel TEXT NOT NULL,
	alert INTEGER NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (channel, alert)
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
	channel TEXT PRIMARY KEY NOT NULL,
	delivered_at INTEGER NOT NULL,
	failing_since INTEGER NOT NULL, -- 0: what was tried last was delivered
	failed_at INTEGER NOT NULL,
	last_error TEXT
) STRICT, WITHOUT ROWID;
