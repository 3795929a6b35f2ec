-- name: approvals_list
SELECT seq, state, asker.type, asker.name, session.name, call_id,
	capability.name, asked_at, decided_seq, decided_at, decider.name
FROM approval
JOIN actor AS asker ON asker.id = approval.actor
JOIN capability ON capability.id = approval.capability
LEFT JOIN session ON session.id = approval.session
LEFT JOIN actor AS decider ON decider.id = approval.decided_by
WHERE seq < ?1 AND (?2 >> state) & 1
ORDER BY seq DESC
LIMIT ?3;

-- name: approvals_count
SELECT count(*) FROM approval WHERE state = ?1;

-- name: approvals_find
SELECT seq, state, asker.type, asker.name, session.name, call_id,
	capability.name, asked_at, decided_seq, decided_at, decider.name
FROM approval
JOIN actor AS asker ON asker.id = approval.actor
JOIN capability ON capability.id = approval.capability
LEFT JOIN session ON session.id = approval.session
LEFT JOIN actor AS decider ON decider.id = approval.decided_by
WHERE seq = ?1;

-- The oldest by its place in the log: times are the producers' own.
-- name: approvals_oldest
SELECT asked_at FROM approval WHERE state = ?1 ORDER BY seq LIMIT 1;
