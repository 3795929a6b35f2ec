-- Statements of collectors/kruxosd/approval_writer.c.

-- name: approval_writer_add
INSERT INTO approval (id, agent, capability, digest, request, session_id,
	state, asked_at, decided_at, decided_by, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, '', '');

-- name: approval_writer_count
SELECT count(*) FROM approval;

-- name: approval_writer_count_of_agent
SELECT count(*) FROM approval WHERE agent = ?1;

-- name: approval_writer_give_way
DELETE FROM approval
WHERE (SELECT count(*) FROM approval WHERE agent = ?1) >= ?2 AND id = (
	SELECT id FROM approval WHERE agent = ?1 AND state = 2
	ORDER BY decided_at, rowid LIMIT 1);

-- name: approval_writer_find
SELECT id, agent, capability, session_id, request, state, asked_at, decided_at,
	decided_by, reason
FROM approval WHERE id = ?1;

-- What was decided comes before what still waits.
-- name: approval_writer_find_call
SELECT id, agent, capability, session_id, request, state, asked_at, decided_at,
	decided_by, reason
FROM approval
WHERE agent = ?1 AND capability = ?2 AND digest = ?3 AND state <> 3
ORDER BY state = 0, rowid
LIMIT 1;

-- name: approval_writer_find_over
SELECT id, agent, capability, session_id, request, state, asked_at, decided_at,
	decided_by, reason
FROM approval
WHERE CASE state WHEN 0 THEN asked_at ELSE decided_at END
	NOT BETWEEN CASE state WHEN 0 THEN ?1 ELSE ?2 END AND ?3
LIMIT 1;

-- name: approval_writer_list
SELECT id, agent, capability, session_id, request, state, asked_at, decided_at,
	decided_by, reason
FROM approval
WHERE (?1 >> state) & 1
ORDER BY asked_at, rowid;

-- name: approval_writer_set_state
UPDATE approval SET state = ?2 WHERE id = ?1;

-- name: approval_writer_decide
UPDATE approval SET state = ?2, decided_at = ?3, decided_by = ?4, reason = ?5
WHERE id = ?1;

-- Long ago: their time is over.
-- name: approval_writer_end_of_agent
UPDATE approval SET asked_at = 0, decided_at = 0 WHERE agent = ?1;

-- name: approval_writer_remove
DELETE FROM approval WHERE id = ?1;
