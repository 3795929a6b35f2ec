-- When kruxos.db was held against the log last.
CREATE TABLE scrub (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	ended_at INTEGER NOT NULL      -- 0: never
) STRICT;
INSERT INTO scrub VALUES (1, 0);
