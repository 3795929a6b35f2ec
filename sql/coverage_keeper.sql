-- Statements of collectors/kruxosd/coverage_keeper.c.

-- name: coverage_keeper_add
INSERT INTO coverage (session, by_hook, by_telemetry, both, unnamed, denied,
	missing, sequence, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, x'', ?7)
ON CONFLICT (session) DO UPDATE
SET by_hook = by_hook + ?2, by_telemetry = by_telemetry + ?3,
	both = both + ?4, unnamed = unnamed + ?5,
	denied = max(0, denied + ?6), seen_at = max(seen_at, ?7);

-- name: coverage_keeper_sequence
SELECT sequence FROM coverage WHERE session = ?1;

-- name: coverage_keeper_set_sequence
UPDATE coverage SET sequence = ?2, missing = ?3 WHERE session = ?1;

-- name: coverage_keeper_oldest_kept
SELECT seen_at FROM coverage INDEXED BY coverage_seen
ORDER BY seen_at DESC
LIMIT 1 OFFSET ?1;

-- name: coverage_keeper_forget
DELETE FROM coverage WHERE seen_at <= ?1;
