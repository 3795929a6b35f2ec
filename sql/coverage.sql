-- Statements of lib/store/coverage.c.

-- name: coverage_of_session
SELECT by_hook, by_telemetry, both, unnamed, denied, missing, seen_at
FROM coverage
WHERE session = ?1;

-- name: coverage_since
SELECT by_hook, by_telemetry, both, unnamed, denied, missing, seen_at
FROM coverage INDEXED BY coverage_seen
WHERE seen_at >= ?1;
