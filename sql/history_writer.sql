-- Statements of collectors/kruxosd/history_writer.c.

-- name: history_writer_sample
INSERT OR REPLACE INTO samples (at, figure, value) VALUES (?1, ?2, ?3);

-- The minute from ?1 to ?2, made of its samples.
-- name: history_writer_minute
INSERT OR REPLACE INTO minutes (figure, at, average, minimum, maximum)
SELECT figure, ?1, avg(value), min(value), max(value)
FROM samples
WHERE at >= ?1 AND at < ?2
GROUP BY figure;

-- name: history_writer_span
INSERT OR REPLACE INTO spans (service, status, since, until, details)
VALUES (?1, ?2, ?3, ?4, ?5);

-- name: history_writer_last
SELECT coalesce(max(at), 0) FROM samples;

-- name: history_writer_expire_samples
DELETE FROM samples WHERE at < ?1;

-- name: history_writer_expire_minutes
DELETE FROM minutes WHERE figure = ?1 AND at < ?2;

-- name: history_writer_expire_spans
DELETE FROM spans WHERE until < ?1;
