-- Alerts, what became of them, and silences. Times are microseconds since 1970
-- in UTC, 0 where it has not happened; states, severities and events are the
-- numbers of lib/store/alert.h and rule.h.

CREATE TABLE alerts (
	id INTEGER PRIMARY KEY,
	fingerprint INTEGER NOT NULL,
	state INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	rule TEXT,                     -- NULL: an agent sent it
	service TEXT,
	agent_name TEXT,
	title TEXT NOT NULL,
	message TEXT,
	context TEXT,                  -- a JSON object
	count INTEGER NOT NULL,
	first_seen INTEGER NOT NULL,
	last_seen INTEGER NOT NULL,
	resolved_at INTEGER NOT NULL,
	acknowledged_by TEXT,
	acknowledged_at INTEGER NOT NULL,
	note TEXT,
	seq INTEGER NOT NULL           -- the agent's entry with these words
) STRICT;
CREATE INDEX alerts_last_seen ON alerts (last_seen);

CREATE TABLE alert_events (
	id INTEGER PRIMARY KEY,
	alert INTEGER NOT NULL,
	at INTEGER NOT NULL,
	event INTEGER NOT NULL,
	user_name TEXT,
	note TEXT
) STRICT;
CREATE INDEX alert_events_alert ON alert_events (alert, id);

CREATE TABLE silences (
	id INTEGER PRIMARY KEY,
	matchers TEXT NOT NULL,        -- name=value, a line each
	author TEXT NOT NULL,
	reason TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	ends_at INTEGER NOT NULL,
	until_resolved INTEGER NOT NULL,
	ended_at INTEGER NOT NULL      -- before its time
) STRICT;
