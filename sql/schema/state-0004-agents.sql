-- Agents that may speak through the gateway, each by a token. Of it only the
-- SHA-256 is kept.
CREATE TABLE agent (
	name TEXT PRIMARY KEY,
	purpose TEXT NOT NULL,
	digest BLOB NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	rotated_at INTEGER NOT NULL,   -- last; 0: never
	last_used_at INTEGER NOT NULL, -- 0: never
	revoked_at INTEGER NOT NULL    -- 0: the token is good
) STRICT, WITHOUT ROWID;

-- What an entry about an agent says beside; '' is left out.
ALTER TABLE owed_entry ADD COLUMN agent_name TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN call_id TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN parent_call_id TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN trace_id TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN policy_tier TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';
ALTER TABLE owed_entry ADD COLUMN status TEXT NOT NULL DEFAULT 'success';
