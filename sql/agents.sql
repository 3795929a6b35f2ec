-- name: agents_list
SELECT actor.type, actor.name, first_seen, last_seen, last_seq,
	capability.name, success, error, denied, pending, sessions
FROM actor
LEFT JOIN capability ON capability.id = actor.last_capability
WHERE actor.type = ?1 AND last_seq > 0
ORDER BY last_seen DESC, actor.id DESC
LIMIT ?2 OFFSET ?3;

-- name: agents_find
SELECT actor.type, actor.name, first_seen, last_seen, last_seq,
	capability.name, success, error, denied, pending, sessions
FROM actor
LEFT JOIN capability ON capability.id = actor.last_capability
WHERE actor.type = ?1 AND actor.name = ?2 AND last_seq > 0;

-- name: agents_count
SELECT count(*) FROM actor WHERE type = ?1 AND last_seq > 0;

-- name: agents_active
SELECT count(*) FROM actor WHERE type = 0 AND last_seen > ?1;

-- name: agents_sessions
SELECT coalesce(sum(sessions), 0) FROM actor WHERE type = 0;
