-- Statements of collectors/kruxosd/proxy_writer.c.

-- name: proxy_writer_report
INSERT OR REPLACE INTO proxy_report (id, reported_at) VALUES (1, ?1);

-- name: proxy_writer_clear_services
DELETE FROM proxy_services;

-- name: proxy_writer_clear_writes
DELETE FROM proxy_writes;

-- name: proxy_writer_add_service
INSERT INTO proxy_services (place, name, status, last_started_at,
	last_completed_at, consecutive_failures, last_error, items_synced)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: proxy_writer_add_write
INSERT INTO proxy_writes (place, id, service, summary, agent_name, state,
	created_at, sends_at, attempts, last_error, action, decided_by,
	decided_at, decided_attempts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14);

-- name: proxy_writer_clear_errors
DELETE FROM proxy_errors;

-- name: proxy_writer_add_error
INSERT INTO proxy_errors (place, at, service, write_id, error)
VALUES (?1, ?2, ?3, ?4, ?5);
