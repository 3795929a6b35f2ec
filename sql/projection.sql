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

-- name: projection_clear_approvals
DELETE FROM approval;
