-- Statements of lib/store/accounts.c.

-- name: accounts_session
SELECT digest, account.name, role, NULL, id, signed_in.created_at,
	last_used_at, expires_at, idle_expires_at
FROM signed_in JOIN account ON account.name = account
WHERE digest = ?1;

-- name: accounts_token
SELECT digest, account.name, role, scope, id, token.created_at, last_used_at,
	expires_at, 0
FROM token JOIN account ON account.name = account
WHERE digest = ?1;

-- name: accounts_open_sessions
SELECT id, created_at, last_used_at, expires_at, idle_expires_at, address,
	user_agent
FROM signed_in
WHERE account = ?1 AND expires_at > ?2 AND idle_expires_at > ?2
ORDER BY last_used_at DESC, id
LIMIT ?3;
