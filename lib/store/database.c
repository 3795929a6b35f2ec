#include "store/database.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	/* Of the write-ahead log, in pages: when to take it back, and when it
	 * is worth waiting for readers. */
	CHECKPOINT_PAGES = (4 << 20) / PAGE_BYTES,
	RESTART_PAGES = (64 << 20) / PAGE_BYTES,
	/* No reader of ours holds a snapshot longer. */
	BUSY_MS = 1000,
	/* As long as another writer of ours takes for what it writes. */
	MOMENT_MS = 25,
};

struct database {
	sqlite3 *handle;
	int log_pages; /* in the write-ahead log, by the last commit */
	/* A writer's -wal and -shm, as they were found first; 0: not yet. */
	ino_t companions[2];
	bool is_writer;
};

static const struct {
	int flags;
	int busy_ms;
	int cache_kib;
	const char *pragmas;
} uses[] = {
	[DATABASE_READ] = { SQLITE_OPEN_READONLY, BUSY_MS, 2048,
	    "PRAGMA query_only = 1" },
	[DATABASE_READ_NOW] = { SQLITE_OPEN_READONLY, 0, 2048,
	    "PRAGMA query_only = 1" },
	[DATABASE_WRITE] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    BUSY_MS, 1024,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA secure_delete = 1" },
	[DATABASE_WRITE_NOW] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    MOMENT_MS, 1024,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA secure_delete = 1" },
	/* NORMAL: a power cut takes the last commits back, in their order. OFF
	 * would damage the file. Debian's SQLite overwrites what is deleted,
	 * if not told otherwise: emptying a large index would write all of it
	 * into the write-ahead log. */
	[DATABASE_WRITE_LATER] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    BUSY_MS, 8192,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	    "PRAGMA secure_delete = 0" },
};

sqlite3 *
database_handle(struct database *database)
{
	return database->handle;
}

/* SQLite notices nothing of another -wal or -shm under the path. */
static bool
are_companions_there(struct database *database)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	const char *path = sqlite3_db_filename(database->handle, "main");
	bool are_there = true;

	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_free) struct buf name = BUF_INIT;
		ino_t *known = &database->companions[i];
		struct stat found;

		buf_addf(&name, "%s%s", path, suffixes[i]);
		if (lstat(name.data, &found) == -1)
			found.st_ino = 0;
		if (*known == 0)
			*known = found.st_ino;
		are_there = are_there && *known == found.st_ino;
	}
	return are_there;
}

bool
database_is_there(struct database *database)
{
	int has_moved = 0;

	return sqlite3_file_control(database->handle, "main",
		   SQLITE_FCNTL_HAS_MOVED, &has_moved) == SQLITE_OK &&
	       has_moved == 0 &&
	       (!database->is_writer || are_companions_there(database));
}

int
database_error(struct database *database, const char *what, struct error *err)
{
	sqlite3 *handle = database->handle;
	const char *words = sqlite3_errmsg(handle);

	switch (sqlite3_errcode(handle)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a table that should be there is not */
		return error_set(err, ERROR_CORRUPT, "%s: %s", what, words);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT:
		return error_set(err, ERROR_BUSY, "%s: %s", what, words);
	case SQLITE_NOMEM:
		memory_end(0);
	case SQLITE_FULL:
		errno = ENOSPC;
		break;
	case SQLITE_READONLY:
		errno = EROFS;
		break;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		errno = EACCES;
		break;
	default: /* SQLITE_IOERR, SQLITE_CANTOPEN, … */
		errno = sqlite3_system_errno(handle);
		if (errno == 0)
			errno = EIO;
	}
	return error_set_errno(err, "%s: %s", what, words);
}

static int
run(struct database *database, const char *sql, const char *what,
    struct error *err)
{
	if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(database, what, err);
	return 0;
}

int
database_run(struct database *database, const char *sql, struct error *err)
{
	return run(database, sql, sql, err);
}

/* SQLite's own hook would take the log back within the commit. */
static int
on_commit(void *database, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	((struct database *)database)->log_pages = pages;
	return SQLITE_OK;
}

