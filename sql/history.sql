-- Statements of lib/store/history.c. ?1 a figure, ?2 and ?3 the range, ?4 the
-- width of a bucket.

-- name: history_samples
SELECT (at - ?2) / ?4, avg(value), min(value), max(value)
FROM samples
WHERE figure = ?1 AND at >= ?2 AND at < ?3
GROUP BY 1;

-- name: history_minutes
SELECT (at - ?2) / ?4, avg(average), min(minimum), max(maximum)
FROM minutes
WHERE figure = ?1 AND at >= ?2 AND at < ?3
GROUP BY 1;

-- name: history_spans_of
SELECT status, since, until, details
FROM spans
WHERE service = ?1 AND until >= ?2
ORDER BY since DESC
LIMIT ?3;
