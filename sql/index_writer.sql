-- name: index_writer_begin
BEGIN IMMEDIATE;

-- name: index_writer_commit
COMMIT;

-- name: index_writer_rollback
ROLLBACK;

-- name: index_writer_extent
SELECT generation, first_seq, last_seq, last_hash, recent_seq, tail_seq
FROM extent
WHERE id = 1;

-- name: index_writer_set_extent
UPDATE extent
SET generation = ?1, first_seq = ?2, last_seq = ?3, last_hash = ?4,
	recent_seq = ?5, tail_seq = ?6
WHERE id = 1;

-- name: index_writer_add_entry
INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: index_writer_clear_entries
DELETE FROM entry;

-- name: index_writer_clear_files
DELETE FROM file;

-- name: index_writer_clear_capabilities
DELETE FROM capability;

-- name: index_writer_clear_actors
DELETE FROM actor;

-- name: index_writer_clear_sessions
DELETE FROM session;
