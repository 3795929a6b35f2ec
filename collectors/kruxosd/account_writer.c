#include "collectors/kruxosd/account_writer.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "sql/account_writer.h"
#include "sql/schema_state.h"
#include "store/statement.h"

struct account_writer {
	char *path;
	struct database *database; /* NULL: not open */
	struct statement_set *statements;
	struct error damage; /* as it was found first; ERROR_NONE: none */
};

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
static int
open_database(struct account_writer *writer, struct error *err)
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
	if (open_database(writer, err) == -1)
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
account_writer_take_damage(struct account_writer *writer, struct error *ret)
{
	if (writer->damage.code == ERROR_NONE)
		return false;
	*ret = writer->damage;
	writer->damage = (struct error){ 0 };
	return true;
}

/* --- small statements ----------------------------------------------------- */

static int
finish(struct account_writer *writer, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_CORRUPT &&
	    writer->damage.code == ERROR_NONE)
		writer->damage = *err;
	return result;
}

static int
end(struct account_writer *writer, struct statement *rows, struct error *err)
{
	return finish(writer, statement_end(rows, err), err);
}

static int
run(struct account_writer *writer, struct statement *once, struct error *err)
{
	return finish(writer, statement_run(once, err), err);
}

static struct slice
bytes_of(const unsigned char digest[static SHA256_BYTES])
{
	return (struct slice){ (const char *)digest, SHA256_BYTES };
}

static void
copy_text(struct statement *row, int column, char *ret_text, size_t size)
{
	snprintf(
	    ret_text, size, "%.*s", SLICE_ARG(statement_text(row, column)));
}

static int
run_with_text(struct account_writer *writer, int statement, struct slice text,
    struct error *err)
{
	struct statement once = statement_start(writer->statements, statement);

	statement_bind_text(&once, 1, text);
	return run(writer, &once, err);
}

/* What is deleted says which it was. */
static int
end_by(struct account_writer *writer, struct statement *rows,
    struct json_writer *ids, size_t *ret_count, struct error *err)
{
	size_t count = 0;

	while (statement_next(rows)) {
		json_writer_string(ids, statement_text(rows, 0));
		count++;
	}
	if (end(writer, rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

/* There are fewer of them than `most`: 0. */
static int
check_room(struct account_writer *writer, int statement, struct slice account,
    uint64_t most, const char *what, struct error *err)
{
	struct statement row = statement_start(writer->statements, statement);
	uint64_t count = 0;

	if (account.data != NULL)
		statement_bind_text(&row, 1, account);
	if (statement_next(&row))
		count = statement_u64(&row, 0);
	if (end(writer, &row, err) == -1)
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

	if (open_database(writer, err) == -1)
		return -1;
	row = statement_start(writer->statements, ACCOUNT_WRITER_FIND);
	statement_bind_text(&row, 1, name);
	is_there = statement_next(&row);
	if (is_there) {
		copy_text(&row, 0, found.name, sizeof(found.name));
		found.role = read_role(&row, 1);
		copy_text(&row, 2, found.password, sizeof(found.password));
		found.created_at = statement_u64(&row, 3);
		found.signed_in_at = statement_u64(&row, 4);
	}
	if (end(writer, &row, err) == -1)
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
		check_room(writer, ACCOUNT_WRITER_COUNT, none,
		    ACCOUNT_WRITER_ACCOUNTS, "accounts", err) == -1))
		return -1;
	put = statement_start(writer->statements, ACCOUNT_WRITER_PUT);
	statement_bind_text(&put, 1, slice_of(row->name));
	statement_bind_text(&put, 2, slice_of(account_roles[row->role]));
	statement_bind_text(&put, 3, slice_of(row->password));
	statement_bind_u64(&put, 4, row->created_at);
	statement_bind_u64(&put, 5, row->signed_in_at);
	return run(writer, &put, err);
}

int
account_writer_remove(struct account_writer *writer, struct slice name,
    struct json_writer *tokens, struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, ACCOUNT_WRITER_REMOVE_TOKENS);
	size_t ignored;

	statement_bind_text(&rows, 1, name);
	if (end_by(writer, &rows, tokens, &ignored, err) == -1 ||
	    run_with_text(writer, ACCOUNT_WRITER_REMOVE_LINKS, name, err) == -1)
		return -1;
	return run_with_text(writer, ACCOUNT_WRITER_REMOVE, name, err);
}

int
account_writer_list(struct account_writer *writer, usec_t now,
    struct json_writer *json, struct error *err)
{
	struct statement rows;

	if (open_database(writer, err) == -1)
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
	return end(writer, &rows, err);
}

/* --- sessions ------------------------------------------------------------- */

int
account_writer_add_session(struct account_writer *writer,
    const struct account_session *session, struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, ACCOUNT_WRITER_ADD_SESSION);

	statement_bind_blob(&add, 1, bytes_of(session->digest));
	statement_bind_text(&add, 2, slice_of(session->id));
	statement_bind_text(&add, 3, session->account);
	statement_bind_u64(&add, 4, session->created_at);
	statement_bind_u64(&add, 5, session->expires_at);
	statement_bind_u64(&add, 6, session->idle_expires_at);
	statement_bind_text(&add, 7, session->address);
	statement_bind_text(&add, 8, session->user_agent);
	return run(writer, &add, err);
}

