-- Statements of collectors/kruxosd/account_writer.c.

-- name: account_writer_find
SELECT name, role, password, created_at, signed_in_at
FROM account WHERE name = ?1;

-- name: account_writer_put
INSERT INTO account (name, role, password, created_at, signed_in_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (name) DO UPDATE SET role = ?2, password = ?3, signed_in_at = ?5;

-- name: account_writer_remove
DELETE FROM account WHERE name = ?1;

-- name: account_writer_remove_links
DELETE FROM sign_in_link WHERE account = ?1;

-- name: account_writer_remove_tokens
DELETE FROM token WHERE account = ?1
RETURNING id;

-- name: account_writer_count
SELECT count(*) FROM account;

-- name: account_writer_list
SELECT name, role, password <> '', created_at, signed_in_at,
	(SELECT count(*) FROM signed_in WHERE account = name
		AND expires_at > ?1 AND idle_expires_at > ?1)
FROM account ORDER BY name;

-- name: account_writer_add_session
INSERT INTO signed_in (digest, id, account, created_at, last_used_at,
	expires_at, idle_expires_at, address, user_agent)
VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8);

-- name: account_writer_touch_session
UPDATE signed_in SET last_used_at = ?2, idle_expires_at = ?3 WHERE id = ?1;

-- name: account_writer_end_sessions
DELETE FROM signed_in WHERE account = ?1 AND (?2 IS NULL OR id = ?2)
RETURNING id;

-- name: account_writer_end_beyond
DELETE FROM signed_in WHERE id IN (
	SELECT id FROM signed_in WHERE account = ?1
	ORDER BY last_used_at DESC, id LIMIT -1 OFFSET ?2)
RETURNING id;

-- name: account_writer_over
SELECT id, account, expires_at <= ?1 OR created_at > ?2 FROM signed_in
WHERE expires_at <= ?1 OR idle_expires_at <= ?1 OR created_at > ?2
LIMIT 1;

-- name: account_writer_add_link
INSERT INTO sign_in_link (digest, account, expires_at) VALUES (?1, ?2, ?3);

-- name: account_writer_drop_links
DELETE FROM sign_in_link WHERE expires_at <= ?1;

-- name: account_writer_count_links
SELECT count(*) FROM sign_in_link WHERE account = ?1;

-- name: account_writer_take_link
DELETE FROM sign_in_link WHERE digest = ?1 AND expires_at > ?2
RETURNING account;

-- name: account_writer_add_token
INSERT INTO token (digest, id, account, label, scope, created_at,
	last_used_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7);

-- name: account_writer_touch_token
UPDATE token SET last_used_at = ?2 WHERE id = ?1;

-- name: account_writer_remove_token
DELETE FROM token WHERE id = ?1 AND (?2 IS NULL OR account = ?2)
RETURNING account, label;

-- name: account_writer_count_tokens
SELECT count(*) FROM token WHERE account = ?1;

-- name: account_writer_list_tokens
SELECT id, account, label, scope, created_at, last_used_at, expires_at
FROM token WHERE ?1 IS NULL OR account = ?1
ORDER BY created_at, id;
