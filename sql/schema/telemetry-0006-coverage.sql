-- How much of a session's calls was told by which way: what the log cannot
-- tell, since a call that two ways tell of is recorded once. Times are
-- microseconds since 1970 in UTC.

CREATE TABLE coverage (
	session TEXT PRIMARY KEY,
	by_hook INTEGER NOT NULL,      -- calls that a hook told of
	by_telemetry INTEGER NOT NULL, -- calls that telemetry told of
	both INTEGER NOT NULL,         -- calls known to be the same
	unnamed INTEGER NOT NULL,      -- of by_telemetry, without a call_id
	denied INTEGER NOT NULL,       -- of by_hook, denied and told by it alone
	missing INTEGER NOT NULL,      -- numbers of event.sequence that never came
	sequence BLOB NOT NULL,        -- those that came (coverage_ranges.h)
	seen_at INTEGER NOT NULL       -- when the last of it came
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_seen ON coverage (seen_at);
