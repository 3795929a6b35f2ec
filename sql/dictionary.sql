-- name: dictionary_actor
SELECT id FROM actor WHERE type = ?1 AND name = ?2;

-- name: dictionary_capability
SELECT id FROM capability WHERE name = ?1;

-- name: dictionary_session
SELECT id FROM session WHERE name = ?1;

-- name: dictionary_capabilities
SELECT id, name FROM capability ORDER BY id;

-- name: dictionary_last_capability
SELECT ifnull(max(id), 0) FROM capability;

-- name: dictionary_actors
SELECT id, type, name FROM actor ORDER BY id;
