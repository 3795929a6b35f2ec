-- telemetry.db: what was measured, and alerts. Migrated, never rebuilt; readable
-- to the FastCGI programs. Times are microseconds since 1970 in UTC.

-- "KrxT": this file is ours.
PRAGMA application_id = 1265793108;

-- A figure each five seconds, for a day; figures are the numbers of figure.h.
CREATE TABLE samples (
	figure INTEGER NOT NULL,
	at INTEGER NOT NULL,
	value REAL NOT NULL,
	PRIMARY KEY (at, figure)       -- what is written together lies together
) STRICT, WITHOUT ROWID;

-- … and each minute, for thirty days.
CREATE TABLE minutes (
	figure INTEGER NOT NULL,
	at INTEGER NOT NULL,
	average REAL NOT NULL,
	minimum REAL NOT NULL,
	maximum REAL NOT NULL,
	PRIMARY KEY (figure, at)
) STRICT, WITHOUT ROWID;

-- How a service has been, for ninety days.
CREATE TABLE spans (
	service TEXT NOT NULL,
	status INTEGER NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	details TEXT NOT NULL,
	PRIMARY KEY (service, since)
) STRICT, WITHOUT ROWID;
