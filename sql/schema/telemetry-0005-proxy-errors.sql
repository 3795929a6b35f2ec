-- What went wrong with the service proxy of late, the newest first.

CREATE TABLE proxy_errors (
	place INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,           -- when it was reported
	service TEXT NOT NULL,
	write_id TEXT,                 -- NULL: its sync
	error TEXT NOT NULL
) STRICT;
