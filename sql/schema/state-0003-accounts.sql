-- Who may sign in, who has, and by which secrets. Of a secret only the SHA-256
-- is kept, of a password what crypt(5) makes of it.
CREATE TABLE account (
	name TEXT PRIMARY KEY,
	role TEXT NOT NULL,            -- account.h
	password TEXT NOT NULL,        -- crypt(5); '': there is none
	created_at INTEGER NOT NULL,
	signed_in_at INTEGER NOT NULL  -- last; 0: never
) STRICT, WITHOUT ROWID;

CREATE TABLE signed_in (               -- sign-in sessions
	digest BLOB PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,       -- what it goes by in the open
	account TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	idle_expires_at INTEGER NOT NULL,
	address TEXT NOT NULL,         -- from where; '': not known
	user_agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signed_in_account ON signed_in (account);

CREATE TABLE sign_in_link (            -- each good for one sign-in
	digest BLOB PRIMARY KEY,
	account TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
	digest BLOB PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	account TEXT NOT NULL,
	label TEXT NOT NULL,
	scope TEXT NOT NULL,           -- account.h
	created_at INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL, -- 0: never
	expires_at INTEGER NOT NULL    -- 0: never
) STRICT, WITHOUT ROWID;
CREATE INDEX token_account ON token (account);

-- Entries about what was changed here, in one transaction with the change,
-- until the log holds them.
CREATE TABLE owed_entry (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	uid INTEGER NOT NULL,          -- who asked, by the kernel
	source TEXT NOT NULL,
	user_name TEXT NOT NULL,       -- '': of the system
	capability TEXT NOT NULL,
	request TEXT NOT NULL          -- a JSON object
) STRICT;
