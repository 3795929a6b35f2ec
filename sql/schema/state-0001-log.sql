-- state.db: what no log can give back. Backed up, migrated, never rebuilt.
-- Times are microseconds since 1970 in UTC.

-- "KrxS": this file is ours.
PRAGMA application_id = 1265793107;

-- What retention has taken out of the log, in all.
CREATE TABLE removed (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	through_seq INTEGER NOT NULL,  -- the last entry that is gone
	files INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	entries INTEGER NOT NULL,
	agent_entries INTEGER NOT NULL,
	sessions INTEGER NOT NULL,     -- session.start
	evaluations INTEGER NOT NULL,  -- entries with a policy tier
	errors INTEGER NOT NULL,
	denied INTEGER NOT NULL
) STRICT;
INSERT INTO removed VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- When files were removed: at most two in 24 h of CLOCK_BOOTTIME.
CREATE TABLE removal (
	id INTEGER PRIMARY KEY,
	boot TEXT NOT NULL,            -- /proc/sys/kernel/random/boot_id
	at INTEGER NOT NULL            -- of that boot's CLOCK_BOOTTIME
) STRICT;

-- audit.erase entries whose payloads are not overwritten yet.
CREATE TABLE erasure (
	seq INTEGER PRIMARY KEY
) STRICT;

-- How far the chain was verified.
CREATE TABLE verification (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	seq INTEGER NOT NULL,          -- it holds through here
	hash BLOB NOT NULL,            -- that entry's entry_hash
	whole_at INTEGER NOT NULL,     -- the log was last read as a whole
	damage TEXT NOT NULL           -- what was found then; '' for nothing
) STRICT;
INSERT INTO verification VALUES (1, 0, zeroblob(32), 0, '');
