-- name: search_rows
SELECT seq, time, actor, capability, session, status, kind
FROM entry
WHERE seq BETWEEN ?1 AND ?2
ORDER BY seq DESC;
