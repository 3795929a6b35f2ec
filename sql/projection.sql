-- name: projection_add_to_actor
UPDATE actor
SET first_seen = CASE WHEN last_seq = 0 THEN ?2 ELSE min(first_seen, ?2) END,
	last_seen = max(last_seen, ?3),
	last_seq = ?4, last_capability = ?5,
	success = success + ?6, error = error + ?7,
	denied = denied + ?8, pending = pending + ?9,
	sessions = sessions + ?10
WHERE id = ?1;

-- name: projection_add_to_session
INSERT INTO session_use VALUES
	(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (session, actor) DO UPDATE
SET started_at = CASE WHEN ?3 != 0 THEN ?3 ELSE started_at END,
	ended_at = CASE WHEN ?4 != 0 THEN ?4 WHEN ?3 != 0 THEN 0
		ELSE ended_at END,
	first_seen = min(first_seen, ?5), last_seen = max(last_seen, ?6),
	last_seq = ?8, last_capability = ?9,
	success = success + ?10, error = error + ?11,
	denied = denied + ?12, pending = pending + ?13;

-- name: projection_add_to_share
INSERT INTO share VALUES
	(?14, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?15)
ON CONFLICT (file, session, actor) DO UPDATE
SET started_at = CASE WHEN ?3 != 0 THEN ?3 ELSE started_at END,
	ended_at = CASE WHEN ?4 != 0 THEN ?4 WHEN ?3 != 0 THEN 0
		ELSE ended_at END,
	first_seen = min(first_seen, ?5), last_seen = max(last_seen, ?6),
	last_seq = ?8, last_capability = ?9,
	success = success + ?10, error = error + ?11,
	denied = denied + ?12, pending = pending + ?13,
	sessions = sessions + ?15;

-- name: projection_shares_of_file
SELECT session, actor FROM share WHERE file = ?1 LIMIT ?2;

-- name: projection_drop_share
DELETE FROM share WHERE file = ?1 AND session = ?2 AND actor = ?3;

-- Of all files, one look each: no index by session is kept for this.
-- name: projection_shares_left
SELECT started_at, ended_at, first_seen, last_seen, first_seq, last_seq,
	last_capability, success, error, denied, pending, sessions
FROM file CROSS JOIN share
WHERE share.file = file.id AND session = ?1 AND actor = ?2
	AND last_seq >= ?3
ORDER BY file.id;

-- name: projection_empty_actor
UPDATE actor
SET first_seen = 0, last_seen = 0, last_seq = 0, last_capability = 0,
	success = 0, error = 0, denied = 0, pending = 0, sessions = 0
WHERE id = ?1;

-- name: projection_drop_actor
DELETE FROM actor WHERE id = ?1 AND last_seq = 0;

-- name: projection_drop_session
DELETE FROM session_use WHERE session = ?1 AND actor = ?2;

-- name: projection_drop_session_name
DELETE FROM session
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM session_use WHERE session = ?1);

-- name: projection_drop_approvals
DELETE FROM approval WHERE seq < ?1;

-- name: projection_add_approval
INSERT INTO approval (seq, state, actor, session, call_id, capability, asked_at)
VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6);

-- name: projection_find_open
SELECT seq
FROM approval INDEXED BY approval_open
WHERE call_id = ?1 AND state = 0 AND session = ?2
	AND (?3 = 0 OR actor = ?3)
ORDER BY seq DESC
LIMIT 1;

-- name: projection_decide
UPDATE approval
SET state = ?2, decided_seq = ?3, decided_at = ?4, decided_by = ?5
WHERE seq = ?1;

-- name: projection_open_calls
SELECT call_id FROM approval WHERE state = 0;

-- name: projection_clear_sessions
DELETE FROM session_use;

-- name: projection_clear_shares
DELETE FROM share;

-- name: projection_clear_approvals
DELETE FROM approval;
