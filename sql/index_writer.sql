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

-- name: index_writer_oldest
SELECT min(seq) FROM entry;

-- name: index_writer_drop_entries
DELETE FROM entry WHERE seq < ?1;

-- Ids rise with the log.
-- name: index_writer_old_file
SELECT id
FROM file
WHERE id < coalesce((SELECT file FROM entry ORDER BY seq LIMIT 1),
	9223372036854775807)
ORDER BY id
LIMIT 1;

-- name: index_writer_drop_file
DELETE FROM file WHERE id = ?1;

-- Those that no block has, nor an entry behind them (from ?1 on).
-- name: index_writer_drop_capabilities
DELETE FROM capability
WHERE NOT EXISTS (SELECT 1 FROM segment
		WHERE segment.id BETWEEN (2 << 60) | (capability.id << 28)
			AND (2 << 60) | (capability.id << 28) | 0xfffffff)
	AND NOT EXISTS (SELECT 1 FROM recent_segment
		WHERE recent_segment.id BETWEEN (2 << 60) | (capability.id << 28)
			AND (2 << 60) | (capability.id << 28) | 0xfffffff)
	AND id NOT IN (SELECT capability FROM entry WHERE seq >= ?1);

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
