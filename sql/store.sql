-- name: store_begin
BEGIN;

-- name: store_end
COMMIT;

-- name: store_extent
SELECT generation, first_seq, last_seq, recent_seq, tail_seq
FROM extent
WHERE id = 1;

-- name: store_find
SELECT entry.seq, file.name, entry.offset, entry.payload
FROM entry
CROSS JOIN file ON file.id = entry.file
WHERE entry.seq BETWEEN ?1 AND ?2
ORDER BY entry.seq DESC;
