#include "collectors/kruxosd/command.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"
#include "door/answer.h"

static struct command_call *
call_new(const struct message *message, const struct message_peer *peer,
    struct command_caller *caller)
{
	struct command_call *call = memory_new(sizeof(*call));

	/* Both are names: within their bounds (message.c, peer.c). */
	memcpy(call->id, message->id.data, message->id.len);
	memcpy(call->user_name, peer->user_name.data, peer->user_name.len);
	call->peer = *peer;
	call->peer.user_name.data = call->user_name;
	call->reader = message->reader;
	call->args = message->args;
	call->source = ENTRY_CLI;

	call->caller = caller;
	LIST_INSERT_HEAD(&caller->calls, call, of_caller);
	caller->count++;
	return call;
}

static void
call_unlink(struct command_call *call)
{
	if (call->caller == NULL)
		return;
	LIST_REMOVE(call, of_caller);
	call->caller->count--;
	call->caller = NULL;
}

/* Give the last answer, and end the call. The caller no longer counts it when
 * it hears. */
static void
call_end(struct command_call *call, const struct buf *line)
{
	struct command_caller *caller = call->caller;

	call_unlink(call);
	free(call);
	if (caller != NULL)
		caller->on_answer(caller, buf_slice(line));
}

struct entry
command_entry(const struct command_call *call)
{
	bool is_agent = (call->peer.classes & MESSAGE_AGENT) != 0;

	return (struct entry){
		.uid = call->peer.uid,
		.source = call->source,
		.actor = is_agent ? ENTRY_AGENT : ENTRY_USER,
		.actor_name = call->peer.user_name,
		.status = ENTRY_SUCCESS,
	};
}

const struct json_node *
command_argument(const struct command_call *call, const char *key)
{
	return call->args == NULL
		   ? NULL
		   : json_reader_member(call->reader, call->args, key);
}

struct slice
command_text(const struct command_call *call, const char *key)
{
	const struct json_node *node = command_argument(call, key);

	return node == NULL ? (struct slice){ NULL, 0 } : node->text;
}

void
command_ok(struct command_call *call, struct slice result)
{
	cleanup(buf_wipe) struct buf line = BUF_INIT;

	/* It may hold a secret: no copies are left behind. */
	buf_reserve(&line, result.len + 2 * MESSAGE_ID_BYTES);
	answer_add_ok(&line, slice_of(call->id),
	    result.data == NULL ? SLICE_LITERAL("{}") : result);
	call_end(call, &line);
}

void
command_fail(struct command_call *call, const struct error *err)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	if (err->code == ERROR_NOT_ALLOWED && call->on_denied != NULL)
		call->on_denied(call->context, call);
	answer_add_failed(&line, slice_of(call->id), err);
	call_end(call, &line);
}

void
command_refuse(struct command_call *call, const struct error *err)
{
	call->on_denied = NULL;
	command_fail(call, err);
}

void
command_progress(struct command_call *call, double progress)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	if (call->caller == NULL)
		return;
	answer_add_progress(&line, slice_of(call->id), progress);
	call->caller->on_answer(call->caller, buf_slice(&line));
}

bool
command_is_abandoned(const struct command_call *call)
{
	return call->caller == NULL;
}

static const struct command *
find(const struct command *commands, struct slice verb)
{
	for (; commands->verb != NULL; commands++)
		if (slice_is(verb, commands->verb))
			return commands;
	return NULL;
}

/* --- arguments ------------------------------------------------------------ */

static const struct command_arg *
find_arg(const struct command_arg *args, struct slice key)
{
	if (args == NULL)
		return NULL;
	for (; args->key != NULL; args++)
		if (slice_is(key, args->key))
			return args;
	return NULL;
}

int
command_unknown_key(
    const char *what, const char *kind, struct slice key, struct error *err)
{
	enum { SHOWN_BYTES = 40 };
	cleanup(buf_free) struct buf shown = BUF_INIT;

	text_add_visible(&shown,
	    (struct slice){ key.data, text_cut(key, SHOWN_BYTES) },
	    TEXT_ONE_LINE);
	return error_set_field(err, ERROR_UNKNOWN_FIELD, shown.data,
	    "%s has no %s \"%s\"", what, kind, shown.data);
}

static int
check_arg(const struct json_reader *reader, const struct command_arg *arg,
    const struct json_node *node, struct error *err)
{
	static const struct {
		enum json_node_type type, elements;
		const char *name;
	} types[] = {
		[COMMAND_STRING] = { JSON_STRING, JSON_STRING, "a string" },
		[COMMAND_NUMBER] = { JSON_NUMBER, JSON_NUMBER, "a number" },
		[COMMAND_BOOLEAN] = { JSON_TRUE, JSON_TRUE, "true or false" },
		[COMMAND_STRINGS] = { JSON_ARRAY, JSON_STRING,
		    "an array of strings" },
		[COMMAND_NUMBERS] = { JSON_ARRAY, JSON_NUMBER,
		    "an array of numbers" },
		[COMMAND_OBJECT] = { JSON_OBJECT, JSON_OBJECT, "an object" },
		[COMMAND_OBJECTS] = { JSON_ARRAY, JSON_OBJECT,
		    "an array of objects" },
	};
	enum json_node_type elements = types[arg->type].elements;
	bool fits = node->type == types[arg->type].type ||
		    (arg->type == COMMAND_BOOLEAN && node->type == JSON_FALSE);

	if (fits && node->type == JSON_ARRAY)
		for (const struct json_node *item =
			 json_reader_first(reader, node);
		     item != NULL; item = json_reader_next(reader, node, item))
			fits = fits && item->type == elements;
	if (fits)
		return 0;
	return error_set_field(err, ERROR_WRONG_TYPE, arg->key, "%s is %s",
	    arg->key, types[arg->type].name);
}

