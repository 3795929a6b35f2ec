-- What collectors/kruxosd/scrub_pass.c asks: each question is a snapshot of
-- its own, and a short one.

-- name: scrub_pass_extent
SELECT generation, first_seq, last_seq, recent_seq, tail_seq,
	(SELECT min(seq) FROM entry) < first_seq
		OR (SELECT min(id) FROM file)
			IS NOT (SELECT file FROM entry ORDER BY seq LIMIT 1),
	-- Rows end where it says, and a file begins where it says.
	(SELECT max(seq) FROM entry) <> last_seq
		OR (SELECT file FROM entry WHERE seq = first_seq - 1)
			= (SELECT file FROM entry WHERE seq = first_seq)
FROM extent
WHERE id = 1;

-- name: scrub_pass_tables
SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name;

-- name: scrub_pass_integrity_check
SELECT integrity_check FROM pragma_integrity_check(?1);

-- name: scrub_pass_quick_check
SELECT quick_check FROM pragma_quick_check(?1);

-- Segments of the blocks ?2 to ?3, among the next ?4 from the id ?1 on.
-- name: scrub_pass_count_segments
SELECT count(*), max(id),
	coalesce(sum((id & 0xfffffff) BETWEEN ?2 AND ?3), 0)
FROM (SELECT id FROM segment WHERE id >= ?1 ORDER BY id LIMIT ?4);

-- Actors among the next ?2 behind the id ?1 whose sums are not those of their
-- shares.
-- name: scrub_pass_actors
SELECT count(*), max(id), coalesce(sum((
	SELECT (min(share.first_seen), max(share.last_seen),
			max(share.last_seq), sum(share.success),
			sum(share.error), sum(share.denied),
			sum(share.pending), sum(share.sessions))
		IS NOT (a.first_seen, a.last_seen, a.last_seq, a.success,
			a.error, a.denied, a.pending, a.sessions)
		OR a.last_capability IS NOT
			(SELECT capability FROM entry WHERE seq = a.last_seq)
	FROM file CROSS JOIN share
	WHERE share.file = file.id AND share.session = 0
		AND share.actor = a.id)), 0)
FROM (SELECT * FROM actor WHERE id > ?1 ORDER BY id LIMIT ?2) AS a;

-- The same for sessions, by their first seq; they lie in a file or two.
-- name: scrub_pass_sessions
SELECT count(*), max(first_seq), coalesce(sum((
	SELECT (min(share.first_seen), max(share.last_seen),
			min(share.first_seq), max(share.last_seq),
			sum(share.success), sum(share.error),
			sum(share.denied), sum(share.pending))
		IS NOT (s.first_seen, s.last_seen, s.first_seq, s.last_seq,
			s.success, s.error, s.denied, s.pending)
		OR s.last_capability IS NOT
			(SELECT capability FROM entry WHERE seq = s.last_seq)
		OR (count(*) = 1
			AND (max(share.started_at), max(share.ended_at))
			IS NOT (s.started_at, s.ended_at))
	FROM file CROSS JOIN share
	WHERE file.id BETWEEN (SELECT file FROM entry WHERE seq = s.first_seq)
			AND (SELECT file FROM entry WHERE seq = s.last_seq)
		AND share.file = file.id AND share.session = s.session
		AND share.actor = s.actor)), 0)
FROM (SELECT * FROM session_use WHERE first_seq > ?1
	ORDER BY first_seq LIMIT ?2) AS s;

-- Approvals that are not of their entry, or were decided by somebody else than
-- the entry says that decided.
-- name: scrub_pass_approvals
SELECT count(*), max(seq), coalesce(sum(
	(a.actor, a.session, a.capability, a.asked_at) IS NOT
		(SELECT actor, session, capability, time FROM entry
		WHERE entry.seq = a.seq)
	OR (a.state = 0) IS NOT (a.decided_seq = 0)
	OR (a.decided_seq != 0 AND a.decided_at IS NOT
		(SELECT time FROM entry WHERE entry.seq = a.decided_seq))
	OR (a.decided_by != 0 AND a.decided_by IS NOT
		(SELECT actor FROM entry WHERE entry.seq = a.decided_seq))), 0)
FROM (SELECT * FROM approval WHERE seq > ?1 ORDER BY seq LIMIT ?2) AS a;
