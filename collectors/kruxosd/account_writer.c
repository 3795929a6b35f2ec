#include "collectors/kruxosd/account_writer_internal.h"

#include "base/memory.h"
#include "sql/schema_state.h"

#include <unistd.h>

/* --- opening -------------------------------------------------------------- */

struct account_writer *
account_writer_new(const char *path)
{
	struct account_writer *writer = memory_new(sizeof(*writer));

	writer->path = strdup(path);
	if (writer->path == NULL)
		memory_end(strlen(path));
	return writer;
}

static void
close_database(struct account_writer *writer)
{
	statement_set_free(writer->statements);
	writer->statements = NULL;
	if (writer->database != NULL)
		database_close(writer->database);
	writer->database = NULL;
}

void
account_writer_free(struct account_writer *writer)
{
	if (writer == NULL)
		return;
	close_database(writer);
	free(writer->path);
	free(writer);
}

/* state.h makes the file, and brings its schema up. */
int
account_writer_open(struct account_writer *writer, struct error *err)
{
	if (writer->database != NULL && database_is_there(writer->database))
		return 0;
	close_database(writer);
	if (access(writer->path, F_OK) == -1)
		return error_set_errno(err, "%s", writer->path);
	writer->database = database_open(writer->path, DATABASE_WRITE_NOW, err);
	if (writer->database == NULL)
		return -1;
	if (database_is_of(writer->database, &schema_state, err) == 0)
		writer->statements = statement_set_new(writer->database,
		    account_writer_statements, ACCOUNT_WRITER_STATEMENTS, err);
	if (writer->statements != NULL)
		return 0;
	close_database(writer);
	return -1;
}

int
account_writer_begin(struct account_writer *writer, struct error *err)
{
	if (account_writer_open(writer, err) == -1)
		return -1;
	if (database_run(writer->database, "BEGIN IMMEDIATE", err) == 0)
		return 0;
	return err->code == ERROR_BUSY
		   ? error_set(
			 err, ERROR_BUSY, "another process has locked state.db")
		   : -1;
}

int
account_writer_commit(
    struct account_writer *writer, int result, struct error *err)
{
	struct error ignored;

	if (result == 0 && database_run(writer->database, "COMMIT", err) == 0) {
		(void)database_checkpoint(writer->database, &ignored);
		return 0;
	}
	(void)database_run(writer->database, "ROLLBACK", &ignored);
	return -1;
}

bool
account_writer_take_damage(
    struct account_writer *writer, struct error *ret_damage)
{
	if (writer->damage.code == ERROR_NONE)
		return false;
	*ret_damage = writer->damage;
	writer->damage = (struct error){ 0 };
	return true;
}

/* --- statements ---------------------------------------------------------- */

static int
finish(struct account_writer *writer, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_CORRUPT &&
	    writer->damage.code == ERROR_NONE)
		writer->damage = *err;
	return result;
}

int
account_writer_end(
    struct account_writer *writer, struct statement *rows, struct error *err)
{
	return finish(writer, statement_end(rows, err), err);
}

int
account_writer_run(
    struct account_writer *writer, struct statement *once, struct error *err)
{
	return finish(writer, statement_run(once, err), err);
}

static int
run_with_text(struct account_writer *writer, int statement, struct slice text,
    struct error *err)
{
	struct statement once = statement_start(writer->statements, statement);

	statement_bind_text(&once, 1, text);
	return account_writer_run(writer, &once, err);
}

int
account_writer_end_ids(struct account_writer *writer, struct statement *rows,
    struct json_writer *ids, size_t *ret_count, struct error *err)
{
	size_t count = 0;

