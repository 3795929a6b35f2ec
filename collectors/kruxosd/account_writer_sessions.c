#include "collectors/kruxosd/account_writer_internal.h"

/* --- sessions ------------------------------------------------------------- */

int
account_writer_add_session(struct state_writer *writer,
    const struct account_session *session, struct error *err)
{
	struct statement add = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_ADD_SESSION);

	statement_bind_blob(&add, 1, state_writer_bytes(session->digest));
	statement_bind_text(&add, 2, slice_of(session->id));
	statement_bind_text(&add, 3, session->account);
	statement_bind_u64(&add, 4, session->created_at);
	statement_bind_u64(&add, 5, session->expires_at);
	statement_bind_u64(&add, 6, session->idle_expires_at);
	statement_bind_text(&add, 7, session->address);
	statement_bind_text(&add, 8, session->user_agent);
	return state_writer_run(writer, &add, err);
}

int
account_writer_touch_session(struct state_writer *writer, struct slice id,
    usec_t now, usec_t idle_expires_at, struct error *err)
{
	struct statement touch;

	if (state_writer_open(writer, err) == -1)
		return -1;
	touch = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_TOUCH_SESSION);
	statement_bind_text(&touch, 1, id);
	statement_bind_u64(&touch, 2, now);
	statement_bind_u64(&touch, 3, idle_expires_at);
	return state_writer_run(writer, &touch, err);
}

int
account_writer_end_sessions(struct state_writer *writer, struct slice account,
    struct slice id, struct json_writer *ids, size_t *ret_count,
    struct error *err)
{
	struct statement rows = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_END_SESSIONS);

	statement_bind_text(&rows, 1, account);
	statement_bind_text(&rows, 2, id);
	return account_writer_end_ids(writer, &rows, ids, ret_count, err);
}

int
account_writer_end_beyond(struct state_writer *writer, struct slice account,
    struct json_writer *ids, size_t *ret_count, struct error *err)
{
	struct statement rows = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_END_BEYOND);

	statement_bind_text(&rows, 1, account);
	statement_bind_u64(&rows, 2, ACCOUNTS_SESSIONS_MAX);
	return account_writer_end_ids(writer, &rows, ids, ret_count, err);
}

int
account_writer_find_over(struct state_writer *writer, usec_t now,
    struct account_over *ret_over, struct error *err)
{
	struct account_over over = { "", "", false };
	struct statement row;
	bool is_there;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_OVER);
	statement_bind_u64(&row, 1, now);
	statement_bind_u64(&row, 2, now + ACCOUNTS_STEP_BACK);
	is_there = statement_next(&row);
	if (is_there) {
		statement_copy(&row, 0, over.id, sizeof(over.id));
		statement_copy(&row, 1, over.account, sizeof(over.account));
		over.was_used = statement_u64(&row, 2) != 0;
	}
	if (state_writer_end(writer, &row, err) == -1)
		return -1;
	if (is_there)
		*ret_over = over;
	return is_there;
}

/* --- links ---------------------------------------------------------------- */

int
account_writer_add_link(struct state_writer *writer,
    const unsigned char digest[static SHA256_BYTES], struct slice account,
    usec_t now, usec_t expires_at, struct error *err)
{
	struct statement drop, add;

	drop = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_DROP_LINKS);
	statement_bind_u64(&drop, 1, now);
	if (state_writer_run(writer, &drop, err) == -1 ||
	    state_writer_check_room(writer, STATE_WRITER_ACCOUNTS,
		ACCOUNT_WRITER_COUNT_LINKS, account, ACCOUNT_WRITER_LINKS,
		"links", err) == -1)
		return -1;
	add = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_ADD_LINK);
	statement_bind_blob(&add, 1, state_writer_bytes(digest));
	statement_bind_text(&add, 2, account);
	statement_bind_u64(&add, 3, expires_at);
	return state_writer_run(writer, &add, err);
}

int
account_writer_take_link(struct state_writer *writer,
    const unsigned char digest[static SHA256_BYTES], usec_t now,
    char ret_account[static ACCOUNT_NAME_BYTES + 1], struct error *err)
{
	struct statement row = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_TAKE_LINK);
	bool is_there;

	statement_bind_blob(&row, 1, state_writer_bytes(digest));
	statement_bind_u64(&row, 2, now);
	is_there = statement_next(&row);
	if (is_there)
		statement_copy(&row, 0, ret_account, ACCOUNT_NAME_BYTES + 1);
	return state_writer_end(writer, &row, err) == -1 ? -1 : is_there;
}

/* --- tokens --------------------------------------------------------------- */

int
account_writer_add_token(struct state_writer *writer,
    const struct account_token *token, struct error *err)
{
	struct statement add;

	if (state_writer_check_room(writer, STATE_WRITER_ACCOUNTS,
		ACCOUNT_WRITER_COUNT_TOKENS, token->account,
		ACCOUNT_WRITER_TOKENS, "tokens of this account", err) == -1)
		return -1;
	add = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_ADD_TOKEN);
	statement_bind_blob(&add, 1, state_writer_bytes(token->digest));
	statement_bind_text(&add, 2, slice_of(token->id));
	statement_bind_text(&add, 3, token->account);
	statement_bind_text(&add, 4, token->label);
	statement_bind_text(&add, 5, slice_of(account_scopes[token->scope]));
	statement_bind_u64(&add, 6, token->created_at);
	statement_bind_u64(&add, 7, token->expires_at);
	return state_writer_run(writer, &add, err);
}

int
account_writer_touch_token(
    struct state_writer *writer, struct slice id, usec_t now, struct error *err)
{
	struct statement touch;

	if (state_writer_open(writer, err) == -1)
		return -1;
	touch = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_TOUCH_TOKEN);
	statement_bind_text(&touch, 1, id);
	statement_bind_u64(&touch, 2, now);
	return state_writer_run(writer, &touch, err);
}

int
account_writer_remove_token(struct state_writer *writer, struct slice id,
    struct slice account, struct buf *ret_account, struct buf *ret_label,
    struct error *err)
{
	struct statement row = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_REMOVE_TOKEN);
	bool is_there;

	statement_bind_text(&row, 1, id);
	statement_bind_text(&row, 2, account);
	is_there = statement_next(&row);
	if (is_there) {
		buf_add_slice(ret_account, statement_text(&row, 0));
		buf_add_slice(ret_label, statement_text(&row, 1));
	}
	return state_writer_end(writer, &row, err) == -1 ? -1 : is_there;
}

int
account_writer_tokens(struct state_writer *writer, struct slice account,
    struct json_writer *json, struct error *err)
{
	static const char *const texts[] = { "id", "account", "label",
		"scope" };
	struct statement rows;

	if (state_writer_open(writer, err) == -1)
		return -1;
	rows = state_writer_start(
	    writer, STATE_WRITER_ACCOUNTS, ACCOUNT_WRITER_LIST_TOKENS);
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
	return state_writer_end(writer, &rows, err);
}