int
account_writer_touch_session(struct account_writer *writer, struct slice id,
    usec_t now, usec_t idle_expires_at, struct error *err)
{
	struct statement touch;

	if (open_database(writer, err) == -1)
		return -1;
	touch =
	    statement_start(writer->statements, ACCOUNT_WRITER_TOUCH_SESSION);
	statement_bind_text(&touch, 1, id);
	statement_bind_u64(&touch, 2, now);
	statement_bind_u64(&touch, 3, idle_expires_at);
	return run(writer, &touch, err);
}

int
account_writer_end_sessions(struct account_writer *writer, struct slice account,
    struct slice id, struct json_writer *ids, size_t *ret_count,
    struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, ACCOUNT_WRITER_END_SESSIONS);

	statement_bind_text(&rows, 1, account);
	statement_bind_text(&rows, 2, id);
	return end_by(writer, &rows, ids, ret_count, err);
}

int
account_writer_end_beyond(struct account_writer *writer, struct slice account,
    struct json_writer *ids, size_t *ret_count, struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, ACCOUNT_WRITER_END_BEYOND);

	statement_bind_text(&rows, 1, account);
	statement_bind_u64(&rows, 2, ACCOUNTS_SESSIONS_MAX);
	return end_by(writer, &rows, ids, ret_count, err);
}

int
account_writer_find_over(struct account_writer *writer, usec_t now,
    struct account_over *ret_over, struct error *err)
{
	struct account_over over = { "", "", false };
	struct statement row;
	bool is_there;

	if (open_database(writer, err) == -1)
		return -1;
	row = statement_start(writer->statements, ACCOUNT_WRITER_OVER);
	statement_bind_u64(&row, 1, now);
	statement_bind_u64(&row, 2, now + ACCOUNTS_STEP_BACK);
	is_there = statement_next(&row);
	if (is_there) {
		copy_text(&row, 0, over.id, sizeof(over.id));
		copy_text(&row, 1, over.account, sizeof(over.account));
		over.was_used = statement_u64(&row, 2) != 0;
	}
	if (end(writer, &row, err) == -1)
		return -1;
	if (is_there)
		*ret_over = over;
	return is_there;
}

/* --- links ---------------------------------------------------------------- */

int
account_writer_add_link(struct account_writer *writer,
    const unsigned char digest[static SHA256_BYTES], struct slice account,
    usec_t now, usec_t expires_at, struct error *err)
{
	struct statement drop, add;

	drop = statement_start(writer->statements, ACCOUNT_WRITER_DROP_LINKS);
	statement_bind_u64(&drop, 1, now);
	if (run(writer, &drop, err) == -1 ||
	    check_room(writer, ACCOUNT_WRITER_COUNT_LINKS, account,
		ACCOUNT_WRITER_LINKS, "links", err) == -1)
		return -1;
	add = statement_start(writer->statements, ACCOUNT_WRITER_ADD_LINK);
	statement_bind_blob(&add, 1, bytes_of(digest));
	statement_bind_text(&add, 2, account);
	statement_bind_u64(&add, 3, expires_at);
	return run(writer, &add, err);
}

int
account_writer_take_link(struct account_writer *writer,
    const unsigned char digest[static SHA256_BYTES], usec_t now,
    char ret_account[static ACCOUNT_NAME_BYTES + 1], struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, ACCOUNT_WRITER_TAKE_LINK);
	bool is_there;

	statement_bind_blob(&row, 1, bytes_of(digest));
	statement_bind_u64(&row, 2, now);
	is_there = statement_next(&row);
	if (is_there)
		copy_text(&row, 0, ret_account, ACCOUNT_NAME_BYTES + 1);
	return end(writer, &row, err) == -1 ? -1 : is_there;
}

/* --- tokens --------------------------------------------------------------- */

int
account_writer_add_token(struct account_writer *writer,
    const struct account_token *token, struct error *err)
{
	struct statement add;

	if (check_room(writer, ACCOUNT_WRITER_COUNT_TOKENS, token->account,
		ACCOUNT_WRITER_TOKENS, "tokens of this account", err) == -1)
		return -1;
	add = statement_start(writer->statements, ACCOUNT_WRITER_ADD_TOKEN);
	statement_bind_blob(&add, 1, bytes_of(token->digest));
	statement_bind_text(&add, 2, slice_of(token->id));
	statement_bind_text(&add, 3, token->account);
	statement_bind_text(&add, 4, token->label);
	statement_bind_text(&add, 5, slice_of(account_scopes[token->scope]));
	statement_bind_u64(&add, 6, token->created_at);
	statement_bind_u64(&add, 7, token->expires_at);
	return run(writer, &add, err);
}

int
account_writer_touch_token(struct account_writer *writer, struct slice id,
    usec_t now, struct error *err)
{
	struct statement touch;

	if (open_database(writer, err) == -1)
		return -1;
	touch = statement_start(writer->statements, ACCOUNT_WRITER_TOUCH_TOKEN);
	statement_bind_text(&touch, 1, id);
	statement_bind_u64(&touch, 2, now);
	return run(writer, &touch, err);
}

