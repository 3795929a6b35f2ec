#include "collectors/kruxosd/account_keeper_internal.h"

#define RENEW_EVERY USEC_PER_MIN

const struct command_arg account_sign_out_args[] = {
	{ "id", COMMAND_STRING, NULL },
	{ 0 },
};

static int
renew(struct account_keeper *keeper, const struct accounts_caller *who,
    usec_t *ret_idle_expires_at, struct error *err)
{
	usec_t now = clock_realtime(keeper->clock);
	struct slice id = slice_of(who->id);
	bool is_due =
	    now < who->last_used_at || now - who->last_used_at >= RENEW_EVERY;

	*ret_idle_expires_at = who->idle_expires_at;
	if (!is_due)
		return 0;
	if (who->via == CREDENTIAL_TOKEN)
		return account_writer_touch_token(keeper->writer, id, now, err);
	*ret_idle_expires_at =
	    account_earlier(now + keeper->idle_timeout, who->expires_at);
	return account_writer_touch_session(
	    keeper->writer, id, now, *ret_idle_expires_at, err);
}

void
account_renew_command(struct account_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	usec_t idle_expires_at = 0;
	struct json_writer json;
	struct error err;

	if (renew(keeper, &call->signed_in, &idle_expires_at, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_pair_time_or_null(
	    &json, "idle_expires_at", idle_expires_at);
	json_writer_end_object(&json);
	command_ok(call, buf_slice(&answer));
}

static int
sign_out_in(struct state_change *change, const struct command_call *call,
    struct slice id, struct error *err)
{
	size_t count;

	if (slice_is(id, "all"))
		id = (struct slice){ NULL, 0 };
	if (account_change_end_sessions(change, command_entry(call),
		call->peer.user_name, id, "signed_out", &count, err) == -1)
		return -1;
	if (count == 0)
		return error_set_field(
		    err, ERROR_NOT_FOUND, "id", "you have no such session");
	return 0;
}

void
account_sign_out_command(
    struct account_keeper *keeper, struct command_call *call)
{
	struct slice id = command_text(call, "id");
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct state_change change;
	struct json_writer json;
	struct error err;
	int result;

	if (id.data == NULL)
		id = slice_of(call->signed_in.id);
	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", id);
	json_writer_end_object(&json);
	result = state_change_begin(keeper->changer, &change, &err);
	if (result == 0) {
		result = sign_out_in(&change, call, id, &err);
		result = state_change_end(&change, result, call, &answer, &err);
	}
	if (result == -1)
		command_fail(call, &err);
}
