-- name: segment_writer_add_segment
INSERT INTO segment VALUES (?1, ?2, ?3);

-- name: segment_writer_add_block
INSERT INTO block VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: segment_writer_add_recent_segment
INSERT INTO recent_segment VALUES (?1, ?2, ?3);

-- name: segment_writer_add_recent_block
INSERT INTO recent_block VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: segment_writer_add_calls
INSERT INTO call VALUES (?1, ?2);

-- name: segment_writer_add_recent_call
INSERT INTO recent_call VALUES (?1, ?2);

-- name: segment_writer_rows
SELECT seq, time, actor, capability, session, status, kind
FROM entry
WHERE seq >= ?1
ORDER BY seq;

-- name: segment_writer_recent_calls
SELECT seq, hash FROM recent_call;

-- name: segment_writer_clear_recent_segments
DELETE FROM recent_segment;

-- name: segment_writer_clear_recent_blocks
DELETE FROM recent_block;

-- name: segment_writer_clear_recent_calls
DELETE FROM recent_call;

-- name: segment_writer_clear_segments
DELETE FROM segment;

-- name: segment_writer_clear_blocks
DELETE FROM block;

-- name: segment_writer_clear_calls
DELETE FROM call;
