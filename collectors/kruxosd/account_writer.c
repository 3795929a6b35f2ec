#include "collectors/kruxosd/account_writer_internal.h"

static int
run_with_text(struct state_writer *writer, int statement, struct slice text,
    struct error *err)
{
	struct statement once =
	    state_writer_start(writer, STATE_WRITER_ACCOUNTS, statement);

	statement_bind_text(&once, 1, text);
	return state_writer_run(writer, &once, err);
}

int
account_writer_end_ids(struct state_writer *writer, struct statement *rows,
    struct json_writer *ids, size_t *ret_count, struct error *err)
{
	size_t count = 0;

	while (statement_next(rows)) {
		json_writer_string(ids, statement_text(rows, 0));
		count++;
	}
	if (state_writer_end(writer, rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
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
account_writer_find(struct state_writer *writer, struct slice name,
    struct account_row *ret_row, struct error *err)
{
	struct account_row found = { 0 };
	struct statement row;
	bool is_there;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_FIND);
	statement_bind_text(&row, 1, name);
	is_there = statement_next(&row);
	if (is_there) {
		statement_copy(&row, 0, found.name, sizeof(found.name));
		found.role = read_role(&row, 1);
		statement_copy(&row, 2, found.password, sizeof(found.password));
		found.created_at = statement_u64(&row, 3);
		found.signed_in_at = statement_u64(&row, 4);
	}
	if (state_writer_end(writer, &row, err) == -1)
		return -1;
	if (is_there)
		*ret_row = found;
	return is_there;
}

int
account_writer_put(struct state_writer *writer, const struct account_row *row,
    struct error *err)
{
	struct slice none = { NULL, 0 };
	struct account_row before;
	struct statement put;
	int is_there =
	    account_writer_find(writer, slice_of(row->name), &before, err);

	if (is_there == -1 ||
	    (is_there == 0 &&
		state_writer_check_room(writer, STATE_WRITER_ACCOUNTS,
		    ACCOUNT_WRITER_COUNT, none, ACCOUNT_WRITER_ACCOUNTS,
		    "accounts", err) == -1))
		return -1;
	put = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_PUT);
	statement_bind_text(&put, 1, slice_of(row->name));
	statement_bind_text(&put, 2, slice_of(account_roles[row->role]));
	statement_bind_text(&put, 3, slice_of(row->password));
	statement_bind_u64(&put, 4, row->created_at);
	statement_bind_u64(&put, 5, row->signed_in_at);
	return state_writer_run(writer, &put, err);
}

int
account_writer_remove_links(
    struct state_writer *writer, struct slice account, struct error *err)
{
	return run_with_text(writer, ACCOUNT_WRITER_REMOVE_LINKS, account, err);
}

int
account_writer_remove(struct state_writer *writer, struct slice name,
    struct json_writer *tokens, struct error *err)
{
	struct statement rows = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_REMOVE_TOKENS);
	size_t ignored;

	statement_bind_text(&rows, 1, name);
	if (account_writer_end_ids(writer, &rows, tokens, &ignored, err) ==
		-1 ||
	    account_writer_remove_links(writer, name, err) == -1)
		return -1;
	return run_with_text(writer, ACCOUNT_WRITER_REMOVE, name, err);
}

int
account_writer_list(struct state_writer *writer, usec_t now,
    struct json_writer *json, struct error *err)
{
	struct statement rows;

	if (state_writer_open(writer, err) == -1)
		return -1;
	rows = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_LIST);
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
	return state_writer_end(writer, &rows, err);
}
