-- What collectors/kruxosd/scrub_block.c compares with the log.

-- name: scrub_block_rows
SELECT seq, time, file, offset, payload, actor, capability, session, status,
	kind, duration
FROM entry
WHERE seq BETWEEN ?1 AND ?2
ORDER BY seq;

-- name: scrub_block_segment
SELECT count, bits FROM segment WHERE id = ?1;

-- name: scrub_block_recent_segment
SELECT count, bits FROM recent_segment WHERE id = ?1;

-- name: scrub_block_block
SELECT count, times, min_time, max_time, recorded_at
FROM block
WHERE first = ?1;

-- name: scrub_block_recent_block
SELECT count, times, min_time, max_time, recorded_at
FROM recent_block
WHERE first = ?1;

-- name: scrub_block_calls
SELECT 0, calls FROM call WHERE id = ?1;

-- name: scrub_block_recorded_at
SELECT recorded_at FROM block WHERE first = ?1;

-- name: scrub_block_recent_recorded_at
SELECT recorded_at FROM recent_block WHERE first = ?1;

-- name: scrub_block_file
SELECT id FROM file WHERE name = ?1;

-- name: scrub_block_capability
SELECT id FROM capability WHERE name = ?1;

-- name: scrub_block_session
SELECT id FROM session WHERE name = ?1;

-- name: scrub_block_actor
SELECT id FROM actor WHERE type = ?2 AND name = ?1;
