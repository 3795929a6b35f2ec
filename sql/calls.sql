-- name: calls_recent
SELECT seq
FROM recent_call
WHERE hash = ?1 AND seq BETWEEN ?2 AND ?3
ORDER BY seq DESC;

-- name: calls_bucket
SELECT calls FROM call WHERE id = ?1;

-- name: calls_blocks
SELECT first, recorded_at FROM block WHERE recorded_at >= ?1 ORDER BY first;

-- name: calls_of_block
SELECT calls FROM call WHERE id BETWEEN ?1 AND ?2;

-- name: calls_all_recent
SELECT hash FROM recent_call;
