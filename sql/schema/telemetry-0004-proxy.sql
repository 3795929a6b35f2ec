-- The service proxy as it was reported last, and what people have decided of
-- its writes. Times are microseconds since 1970 in UTC, 0 where it has not
-- happened; statuses, states and actions are the numbers of lib/store/proxy.h.

CREATE TABLE proxy_report (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	reported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE proxy_services (
	place INTEGER PRIMARY KEY,     -- in the report
	name TEXT NOT NULL,
	status INTEGER NOT NULL,
	last_started_at INTEGER NOT NULL,
	last_completed_at INTEGER NOT NULL,
	consecutive_failures INTEGER NOT NULL,
	last_error TEXT,
	items_synced INTEGER NOT NULL  -- -1: it was not said
) STRICT;

CREATE TABLE proxy_writes (
	place INTEGER PRIMARY KEY,     -- in the report
	id TEXT NOT NULL,
	service TEXT NOT NULL,
	summary TEXT NOT NULL,
	agent_name TEXT,
	state INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	sends_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	last_error TEXT,
	action INTEGER NOT NULL,       -- what was decided, not yet done
	decided_by TEXT,
	decided_at INTEGER NOT NULL,
	decided_attempts INTEGER NOT NULL -- its attempts then
) STRICT;
