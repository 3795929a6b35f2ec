/* An SQLite database as ours are: how it is opened, and how its schema grows.
 *
 * Our databases (kruxos.db, state.db and telemetry.db) are written by kruxosd
 * alone and read by programs of another uid, which cannot write a byte beside
 * them.
 * So they are in WAL mode, and the files -wal and -shm stay when the writer
 * closes (SQLITE_FCNTL_PERSIST_WAL): a reader finds all three or none.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "base/error.h"

#include <sqlite3.h>

#include <stdbool.h>

struct database;

enum database_use {
	DATABASE_READ,	    /* never creates, never writes */
	DATABASE_READ_NOW,  /* … nor waits a second for who has locked it */
	DATABASE_WRITE,	    /* what is committed survives a power cut */
	DATABASE_WRITE_NOW, /* … and who has locked it is hardly waited for */
	DATABASE_WRITE_LATER, /* … or is lost again, from the last commit
				 backwards: for what can be made again */
};

/* Open the file at `path` (a writer creates it), for one thread. A writer
 * takes the write-ahead log back itself (database_checkpoint()); it never
 * happens within a commit. ERROR_UNREACHABLE: a reader found no file;
 * ERROR_CORRUPT, ERROR_SYSTEM. */
struct database *
database_open(const char *path, enum database_use use, struct error *err);

/* Statements (statement.h) were freed before. */
void database_close(struct database *database);

/* Is the file that is open still the one at its path? Not if it was deleted, or
 * another has taken its place. A writer's -wal and -shm are meant, too. */
bool database_is_there(struct database *database);

/* Forget the pages that are kept for speed alone; between transactions. They
 * are read again, mostly out of the system's own cache. */
void database_shrink(struct database *database);

/* SQLite's own handle, for what is not said here. */
sqlite3 *database_handle(struct database *database);

/* The migrations of a database, from an empty file on. The build makes them
 * from sql/schema/<name>-0001-….sql (sql/header.awk). */
struct database_schema {
	const char *name;
	const char *const *migrations;
	int count;
};

/* How many migrations it has seen (user_version). */
int database_version(
    struct database *database, int *ret_version, struct error *err);

/* Bring the database up to `schema`, each step in a transaction of its own;
 * user_version counts them. ERROR_INVALID: it has been written by a later
 * version; or what the failing step says. */
int database_migrate(struct database *database,
    const struct database_schema *schema, struct error *err);

/* Is its schema this one, neither older nor newer? ERROR_CORRUPT if not. */
int database_is_of(struct database *database,
    const struct database_schema *schema, struct error *err);

/* Run a text without results, such as "BEGIN IMMEDIATE". */
int database_run(struct database *database, const char *sql, struct error *err);

/* Take the write-ahead log back into the file when it has grown: passively
 * from 4 MiB on, and from 64 MiB on by waiting up to a second for readers to
 * leave. To be called after commits. ERROR_SYSTEM, ERROR_CORRUPT; a reader
 * that stays is no error. */
int database_checkpoint(struct database *database, struct error *err);

/* Fill `err` from what SQLite said last about `what`: ERROR_CORRUPT
 * (damaged, or no database), ERROR_BUSY, ERROR_SYSTEM with errnum (ENOSPC,
 * EROFS, EACCES, EIO). Always -1. */
int
database_error(struct database *database, const char *what, struct error *err);

#endif
