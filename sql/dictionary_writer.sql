-- name: dictionary_writer_find_file
SELECT id FROM file WHERE name = ?1;

-- name: dictionary_writer_add_file
INSERT INTO file (name) VALUES (?1) RETURNING id;

-- name: dictionary_writer_find_capability
SELECT id FROM capability WHERE name = ?1;

-- name: dictionary_writer_add_capability
INSERT INTO capability (name) VALUES (?1) RETURNING id;

-- name: dictionary_writer_find_session
SELECT id FROM session WHERE name = ?1;

-- name: dictionary_writer_add_session
INSERT INTO session (name) VALUES (?1) RETURNING id;

-- name: dictionary_writer_find_actor
SELECT id FROM actor WHERE name = ?1 AND type = ?2;

-- name: dictionary_writer_add_actor
INSERT INTO actor (name, type) VALUES (?1, ?2) RETURNING id;