static int
check_args(const struct command *command, const struct message *message,
    struct error *err)
{
	const struct json_reader *reader = message->reader;
	const struct json_node *args = message->args;
	const struct json_node *node;

	node = args == NULL ? NULL : json_reader_first(reader, args);
	for (; node != NULL; node = json_reader_next(reader, args, node)) {
		const struct command_arg *arg =
		    find_arg(command->args, node->key);

		if (arg == NULL)
			return command_unknown_key(
			    command->verb, "argument", node->key, err);
		if (check_arg(reader, arg, node, err) == -1)
			return -1;
	}
	if (command->args == NULL)
		return 0;
	for (const struct command_arg *arg = command->args; arg->key != NULL;
	     arg++)
		if (arg->wanted != NULL &&
		    (args == NULL ||
			json_reader_member(reader, args, arg->key) == NULL))
			return error_set_field(err, ERROR_MISSING_FIELD,
			    arg->key, "%s: %s", arg->key, arg->wanted);
	return 0;
}

/* --- who asks ------------------------------------------------------------- */

static unsigned
classes_of(const struct accounts_caller *signed_in)
{
	unsigned classes = MESSAGE_SIGNED;

	if (signed_in->via == CREDENTIAL_AGENT)
		return MESSAGE_AGENT;
	if (signed_in->via == CREDENTIAL_SESSION)
		classes |= MESSAGE_SESSION;
	if (signed_in->role != ACCOUNT_VIEWER)
		classes |= MESSAGE_EXPORTER;
	if (signed_in->scope == ACCOUNT_OPERATE)
		classes |= MESSAGE_ACTOR;
	return classes;
}

/* With a credential, the call is its account's, or its agent's. */
static int
identify(const struct command_table *table, struct slice credential,
    struct command_call *call, struct error *err)
{
	struct accounts_caller *signed_in = &call->signed_in;

	if (credential.data == NULL)
		return 0;
	if (table->identify == NULL)
		return error_set(
		    err, ERROR_UNAUTHENTICATED, "nobody can be signed in here");
	if (table->identify(table->context, call, credential, signed_in, err) ==
	    -1)
		return -1;
	snprintf(
	    call->user_name, sizeof(call->user_name), "%s", signed_in->name);
	call->peer.user_name = slice_of(call->user_name);
	call->peer.classes = classes_of(signed_in);
	call->source = signed_in->via == CREDENTIAL_AGENT ? ENTRY_GATEWAY
							  : ENTRY_DASHBOARD;
	return 0;
}

/* --- running it --------------------------------------------------------- */

static void
add_what_it_takes(unsigned may, struct buf *out)
{
	static const struct {
		unsigned class;
		const char *what;
	} ways[] = {
		{ MESSAGE_OWNER, "root" },
		{ MESSAGE_OPERATOR, "the operators' group" },
		{ MESSAGE_PRODUCER, "the producers' group" },
		{ MESSAGE_SIGNED, "a sign-in" },
		{ MESSAGE_SESSION, "a sign-in by a browser" },
		{ MESSAGE_ACTOR, "an operator's sign-in" },
		{ MESSAGE_EXPORTER, "an operator's or auditor's sign-in" },
		{ MESSAGE_AGENT, "an agent's token" },
		{ MESSAGE_SERVICE, "a service's user" },
		{ MESSAGE_WEB | MESSAGE_OBSERVER, "a program of ours" },
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if ((may & ways[i].class) != 0) {
			buf_addf(out, "%s%s", between, ways[i].what);
			between = " or ";
		}
}

static int
refuse_class(const struct command *command, struct error *err)
{
	cleanup(buf_free) struct buf takes = BUF_INIT;

	add_what_it_takes(command->may, &takes);
	return error_set_field(err, ERROR_NOT_ALLOWED, "do",
	    "%s is not yours to do: it takes %s", command->verb, takes.data);
}

static int
check(const struct command *command, const struct message *message,
    const struct command_call *call, struct error *err)
{
	if (command == NULL)
		return error_set_field(err, ERROR_NOT_FOUND, "do",
		    "there is no command %.*s", SLICE_ARG(message->verb));
	if ((call->peer.classes & command->may) == 0)
		return refuse_class(command, err);
	return check_args(command, message, err);
}

void
command_start(const struct command_table *table, const struct message *message,
    const struct message_peer *peer, struct command_caller *caller)
{
	const struct command *command = find(table->commands, message->verb);
	struct command_call *call = call_new(message, peer, caller);
	struct error err;

	if (command != NULL) {
		call->verb = command->verb;
		call->may = command->may;
		call->on_denied = table->on_denied;
		call->context = table->context;
	}
	if (identify(table, message->credential, call, &err) == -1 ||
	    check(command, message, call, &err) == -1)
		command_fail(call, &err);
	else
		command->run(table->context, call);
}

void
command_abandon(struct command_caller *caller)
{
	while (!LIST_EMPTY(&caller->calls))
		call_unlink(LIST_FIRST(&caller->calls));
}