int
account_writer_remove_token(struct account_writer *writer, struct slice id,
    struct slice account, struct buf *ret_account, struct buf *ret_label,
    struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, ACCOUNT_WRITER_REMOVE_TOKEN);
	bool is_there;

	statement_bind_text(&row, 1, id);
	statement_bind_text(&row, 2, account);
	is_there = statement_next(&row);
	if (is_there) {
		buf_add_slice(ret_account, statement_text(&row, 0));
		buf_add_slice(ret_label, statement_text(&row, 1));
	}
	return end(writer, &row, err) == -1 ? -1 : is_there;
}

int
account_writer_tokens(struct account_writer *writer, struct slice account,
    struct json_writer *json, struct error *err)
{
	static const char *const texts[] = { "id", "account", "label",
		"scope" };
	struct statement rows;

	if (open_database(writer, err) == -1)
		return -1;
	rows = statement_start(writer->statements, ACCOUNT_WRITER_LIST_TOKENS);
	statement_bind_text(&rows, 1, account);
	while (statement_next(&rows)) {
		json_writer_object(json);
		for (int i = 0; i < 4; i++)
			json_writer_pair_slice(
			    json, texts[i], statement_text(&rows, i));
		json_writer_pair_time(
		    json, "created_at", statement_u64(&rows, 4));
		json_writer_pair_time_or_null(
		    json, "last_used_at", statement_u64(&rows, 5));
		json_writer_pair_time_or_null(
		    json, "expires_at", statement_u64(&rows, 6));
		json_writer_end_object(json);
	}
	return end(writer, &rows, err);
}

/* --- entries that the log has not yet ------------------------------------- */

int
account_writer_owe(struct account_writer *writer, const struct entry *entry,
    struct slice request, uint64_t *ret_id, struct error *err)
{
	struct statement owe =
	    statement_start(writer->statements, ACCOUNT_WRITER_OWE);

	statement_bind_u64(&owe, 1, entry->time);
	statement_bind_u64(&owe, 2, entry->uid);
	statement_bind_text(
	    &owe, 3, slice_of(entry_source_name(entry->source)));
	statement_bind_text(&owe, 4,
	    entry->actor == ENTRY_USER ? entry->actor_name : SLICE_LITERAL(""));
	statement_bind_text(&owe, 5, entry->capability);
	statement_bind_text(&owe, 6, request);
	if (run(writer, &owe, err) == -1)
		return -1;
	*ret_id = (uint64_t)sqlite3_last_insert_rowid(
	    database_handle(writer->database));
	return 0;
}

int
account_writer_owed(struct account_writer *writer, uint64_t *ret_ids,
    size_t most, size_t *ret_count, struct error *err)
{
	struct statement rows;
	size_t count = 0;

	if (open_database(writer, err) == -1)
		return -1;
	rows = statement_start(writer->statements, ACCOUNT_WRITER_OWED);
	statement_bind_u64(&rows, 1, most);
	while (count < most && statement_next(&rows))
		ret_ids[count++] = statement_u64(&rows, 0);
	if (end(writer, &rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

static enum entry_source
read_source(struct slice name)
{
	for (int i = 0; i < ENTRY_SOURCES; i++)
		if (slice_is(name, entry_source_name((enum entry_source)i)))
			return (enum entry_source)i;
	return ENTRY_DAEMON;
}

int
account_writer_owed_entry(struct account_writer *writer, uint64_t id,
    struct arena *arena, struct entry *ret_entry, struct slice *ret_request,
    struct error *err)
{
	struct statement row;
	bool is_there;

	if (open_database(writer, err) == -1)
		return -1;
	row = statement_start(writer->statements, ACCOUNT_WRITER_OWED_ENTRY);
	statement_bind_u64(&row, 1, id);
	is_there = statement_next(&row);
	if (is_there) {
		struct slice user = arena_slice(arena, statement_text(&row, 3));

		*ret_entry = (struct entry){
			.time = statement_u64(&row, 0),
			.uid = (uint32_t)statement_u64(&row, 1),
			.source = read_source(statement_text(&row, 2)),
			.actor = user.len > 0 ? ENTRY_USER : ENTRY_SYSTEM,
			.actor_name = user,
			.capability =
			    arena_slice(arena, statement_text(&row, 4)),
			.status = ENTRY_SUCCESS,
		};
		if (user.len == 0)
			ret_entry->actor_name = (struct slice){ NULL, 0 };
		*ret_request = arena_slice(arena, statement_text(&row, 5));
	}
	return end(writer, &row, err) == -1 ? -1 : is_there;
}

int
account_writer_settle(
    struct account_writer *writer, uint64_t id, struct error *err)
{
	struct statement settle;

	if (open_database(writer, err) == -1)
		return -1;
	settle = statement_start(writer->statements, ACCOUNT_WRITER_SETTLE);
	statement_bind_u64(&settle, 1, id);
	return run(writer, &settle, err);
}
