-- Statements of collectors/kruxosd/state_writer_owed.c.

-- name: state_writer_owe
INSERT INTO owed_entry (at, uid, source, user_name, capability, request,
	agent_name, session_id, call_id, parent_call_id, trace_id,
	policy_tier, decided_by, status)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14);

-- name: state_writer_owed
SELECT id FROM owed_entry ORDER BY id LIMIT ?1;

-- name: state_writer_owed_entry
SELECT at, uid, source, user_name, capability, request, agent_name, session_id,
	call_id, parent_call_id, trace_id, policy_tier, decided_by, status
FROM owed_entry WHERE id = ?1;

-- name: state_writer_settle
DELETE FROM owed_entry WHERE id = ?1;
