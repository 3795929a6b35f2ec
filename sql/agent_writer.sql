-- Statements of collectors/kruxosd/agent_writer.c.

-- name: agent_writer_each
SELECT name, purpose, digest, created_at, rotated_at, last_used_at, revoked_at
FROM agent ORDER BY name;

-- name: agent_writer_put
INSERT INTO agent (name, purpose, digest, created_at, rotated_at, last_used_at,
	revoked_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE SET purpose = ?2, digest = ?3, created_at = ?4,
	rotated_at = ?5, last_used_at = ?6, revoked_at = ?7;

-- name: agent_writer_touch
UPDATE agent SET last_used_at = ?2 WHERE name = ?1;
