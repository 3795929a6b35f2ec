-- name: sessions_find
SELECT session.name, actor.type, actor.name, started_at, ended_at,
	session_use.first_seen, session_use.last_seen, first_seq,
	session_use.last_seq, capability.name,
	session_use.success, session_use.error, session_use.denied,
	session_use.pending
FROM session
JOIN session_use ON session_use.session = session.id
JOIN actor ON actor.id = session_use.actor
LEFT JOIN capability ON capability.id = session_use.last_capability
WHERE session.name = ?1
ORDER BY first_seq DESC;

-- name: sessions_list
SELECT session.name, actor.type, actor.name, started_at, ended_at,
	session_use.first_seen, session_use.last_seen, first_seq,
	session_use.last_seq, capability.name,
	session_use.success, session_use.error, session_use.denied,
	session_use.pending
FROM session_use
JOIN session ON session.id = session_use.session
JOIN actor ON actor.id = session_use.actor
LEFT JOIN capability ON capability.id = session_use.last_capability
WHERE first_seq < ?1
ORDER BY first_seq DESC
LIMIT ?2;

-- name: sessions_list_of
SELECT session.name, actor.type, actor.name, started_at, ended_at,
	session_use.first_seen, session_use.last_seen, first_seq,
	session_use.last_seq, capability.name,
	session_use.success, session_use.error, session_use.denied,
	session_use.pending
FROM session_use
JOIN session ON session.id = session_use.session
JOIN actor ON actor.id = session_use.actor
LEFT JOIN capability ON capability.id = session_use.last_capability
WHERE first_seq < ?1 AND session_use.actor = ?3
ORDER BY first_seq DESC
LIMIT ?2;
