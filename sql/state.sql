-- Statements of collectors/kruxosd/state.c.

-- name: state_quick_check
PRAGMA quick_check(1);

-- name: state_removed
SELECT through_seq, files, bytes, entries, agent_entries, sessions,
	evaluations, errors, denied
FROM removed;

-- name: state_set_removed
UPDATE removed SET through_seq = ?1, files = ?2, bytes = ?3, entries = ?4,
	agent_entries = ?5, sessions = ?6, evaluations = ?7, errors = ?8,
	denied = ?9;

-- name: state_removals_since
SELECT count(*) FROM removal WHERE boot = ?1 AND at > ?2;

-- name: state_add_removal
INSERT INTO removal (boot, at) VALUES (?1, ?2);

-- name: state_drop_removals
DELETE FROM removal WHERE boot <> ?1 OR at <= ?2;

-- name: state_pending_erasures
SELECT seq FROM erasure ORDER BY seq LIMIT ?1;

-- name: state_add_erasure
INSERT OR IGNORE INTO erasure (seq) VALUES (?1);

-- name: state_end_erasure
DELETE FROM erasure WHERE seq = ?1;

-- name: state_end_sessions
DELETE FROM signed_in;

-- name: state_end_links
DELETE FROM sign_in_link;

-- name: state_scrubbed
SELECT ended_at FROM scrub;

-- name: state_set_scrubbed
UPDATE scrub SET ended_at = ?1;

-- name: state_verification
SELECT seq, hash, whole_at, damage FROM verification;

-- name: state_set_verification
UPDATE verification SET seq = ?1, hash = ?2, whole_at = ?3, damage = ?4;
