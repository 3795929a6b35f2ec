#include "collectors/kruxosd/export.h"

#include "base/cleanup.h"

/* What is asked for: the names are those of the API's parameters. */
const struct command_arg export_args[] = {
	{ "via", COMMAND_STRING, NULL },
	{ "format", COMMAND_STRING, NULL },
	{ "query", COMMAND_STRING, NULL }, /* as it came, through api.sock */
	{ "q", COMMAND_STRING, NULL },
	{ "from", COMMAND_STRING, NULL },
	{ "to", COMMAND_STRING, NULL },
	{ "actor_type", COMMAND_STRINGS, NULL },
	{ "agent_name", COMMAND_STRINGS, NULL },
	{ "user_name", COMMAND_STRINGS, NULL },
	{ "capability", COMMAND_STRINGS, NULL },
	{ "status", COMMAND_STRINGS, NULL },
	{ "policy_tier", COMMAND_STRINGS, NULL },
	{ "session_id", COMMAND_STRINGS, NULL },
	{ "call_id", COMMAND_STRINGS, NULL },
	{ "source", COMMAND_STRINGS, NULL },
	{ 0 },
};

static void
on_durable(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct command_call *call = context;
	cleanup(buf_free) struct buf result = BUF_INIT;

	(void)tag;
	if (err != NULL) {
		command_fail(call, err);
		return;
	}
	buf_addf(&result, "{\"seq\":%llu}", (unsigned long long)seq);
	command_ok(call, buf_slice(&result));
}

/* Who relays for others has no name of his own to give. */
static int
set_actor(
    const struct command_call *call, struct entry *entry, struct error *err)
{
	const struct json_node *via = command_argument(call, "via");

	if (via == NULL && (call->peer.classes & MESSAGE_WEB) != 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "via",
		    "via: which way the export was asked for");
	if (via == NULL)
		return 0;
	if ((call->peer.classes & (MESSAGE_WEB | MESSAGE_OWNER)) == 0)
		return error_set_field(err, ERROR_NOT_ALLOWED, "via",
		    "via: only the programs behind nginx may say this");
	entry->actor = ENTRY_SYSTEM;
	entry->actor_name = (struct slice){ NULL, 0 };
	entry->source = ENTRY_DAEMON;
	return 0;
}

void
export_command(struct commit *commit, struct command_call *call)
{
	struct commit_waiter waiter = { on_durable, call, 0 };
	struct slice args = { NULL, 0 };
	struct entry entry = command_entry(call);
	struct error err;

	entry.capability = SLICE_LITERAL("audit.export");
	if (call->args != NULL)
		args = call->args->text;
	if (set_actor(call, &entry, &err) == -1 ||
	    commit_add_json(commit, &entry, NULL, args, &waiter, NULL, &err) ==
		-1)
		command_fail(call, &err);
}
