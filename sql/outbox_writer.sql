-- Statements of collectors/kruxosd/outbox_writer.c.

-- name: outbox_writer_put
INSERT INTO outbox (channel, group_key, is_repeat, is_test, body, created_at,
	attempts, due_at, last_error, delivered_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?6, NULL, 0);

-- name: outbox_writer_supersede
UPDATE outbox SET body = ?3, created_at = ?4
WHERE id = (SELECT max(id) FROM outbox
		WHERE channel = ?1 AND group_key = ?2 AND delivered_at = 0)
	AND is_repeat >= ?5;

-- name: outbox_writer_count
SELECT count(*) FROM outbox;

-- name: outbox_writer_make_room
DELETE FROM outbox WHERE id IN
	(SELECT id FROM outbox
		ORDER BY delivered_at = 0, is_repeat = 0, id
		LIMIT ?1);

-- name: outbox_writer_find
SELECT channel, is_repeat, is_test, attempts FROM outbox
WHERE id = ?1 AND delivered_at = 0;

-- name: outbox_writer_remove
DELETE FROM outbox WHERE id = ?1;

-- name: outbox_writer_delivered
UPDATE outbox SET delivered_at = ?2, attempts = attempts + 1,
	last_error = NULL
WHERE id = ?1;

-- name: outbox_writer_failed
UPDATE outbox SET due_at = ?2, attempts = attempts + 1, last_error = ?3
WHERE id = ?1;

-- name: outbox_writer_hurry
UPDATE outbox SET due_at = ?2
WHERE channel = ?1 AND delivered_at = 0 AND attempts > 0 AND due_at > ?2
	AND EXISTS (SELECT 1 FROM channels
		WHERE channel = ?1 AND failed_at > delivered_at);

-- name: outbox_writer_channel_delivered
INSERT INTO channels (channel, delivered_at, failing_since, failed_at,
	last_error)
VALUES (?1, ?2, 0, 0, NULL)
ON CONFLICT (channel) DO UPDATE SET delivered_at = ?2,
	failing_since = iif(EXISTS (SELECT 1 FROM outbox
		WHERE channel = ?1 AND delivered_at = 0 AND attempts > 0),
		failing_since, 0);

-- name: outbox_writer_channel_failed
INSERT INTO channels (channel, delivered_at, failing_since, failed_at,
	last_error)
VALUES (?1, 0, ?2, ?2, ?3)
ON CONFLICT (channel) DO UPDATE SET failed_at = ?2, last_error = ?3,
	failing_since = iif(failing_since = 0, ?2, failing_since);

-- name: outbox_writer_is_failing
SELECT failing_since FROM channels WHERE channel = ?1;

-- name: outbox_writer_expire
DELETE FROM outbox WHERE delivered_at <> 0 AND delivered_at < ?1;

-- name: outbox_writer_give_up
DELETE FROM outbox WHERE delivered_at = 0 AND created_at < ?1;

-- name: outbox_writer_drop_tests
DELETE FROM outbox WHERE is_test = 1;

-- name: outbox_writer_tell
INSERT OR REPLACE INTO told (channel, alert, at) VALUES (?1, ?2, ?3);

-- name: outbox_writer_forget
DELETE FROM told WHERE channel = ?1 AND alert = ?2;

-- name: outbox_writer_drop_untold
DELETE FROM told WHERE alert NOT IN (SELECT id FROM alerts);

-- name: outbox_writer_told
SELECT a.id, fingerprint, state, severity, rule, service, agent_name, title,
	message, context, count, first_seen, last_seen, resolved_at,
	acknowledged_by, acknowledged_at, note, seq, told.channel, told.at
FROM told JOIN alerts AS a ON a.id = told.alert
ORDER BY told.channel, a.id;

-- name: outbox_writer_channels
SELECT channel FROM outbox UNION SELECT channel FROM told
UNION SELECT channel FROM channels;

-- name: outbox_writer_drop_notices
DELETE FROM outbox WHERE channel = ?1;

-- name: outbox_writer_drop_told
DELETE FROM told WHERE channel = ?1;

-- name: outbox_writer_drop_channel
DELETE FROM channels WHERE channel = ?1;

-- name: outbox_writer_erase_sent
DELETE FROM outbox WHERE delivered_at <> 0 AND instr(body, ?1) > 0;

-- name: outbox_writer_find_words
SELECT id, body FROM outbox
WHERE id > ?1 AND instr(body, ?2) > 0
ORDER BY id
LIMIT 1;

-- name: outbox_writer_set_body
UPDATE outbox SET body = ?2 WHERE id = ?1;