static int
set_up(struct database *database, enum database_use use, struct error *err)
{
	sqlite3 *handle = database->handle;
	int yes = 1, result;
	char cache[96];

	sqlite3_extended_result_codes(handle, 0);
	sqlite3_busy_timeout(handle, uses[use].busy_ms);
	/* A damaged file is read with care: no functions that its schema
	 * names, and cells are checked as pages come in. */
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	snprintf(cache, sizeof(cache),
	    "PRAGMA cell_size_check = 1; PRAGMA cache_size = -%d",
	    uses[use].cache_kib);
	if (run(database, cache, "opening", err) == -1 ||
	    run(database, uses[use].pragmas, "opening", err) == -1)
		return -1;
	if (!database->is_writer)
		return 0;
	sqlite3_wal_hook(handle, on_commit, database);
	/* A database in memory has no log. */
	result = sqlite3_file_control(
	    handle, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
	if (result != SQLITE_OK && result != SQLITE_NOTFOUND)
		return database_error(database, "PERSIST_WAL", err);
	return 0;
}

struct database *
database_open(const char *path, enum database_use use, struct error *err)
{
	struct database *database = memory_new(sizeof(*database));
	int flags =
	    uses[use].flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	struct stat found;

	database->is_writer = (flags & SQLITE_OPEN_READWRITE) != 0;
	/* SQLITE_OPEN_NOFOLLOW refuses symbolic links to folders, too. */
	if (lstat(path, &found) == 0 && !S_ISREG(found.st_mode)) {
		error_set(err, ERROR_INVALID, "%s: not a regular file", path);
		goto fail;
	}
	if (sqlite3_open_v2(path, &database->handle, flags, NULL) !=
	    SQLITE_OK) {
		if (!database->is_writer &&
		    sqlite3_errcode(database->handle) == SQLITE_CANTOPEN &&
		    access(path, F_OK) == -1 && errno == ENOENT)
			error_set(
			    err, ERROR_UNREACHABLE, "%s: no such file", path);
		else
			database_error(database, path, err);
		goto fail;
	}
	if (set_up(database, use, err) == -1) {
		error_prefix(err, "%s", path);
		goto fail;
	}
	return database;
fail:
	database_close(database);
	return NULL;
}

void
database_close(struct database *database)
{
	if (database == NULL)
		return;
	/* Fails only where statements are left: a bug, found by valgrind. */
	sqlite3_close(database->handle);
	free(database);
}

void
database_shrink(struct database *database)
{
	sqlite3_db_release_memory(database->handle);
}

/* --- the schema ----------------------------------------------------------- */

int
database_version(struct database *database, int *ret_version, struct error *err)
{
	sqlite3_stmt *stmt;
	int result = -1;

	if (sqlite3_prepare_v2(database->handle, "PRAGMA user_version", -1,
		&stmt, NULL) != SQLITE_OK)
		return database_error(database, "user_version", err);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*ret_version = sqlite3_column_int(stmt, 0);
		result = 0;
	} else {
		database_error(database, "user_version", err);
	}
	sqlite3_finalize(stmt);
	return result;
}

static int
migrate_once(struct database *database, const struct database_schema *schema,
    int version, struct error *err)
{
	char counted[64];
	struct error ignored;

	snprintf(
	    counted, sizeof(counted), "PRAGMA user_version = %d", version + 1);
	if (database_run(database, "BEGIN IMMEDIATE", err) == 0 &&
	    run(database, schema->migrations[version], "schema", err) == 0 &&
	    database_run(database, counted, err) == 0 &&
	    database_run(database, "COMMIT", err) == 0)
		return 0;
	if (sqlite3_get_autocommit(database->handle) == 0)
		database_run(database, "ROLLBACK", &ignored);
	return error_prefix(err, "%s: migration %d", schema->name, version + 1);
}

int
database_migrate(struct database *database,
    const struct database_schema *schema, struct error *err)
{
	int version;

	if (database_version(database, &version, err) == -1)
		return -1;
	if (version < 0 || version > schema->count)
		return error_set(err, ERROR_INVALID,
		    "%s: written by a later version (schema %d, ours is %d)",
		    schema->name, version, schema->count);
	for (; version < schema->count; version++)
		if (migrate_once(database, schema, version, err) == -1)
			return -1;
	return 0;
}

int
database_is_of(struct database *database, const struct database_schema *schema,
    struct error *err)
{
	int version;

	if (database_version(database, &version, err) == -1)
		return -1;
	if (version != schema->count)
		return error_set(err, ERROR_CORRUPT,
		    "%s: of another version (schema %d, ours is %d)",
		    schema->name, version, schema->count);
	return 0;
}

/* --- the write-ahead log -------------------------------------------------- */

int
database_checkpoint(struct database *database, struct error *err)
{
	bool is_long = database->log_pages >= RESTART_PAGES;
	int result;

	if (database->log_pages < CHECKPOINT_PAGES)
		return 0;
	result = sqlite3_wal_checkpoint_v2(database->handle, NULL,
	    is_long ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	if (result == SQLITE_BUSY || result == SQLITE_LOCKED)
		return 0; /* after the next commit, then */
	if (result != SQLITE_OK)
		return database_error(database, "checkpoint", err);
	/* Counted again by the next commit. */
	database->log_pages = 0;
	return 0;
}
