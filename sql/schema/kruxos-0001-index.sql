-- kruxos.db: a projection of the audit log. It may be deleted at any time;
-- kruxosd builds it again. Times are microseconds since 1970 in UTC.

-- "KrxI": this file is ours.
PRAGMA application_id = 1265793097;

-- What the index holds: one row.
CREATE TABLE extent (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	generation INTEGER NOT NULL,   -- moves when the index is built again
	first_seq INTEGER NOT NULL,    -- entries before it are gone
	last_seq INTEGER NOT NULL,
	last_hash BLOB NOT NULL,       -- entry_hash of last_seq
	recent_seq INTEGER NOT NULL,   -- from here on blocks are recent_block's
	tail_seq INTEGER NOT NULL      -- from here on there are rows alone
);
INSERT INTO extent VALUES (1, 1, 1, 0, zeroblob(32), 0, 0);

-- Dictionaries. An actor is of a type (0 agent, 1 user, 2 system) and a name;
-- what is counted of it is a projection.
CREATE TABLE file (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);
CREATE TABLE capability (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);
CREATE TABLE actor (
	id INTEGER PRIMARY KEY,
	type INTEGER NOT NULL,
	name TEXT NOT NULL,
	first_seen INTEGER NOT NULL DEFAULT 0,
	last_seen INTEGER NOT NULL DEFAULT 0,
	last_seq INTEGER NOT NULL DEFAULT 0,
	last_capability INTEGER NOT NULL DEFAULT 0,
	success INTEGER NOT NULL DEFAULT 0,
	error INTEGER NOT NULL DEFAULT 0,
	denied INTEGER NOT NULL DEFAULT 0,
	pending INTEGER NOT NULL DEFAULT 0,
	sessions INTEGER NOT NULL DEFAULT 0,
	UNIQUE (type, name)
);
CREATE INDEX actor_seen ON actor (type, last_seen);
-- A session is an id as one actor uses it: two agents may have chosen the
-- same. Its number in the bitmaps is that of its name.
CREATE TABLE session (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);
CREATE TABLE session_use (
	session INTEGER NOT NULL,
	actor INTEGER NOT NULL,
	started_at INTEGER NOT NULL DEFAULT 0,
	ended_at INTEGER NOT NULL DEFAULT 0,
	first_seen INTEGER NOT NULL DEFAULT 0,
	last_seen INTEGER NOT NULL DEFAULT 0,
	first_seq INTEGER NOT NULL DEFAULT 0,
	last_seq INTEGER NOT NULL DEFAULT 0,
	last_capability INTEGER NOT NULL DEFAULT 0,
	success INTEGER NOT NULL DEFAULT 0,
	error INTEGER NOT NULL DEFAULT 0,
	denied INTEGER NOT NULL DEFAULT 0,
	pending INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (session, actor)
) WITHOUT ROWID;
CREATE INDEX session_use_first ON session_use (first_seq);
CREATE INDEX session_use_actor ON session_use (actor, first_seq);

-- What the sums of an actor (session 0), or of a session as one actor uses it,
-- owe to one file of the log: when retention takes the file, they are made
-- again of the others'.
CREATE TABLE share (
	file INTEGER NOT NULL,
	session INTEGER NOT NULL,
	actor INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	first_seen INTEGER NOT NULL,
	last_seen INTEGER NOT NULL,
	first_seq INTEGER NOT NULL,
	last_seq INTEGER NOT NULL,
	last_capability INTEGER NOT NULL,
	success INTEGER NOT NULL,
	error INTEGER NOT NULL,
	denied INTEGER NOT NULL,
	pending INTEGER NOT NULL,
	sessions INTEGER NOT NULL,
	PRIMARY KEY (file, session, actor)
) WITHOUT ROWID;

-- One row an entry, as narrow as can be: everything else is read from the
-- log's line, which begins at `offset` of `file`.
CREATE TABLE entry (
	seq INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	file INTEGER NOT NULL,
	offset INTEGER NOT NULL,
	payload INTEGER NOT NULL,      -- payload_hash's first four bytes
	actor INTEGER NOT NULL,
	capability INTEGER NOT NULL,
	session INTEGER NOT NULL,      -- 0: none
	status INTEGER NOT NULL,       -- 0 success, 1 error, 2 denied, 3 pending
	kind INTEGER NOT NULL,         -- actor's type * 64 + tier * 8 + source
	duration INTEGER               -- microseconds; NULL: none
);

-- Sealed blocks of 65,536 seqs, and, behind them, up to fifteen of 4,096 that
-- will be one. lib/store/segment.c has the format of the blobs. A segment's id
-- is dimension << 60 | value << 28 | number of the block (first / its size).
CREATE TABLE block (
	first INTEGER PRIMARY KEY,     -- its first seq, a multiple of its size
	count INTEGER NOT NULL,        -- entries that are there
	min_time INTEGER NOT NULL,
	max_time INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,  -- not before its last entry was
	times BLOB NOT NULL
);
CREATE TABLE segment (
	id INTEGER PRIMARY KEY,
	count INTEGER NOT NULL,
	bits BLOB NOT NULL
);
CREATE TABLE recent_block (
	first INTEGER PRIMARY KEY,
	count INTEGER NOT NULL,
	min_time INTEGER NOT NULL,
	max_time INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,
	times BLOB NOT NULL
);
CREATE TABLE recent_segment (
	id INTEGER PRIMARY KEY,
	count INTEGER NOT NULL,
	bits BLOB NOT NULL
);

-- Entries by the hash of their call_id: those of sealed blocks of 65,536 in
-- 512 buckets by the hash's upper bits (id: number of the block * 512 + bucket;
-- lib/store/calls.c), those behind them one by one.
CREATE TABLE call (
	id INTEGER PRIMARY KEY,
	calls BLOB NOT NULL
);
CREATE TABLE recent_call (
	hash INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (hash, seq)
) WITHOUT ROWID;

-- What waits for a person, and what was decided.
CREATE TABLE approval (
	seq INTEGER PRIMARY KEY,       -- of the entry that asks
	state INTEGER NOT NULL,        -- 0 pending 1 accepted 2 rejected 3 ended
	actor INTEGER NOT NULL,
	session INTEGER NOT NULL,      -- 0: none
	call_id TEXT NOT NULL,
	capability INTEGER NOT NULL,
	asked_at INTEGER NOT NULL,
	decided_seq INTEGER NOT NULL DEFAULT 0,
	decided_at INTEGER NOT NULL DEFAULT 0,
	decided_by INTEGER NOT NULL DEFAULT 0 -- actor; 0: nobody
);
CREATE INDEX approval_state ON approval (state, seq);
CREATE INDEX approval_open ON approval (call_id) WHERE state = 0;

-- For people: sqlite3 kruxos.db 'SELECT * FROM entries LIMIT 5'.
CREATE VIEW entries AS
SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1e6, 'unixepoch') AS time,
	CASE actor.type WHEN 0 THEN 'agent' WHEN 1 THEN 'user'
		ELSE 'system' END AS actor_type,
	actor.name AS actor, capability.name AS capability,
	CASE status WHEN 0 THEN 'success' WHEN 1 THEN 'error'
		WHEN 2 THEN 'denied' ELSE 'pending' END AS status,
	session.name AS session, duration / 1e3 AS duration_ms,
	file.name AS file, offset
FROM entry
JOIN actor ON actor.id = actor
JOIN capability ON capability.id = capability
JOIN file ON file.id = file
LEFT JOIN session ON session.id = session
ORDER BY seq DESC;
