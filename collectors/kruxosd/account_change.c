#include "collectors/kruxosd/account_keeper_internal.h"

/* `ids` is an array as JSON; one alone stands for itself. */
static int
owe_sign_out(struct state_change *change, struct entry entry,
    struct slice account, struct slice ids, size_t count, const char *reason,
    struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	if (count == 0)
		return 0;
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "account", account);
	json_writer_key(&json, count == 1 ? "session" : "sessions");
	if (count == 1)
		ids = (struct slice){ ids.data + 1, ids.len - 2 };
	json_writer_raw(&json, ids);
	json_writer_pair(&json, "reason", reason);
	json_writer_end_object(&json);
	return state_change_owe(
	    change, entry, "account.sign_out", buf_slice(&request), err);
}

int
account_change_end_sessions(struct state_change *change, struct entry entry,
    struct slice account, struct slice id, const char *reason,
    size_t *ret_count, struct error *err)
{
	cleanup(buf_free) struct buf ids = BUF_INIT;
	struct json_writer json;
	size_t count;

	json_writer_init(&json, &ids);
	json_writer_array(&json);
	if (account_writer_end_sessions(
		change->writer, account, id, &json, &count, err) == -1)
		return -1;
	json_writer_end_array(&json);
	if (ret_count != NULL)
		*ret_count = count;
	return owe_sign_out(
	    change, entry, account, buf_slice(&ids), count, reason, err);
}

int
account_change_end_beyond(struct state_change *change, struct entry entry,
    struct slice account, struct error *err)
{
	cleanup(buf_free) struct buf ids = BUF_INIT;
	struct json_writer json;
	size_t count;

	json_writer_init(&json, &ids);
	json_writer_array(&json);
	if (account_writer_end_beyond(
		change->writer, account, &json, &count, err) == -1)
		return -1;
	json_writer_end_array(&json);
	return owe_sign_out(
	    change, entry, account, buf_slice(&ids), count, "too_many", err);
}
