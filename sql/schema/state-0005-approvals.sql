-- What agents have asked a person for, until it is used, refused or too old.
CREATE TABLE approval (
	id TEXT PRIMARY KEY,           -- the call_id of the request, too
	agent TEXT NOT NULL,
	capability TEXT NOT NULL,
	digest BLOB NOT NULL,          -- SHA-256 of the arguments' bytes
	session_id TEXT NOT NULL,      -- '': none
	state INTEGER NOT NULL,        -- approval_writer.h
	asked_at INTEGER NOT NULL,
	decided_at INTEGER NOT NULL,   -- 0: not yet
	decided_by TEXT NOT NULL,      -- '': nobody
	reason TEXT NOT NULL,          -- '': none
	-- The arguments without secrets, as JSON. Behind the rest, which is
	-- read without it.
	request TEXT NOT NULL
) STRICT;
CREATE INDEX approval_call ON approval (agent, capability, digest);
CREATE INDEX approval_time ON approval (asked_at);
