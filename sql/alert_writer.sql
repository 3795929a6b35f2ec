-- Statements of collectors/kruxosd/alert_writer.c.

-- name: alert_writer_save
INSERT OR REPLACE INTO alerts (id, fingerprint, state, severity, rule, service,
	agent_name, title, message, context, count, first_seen, last_seen,
	resolved_at, acknowledged_by, acknowledged_at, note, seq)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
	?17, ?18);

-- name: alert_writer_delete
DELETE FROM alerts WHERE id = ?1;

-- name: alert_writer_add_event
INSERT INTO alert_events (alert, at, event, user_name, note)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: alert_writer_active
SELECT id, fingerprint, state, severity, rule, service, agent_name, title,
	message, context, count, first_seen, last_seen, resolved_at,
	acknowledged_by, acknowledged_at, note, seq
FROM alerts
WHERE state <> 2
ORDER BY id;

-- name: alert_writer_last_id
SELECT coalesce(max(id), 0) FROM alerts;

-- name: alert_writer_expire_events
DELETE FROM alert_events WHERE alert IN
	(SELECT id FROM alerts WHERE last_seen < ?1 AND state = 2);

-- name: alert_writer_expire
DELETE FROM alerts WHERE last_seen < ?1 AND state = 2;

-- name: alert_writer_erase
UPDATE alerts SET title = '(erased)', message = NULL, context = NULL
WHERE seq = ?1;

-- name: alert_writer_save_silence
INSERT OR REPLACE INTO silences (id, matchers, author, reason, created_at,
	ends_at, until_resolved, ended_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: alert_writer_end_silence
UPDATE silences SET ended_at = ?2 WHERE id = ?1;

-- name: alert_writer_silences
SELECT id, matchers, author, reason, created_at, ends_at, until_resolved,
	ended_at
FROM silences
WHERE ended_at = 0 AND ends_at > ?1
ORDER BY id
LIMIT ?2;

-- name: alert_writer_last_silence
SELECT coalesce(max(id), 0) FROM silences;
