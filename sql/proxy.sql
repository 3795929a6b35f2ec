-- Statements of lib/store/proxy.c.

-- name: proxy_begin
BEGIN;

-- name: proxy_end
COMMIT;

-- name: proxy_report
SELECT reported_at FROM proxy_report;

-- name: proxy_services_of
SELECT name, status, last_started_at, last_completed_at, consecutive_failures,
	last_error, items_synced
FROM proxy_services
ORDER BY place
LIMIT ?1;

-- name: proxy_writes_of
SELECT id, service, summary, agent_name, state, created_at, sends_at, attempts,
	last_error, action, decided_by, decided_at, decided_attempts
FROM proxy_writes
ORDER BY place
LIMIT ?1;

-- name: proxy_errors_of
SELECT at, service, write_id, error
FROM proxy_errors
ORDER BY place
LIMIT ?1;
