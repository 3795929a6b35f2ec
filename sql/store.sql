-- name: store_begin
BEGIN;

-- name: store_end
COMMIT;

-- name: store_extent
SELECT generation, first_seq, last_seq, recent_seq, tail_seq
FROM extent
WHERE id = 1;

-- name: store_find
SELECT seq, file, offset, payload
FROM entry
WHERE seq BETWEEN ?1 AND ?2
ORDER BY seq DESC;

-- name: store_file
SELECT name FROM file WHERE id = ?1;
