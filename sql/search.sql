-- name: search_rows
SELECT seq, time, actor, capability, session, status, kind
FROM entry
WHERE seq BETWEEN ?1 AND ?2
ORDER BY seq DESC;

-- name: search_tail
SELECT seq, time, actor, capability, session, status, kind
FROM entry
WHERE seq > ?1
ORDER BY seq;

-- name: search_time
SELECT time FROM entry WHERE seq = ?1;

-- name: search_blocks
SELECT first, count, min_time, max_time, recorded_at
FROM block
WHERE first BETWEEN ?1 AND ?2
ORDER BY first DESC
LIMIT ?3;

-- name: search_counts
SELECT id, count FROM segment WHERE id BETWEEN ?1 AND ?2;

-- name: search_bits
SELECT count, bits FROM segment WHERE id = ?1;

-- name: search_times
SELECT times FROM block WHERE first = ?1;

-- name: search_recent_blocks
SELECT first, count, min_time, max_time, recorded_at
FROM recent_block
WHERE first BETWEEN ?1 AND ?2
ORDER BY first DESC
LIMIT ?3;

-- name: search_recent_counts
SELECT id, count FROM recent_segment WHERE id BETWEEN ?1 AND ?2;

-- name: search_recent_bits
SELECT count, bits FROM recent_segment WHERE id = ?1;

-- name: search_recent_times
SELECT times FROM recent_block WHERE first = ?1;

-- name: search_count
SELECT count FROM segment WHERE id = ?1;

-- name: search_recent_count
SELECT count FROM recent_segment WHERE id = ?1;