	while (statement_next(rows)) {
		json_writer_string(ids, statement_text(rows, 0));
		count++;
	}
	if (account_writer_end(writer, rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

int
account_writer_check_room(struct account_writer *writer, int statement,
    struct slice account, uint64_t most, const char *what, struct error *err)
{
	struct statement row = statement_start(writer->statements, statement);
	uint64_t count = 0;

	if (account.data != NULL)
		statement_bind_text(&row, 1, account);
	if (statement_next(&row))
		count = statement_u64(&row, 0);
	if (account_writer_end(writer, &row, err) == -1)
		return -1;
	if (count < most)
		return 0;
	return error_set(err, ERROR_CONFLICT, "there are %llu %s already",
	    (unsigned long long)count, what);
}

/* --- accounts ------------------------------------------------------------- */

/* A role that is none of ours may nothing but read. */
static enum account_role
read_role(struct statement *row, int column)
{
	int role = account_role_of(statement_text(row, column));

	return role == -1 ? ACCOUNT_VIEWER : (enum account_role)role;
}

int
account_writer_find(struct account_writer *writer, struct slice name,
    struct account_row *ret_row, struct error *err)
{
	struct account_row found = { 0 };
	struct statement row;
	bool is_there;

	if (account_writer_open(writer, err) == -1)
		return -1;
	row = statement_start(writer->statements, ACCOUNT_WRITER_FIND);
	statement_bind_text(&row, 1, name);
	is_there = statement_next(&row);
	if (is_there) {
		statement_copy(&row, 0, found.name, sizeof(found.name));
		found.role = read_role(&row, 1);
		statement_copy(&row, 2, found.password, sizeof(found.password));
		found.created_at = statement_u64(&row, 3);
		found.signed_in_at = statement_u64(&row, 4);
	}
	if (account_writer_end(writer, &row, err) == -1)
		return -1;
	if (is_there)
		*ret_row = found;
	return is_there;
}

int
account_writer_put(struct account_writer *writer, const struct account_row *row,
    struct error *err)
{
	struct slice none = { NULL, 0 };
	struct account_row before;
	struct statement put;
	int is_there =
	    account_writer_find(writer, slice_of(row->name), &before, err);

	if (is_there == -1 ||
	    (is_there == 0 &&
		account_writer_check_room(writer, ACCOUNT_WRITER_COUNT, none,
		    ACCOUNT_WRITER_ACCOUNTS, "accounts", err) == -1))
		return -1;
	put = statement_start(writer->statements, ACCOUNT_WRITER_PUT);
	statement_bind_text(&put, 1, slice_of(row->name));
	statement_bind_text(&put, 2, slice_of(account_roles[row->role]));
	statement_bind_text(&put, 3, slice_of(row->password));
	statement_bind_u64(&put, 4, row->created_at);
	statement_bind_u64(&put, 5, row->signed_in_at);
	return account_writer_run(writer, &put, err);
}

int
account_writer_remove_links(
    struct account_writer *writer, struct slice account, struct error *err)
{
	return run_with_text(writer, ACCOUNT_WRITER_REMOVE_LINKS, account, err);
}

int
account_writer_remove(struct account_writer *writer, struct slice name,
    struct json_writer *tokens, struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, ACCOUNT_WRITER_REMOVE_TOKENS);
	size_t ignored;

	statement_bind_text(&rows, 1, name);
	if (account_writer_end_ids(writer, &rows, tokens, &ignored, err) ==
		-1 ||
	    account_writer_remove_links(writer, name, err) == -1)
		return -1;
	return run_with_text(writer, ACCOUNT_WRITER_REMOVE, name, err);
}

int
account_writer_list(struct account_writer *writer, usec_t now,
    struct json_writer *json, struct error *err)
{
	struct statement rows;

	if (account_writer_open(writer, err) == -1)
		return -1;
	rows = statement_start(writer->statements, ACCOUNT_WRITER_LIST);
	statement_bind_u64(&rows, 1, now);
	while (statement_next(&rows)) {
		json_writer_object(json);
		json_writer_pair_slice(json, "name", statement_text(&rows, 0));
		json_writer_pair(
		    json, "role", account_roles[read_role(&rows, 1)]);
		json_writer_pair_bool(
		    json, "has_password", statement_u64(&rows, 2) != 0);
		json_writer_pair_time(
		    json, "created_at", statement_u64(&rows, 3));
		json_writer_pair_time_or_null(
		    json, "signed_in_at", statement_u64(&rows, 4));
		json_writer_pair_u64(json, "sessions", statement_u64(&rows, 5));
		json_writer_end_object(json);
	}
	return account_writer_end(writer, &rows, err);
}
