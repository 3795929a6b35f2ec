-- Statements of lib/store/outbox.c.

-- name: outbox_next
SELECT id, created_at, body FROM outbox AS waiting
WHERE channel = ?1 AND delivered_at = 0 AND due_at <= ?2
	AND NOT EXISTS (SELECT 1 FROM outbox AS before
		WHERE before.channel = waiting.channel
			AND before.group_key = waiting.group_key
			AND before.delivered_at = 0
			AND before.id < waiting.id)
ORDER BY attempts, id
LIMIT 1;

-- name: outbox_waiting
SELECT count(*), min(created_at) FROM outbox
WHERE channel = ?1 AND delivered_at = 0;

-- name: outbox_channel
SELECT delivered_at, failing_since, failed_at, last_error FROM channels
WHERE channel = ?1;
