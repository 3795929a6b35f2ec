-- Statements of lib/store/alerts.c.

-- name: alerts_list
SELECT id, fingerprint, state, severity, rule, service, agent_name, title,
	message, context, count, first_seen, last_seen, resolved_at,
	acknowledged_by, acknowledged_at, note, seq
FROM alerts
WHERE last_seen >= ?1
ORDER BY state = 2, severity, last_seen DESC, id DESC
LIMIT ?2;

-- name: alerts_find
SELECT id, fingerprint, state, severity, rule, service, agent_name, title,
	message, context, count, first_seen, last_seen, resolved_at,
	acknowledged_by, acknowledged_at, note, seq
FROM alerts
WHERE id = ?1;

-- name: alerts_history
SELECT at, event, user_name, note
FROM alert_events
WHERE alert = ?1
ORDER BY id DESC
LIMIT ?2;

-- name: alerts_silences
SELECT id, matchers, author, reason, created_at, ends_at, until_resolved,
	ended_at
FROM silences
WHERE ended_at = 0 AND ends_at > ?1
ORDER BY id
LIMIT ?2;

-- name: alerts_counts
SELECT severity, state, count(*)
FROM alerts
WHERE state < 2
GROUP BY severity, state;

-- name: alerts_silence_counts
SELECT count(*), min(created_at)
FROM silences
WHERE ended_at = 0 AND ends_at > ?1;
