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
WHERE seq BETWEEN ?1 AND ?2
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

-- name: segment_writer_calls
SELECT id, calls FROM call WHERE id BETWEEN ?1 AND ?2;

-- name: segment_writer_block_recorded_at
SELECT recorded_at FROM block WHERE first = ?1;

-- name: segment_writer_recent_recorded_at
SELECT recorded_at FROM recent_block WHERE first = ?1;

-- The segments of block ?1 are those of the values of its rows, ?2 to ?3.
-- name: segment_writer_drop_segments
DELETE FROM segment WHERE id IN (
	SELECT (0 << 60) | ((kind >> 6) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (1 << 60) | (actor << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (2 << 60) | (capability << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (3 << 60) | (session << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (4 << 60) | (status << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (5 << 60) | ((kind >> 3 & 7) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (6 << 60) | ((kind & 7) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3);

-- name: segment_writer_drop_recent_segments
DELETE FROM recent_segment WHERE id IN (
	SELECT (0 << 60) | ((kind >> 6) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (1 << 60) | (actor << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (2 << 60) | (capability << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (3 << 60) | (session << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (4 << 60) | (status << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (5 << 60) | ((kind >> 3 & 7) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3
	UNION SELECT (6 << 60) | ((kind & 7) << 28) | ?1
	FROM entry WHERE seq BETWEEN ?2 AND ?3);

-- name: segment_writer_drop_block
DELETE FROM block WHERE first BETWEEN ?2 AND ?3;

-- name: segment_writer_drop_recent_block
DELETE FROM recent_block WHERE first BETWEEN ?2 AND ?3;

-- name: segment_writer_drop_calls
DELETE FROM call WHERE id BETWEEN ?2 AND ?3;

-- name: segment_writer_drop_recent_calls
DELETE FROM recent_call WHERE seq < ?3;
