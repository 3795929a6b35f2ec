-- name: store_begin
BEGIN;

-- name: store_end
COMMIT;

-- name: store_extent
SELECT generation, first_seq, last_seq, recent_seq, tail_seq
FROM extent
WHERE id = 1;

-- name: store_find
SELECT file.name, entry.offset, entry.payload
FROM entry
JOIN file ON file.id = entry.file
WHERE entry.seq = ?1;
