#include "collectors/kruxosd/account_keeper_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <unistd.h>

/* A call that is answered when its entry is durable. */
struct waiting {
	struct command_call *call;
	struct buf answer;
};

int
account_change_begin(struct account_keeper *keeper,
    struct account_change *change, struct error *err)
{
	*change = (struct account_change){ .keeper = keeper,
		.now = clock_realtime(keeper->clock) };
	if (commit_retry_due(keeper->commit) != 0)
		return error_set(err, ERROR_AUDIT_UNAVAILABLE, "%s",
		    commit_reason(keeper->commit));
	return account_writer_begin(keeper->writer, err);
}

static void
on_recorded(void *context, const struct error *err)
{
	struct waiting *waiting = context;

	if (err == NULL)
		command_ok(waiting->call, buf_slice(&waiting->answer));
	else
		command_fail(waiting->call, err);
	buf_wipe(&waiting->answer);
	free(waiting);
}

/* The last one tells: all of a batch are durable at once. */
static void
post(struct account_change *change, struct waiting *waiting)
{
	struct owed_entries *owed = change->keeper->owed;

	for (size_t i = 0; i < change->count; i++) {
		bool is_last = i + 1 == change->count && waiting != NULL;

		owed_entries_post(owed, change->owed[i],
		    is_last ? on_recorded : NULL, is_last ? waiting : NULL);
	}
	if (change->count == 0 && waiting != NULL)
		on_recorded(waiting, NULL);
}

int
account_change_end(struct account_change *change, int result,
    struct command_call *call, struct buf *answer, struct error *err)
{
	struct waiting *waiting = NULL;

	if (account_writer_commit(change->keeper->writer, result, err) == -1)
		return -1;
	if (call != NULL) {
		waiting = memory_new(sizeof(*waiting));
		waiting->call = call;
		waiting->answer = *answer;
		buf_init(answer);
	}
	post(change, waiting);
	return 0;
}

int
account_change_owe(struct account_change *change, struct entry entry,
    const char *capability, struct slice request, struct error *err)
{
	assert(change->count < sizeof(change->owed) / sizeof(change->owed[0]));
	entry.time = change->now;
	entry.capability = slice_of(capability);
	if (account_writer_owe(change->keeper->writer, &entry, request,
		&change->owed[change->count], err) == -1)
		return -1;
	change->count++;
	return 0;
}

struct entry
account_own_entry(void)
{
	return (struct entry){
		.uid = (uint32_t)getuid(),
		.source = ENTRY_DAEMON,
		.actor = ENTRY_SYSTEM,
		.status = ENTRY_SUCCESS,
	};
}

/* --- sessions that end ---------------------------------------------------- */

/* `ids` is an array as JSON; one alone stands for itself. */
static int
owe_sign_out(struct account_change *change, struct entry entry,
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
	return account_change_owe(
	    change, entry, "account.sign_out", buf_slice(&request), err);
}

int
account_change_end_sessions(struct account_change *change, struct entry entry,
    struct slice account, struct slice id, const char *reason,
    size_t *ret_count, struct error *err)
{
	cleanup(buf_free) struct buf ids = BUF_INIT;
	struct json_writer json;
	size_t count;

	json_writer_init(&json, &ids);
	json_writer_array(&json);
	if (account_writer_end_sessions(
		change->keeper->writer, account, id, &json, &count, err) == -1)
		return -1;
	json_writer_end_array(&json);
	if (ret_count != NULL)
		*ret_count = count;
	return owe_sign_out(
	    change, entry, account, buf_slice(&ids), count, reason, err);
}

int
account_change_end_beyond(struct account_change *change, struct entry entry,
    struct slice account, struct error *err)
{
	cleanup(buf_free) struct buf ids = BUF_INIT;
	struct json_writer json;
	size_t count;

	json_writer_init(&json, &ids);
	json_writer_array(&json);
	if (account_writer_end_beyond(
		change->keeper->writer, account, &json, &count, err) == -1)
		return -1;
	json_writer_end_array(&json);
	return owe_sign_out(
	    change, entry, account, buf_slice(&ids), count, "too_many", err);
}
