#include "fcgi/invocation.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/number.h"
#include "base/text.h"
#include "config/config.h"
#include "fcgi/rpc.h"
#include "http/caller.h"
#include "http/route.h"
#include "store/credential.h"

#include <assert.h>

/* Together the slow ones of a request may take so long; what has not begun by
 * then is not read. */
#define READING_MAX (5 * USEC_PER_SEC)

enum { READ_BYTES = 8 << 20 }; /* by the calls of one request together */

enum stage {
	STAGE_BEGIN,
	STAGE_NAMED, /* kruxosd has said who asks */
	STAGE_READ,  /* what could be read has been */
	STAGE_ASKED, /* and kruxosd has answered all */
};

struct invocations {
	struct gateway *gateway;
	struct request *req;
	struct slice token;
	enum stage stage;
	struct invocation *first, **last;
	size_t waiting; /* for so many answers */

	/* Who asks, where that is to be known before. */
	bool needs_self;
	struct invocation self;
	struct slice agent_name;

	bool has_slow;
	size_t read_bytes;
	usec_t read_until; /* CLOCK_MONOTONIC */
};

/* --- the question --------------------------------------------------------- */

static void
init(struct invocation *invocation, struct invocations *list,
    enum invocation_kind kind)
{
	*invocation = (struct invocation){
		.kind = kind,
		.list = list,
		.began_at = clock_monotonic(&clock_system),
	};
}

struct slice
invocation_token(const struct request *req)
{
	struct caller caller = caller_of(req);

	return caller.via == CALLER_BEARER &&
		       credential_kind_of(caller.credential) == CREDENTIAL_AGENT
		   ? caller.credential
		   : (struct slice){ NULL, 0 };
}

struct invocations *
invocations_new(
    struct gateway *gateway, struct request *req, struct slice token)
{
	struct invocations *list = arena_alloc(req->arena, sizeof(*list));

	list->gateway = gateway;
	list->req = req;
	list->token = arena_slice(req->arena, token);
	list->last = &list->first;
	return list;
}

struct invocation *
invocation_add(struct invocations *list, enum invocation_kind kind)
{
	struct invocation *invocation =
	    arena_alloc(list->req->arena, sizeof(*invocation));

	init(invocation, list, kind);
	*list->last = invocation;
	list->last = &invocation->next;
	if (kind == INVOCATION_SESSION_START)
		list->needs_self = true;
	return invocation;
}

struct slice
invocations_agent(const struct invocations *list)
{
	return list->agent_name;
}

void
invocation_refuse(struct invocation *invocation, const struct error *err)
{
	if (invocation->kind != INVOCATION_CALL) {
		invocation->kind = INVOCATION_CALL;
		invocation->capability = SLICE_LITERAL(INVOCATION_REQUEST);
	}
	invocation->invalid = *err;
}

/* What kruxosd would not take for an entry's, whatever it is. */
static void
check_name(struct invocation *invocation, struct slice *name, const char *field)
{
	struct error err;

	if (name->data == NULL || entry_is_name(*name))
		return;
	*name = (struct slice){ NULL, 0 };
	error_set_field(&err, ERROR_OUT_OF_RANGE, field,
	    "%s must be a name: 1 to %d of letters, digits and . _ : @ / + -",
	    field, ENTRY_NAME_BYTES);
	invocation_refuse(invocation, &err);
}

static void
check_capability(struct invocation *invocation)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct error err;

	if (entry_is_capability(invocation->capability))
		return;
	text_add_quoted(&shown, invocation->capability);
	invocation->capability = SLICE_LITERAL(INVOCATION_REQUEST);
	error_set_field(&err, ERROR_NOT_FOUND, "name",
	    "there is no capability %s", shown.data);
	invocation_refuse(invocation, &err);
}

/* Between the values of JSON a line feed may stand, but not within a line of
 * the door's. */
static struct slice
on_one_line(struct slice json, struct arena *arena)
{
	char *copy = arena_copy(arena, json.data, json.len);

	for (size_t i = 0; i < json.len; i++)
		if (copy[i] == '\n' || copy[i] == '\r')
			copy[i] = ' ';
	return (struct slice){ copy, json.len };
}

/* --- reading -------------------------------------------------------------- */

/* What lies where on this machine is no agent's to know. It is said here, once
 * a second at most. */
static void
conceal(struct error *err)
{
	static usec_t said_at;
	usec_t now = clock_monotonic(&clock_system);

	if (rpc_code_of(err) != RPC_INTERNAL || err->code == ERROR_BUSY)
		return;
	if (now - __atomic_load_n(&said_at, __ATOMIC_RELAXED) > USEC_PER_SEC) {
		__atomic_store_n(&said_at, now, __ATOMIC_RELAXED);
		diag(DIAG_WARNING, "%s", err->sentence);
	}
	error_set(
	    err, err->code, "this cannot be read now; ask again in a moment");
}

/* As capability_read. */
static int
read_result(struct invocation *invocation, const struct json_reader *json,
    const struct json_node *arguments)
{
	struct invocations *list = invocation->list;
	const struct capability_call call = {
		.agent = list->agent_name,
		.json = json,
		.arguments = arguments,
		.request = list->req,
	};
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer writer;
	int result;

	json_writer_init(&writer, &text);
	result = invocation->row->read(
	    list->gateway->readings, &call, &writer, &invocation->failed);
	if (result == CAPABILITY_SLOW)
		return result;
	if (result == -1)
		conceal(&invocation->failed);
	list->read_bytes += text.len;
	if (list->read_bytes > READ_BYTES)
		buf_reset(&text);
	invocation->read = arena_slice(list->req->arena, buf_slice(&text));
	if (list->read_bytes > READ_BYTES)
		error_set(&invocation->failed, ERROR_BUSY,
		    "the calls of this request read too much together");
	return result;
}

/* At once, if that is quick. */
static void
read_now(struct invocation *invocation, const struct json_reader *json,
    const struct json_node *arguments)
{
	struct invocations *list = invocation->list;

	if (invocation->row->flags & CAPABILITY_NEEDS_AGENT) {
		list->needs_self = true;
		list->has_slow = true;
	} else if (read_result(invocation, json, arguments) ==
		   CAPABILITY_SLOW) {
		list->has_slow = true;
	}
}

void
invocation_set_arguments(struct invocation *invocation,
    const struct json_reader *json, const struct json_node *arguments)
{
	struct error err;

	if (arguments != NULL)
		invocation->arguments =
		    on_one_line(arguments->text, invocation->list->req->arena);
	check_name(invocation, &invocation->session_id, "session_id");
	check_name(invocation, &invocation->call_id, "call_id");
	check_name(invocation, &invocation->parent_call_id, "parent_call_id");
	if (invocation->kind != INVOCATION_CALL)
		return;
	check_capability(invocation);
	invocation->row = capability_find(invocation->capability);
	if (invocation->row == NULL || invocation->invalid.code != ERROR_NONE)
		return;
	if (capability_check(invocation->row, json, arguments, &err) == -1)
		invocation_refuse(invocation, &err);
	else if (invocation->row->read != NULL)
		read_now(invocation, json, arguments);
}

static bool
is_read_here(const struct invocation *invocation)
{
	return invocation->row != NULL && invocation->row->read != NULL;
}

static bool
is_to_read(const struct invocation *invocation)
{
	return is_read_here(invocation) &&
	       invocation->invalid.code == ERROR_NONE &&
	       invocation->err.code == ERROR_NONE &&
	       invocation->read.data == NULL;
}

static void
read_later(struct invocation *invocation)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	struct error err;

	invocation->read = SLICE_LITERAL("");
	if (clock_monotonic(&clock_system) > invocation->list->read_until) {
		error_set(&invocation->failed, ERROR_BUSY,
		    "the calls before this one have taken too long");
		return;
	}
	/* It was read once before. */
	if (invocation->arguments.data != NULL &&
	    json_reader_read(&json, invocation->arguments, &err) == -1)
		assert(!"arguments are JSON");
	read_result(invocation, &json, json.nodes);
}

/* In the slow pool: one after the other. */
static void
read_all(struct invocations *list)
{
	list->read_until = clock_monotonic(&clock_system) + READING_MAX;
	for (struct invocation *invocation = list->first; invocation != NULL;
	     invocation = invocation->next)
		if (is_to_read(invocation))
			read_later(invocation);
}

/* --- the answer ----------------------------------------------------------- */

static struct slice
text_member(
    const struct json_reader *json, const char *key, struct arena *arena)
{
	const struct json_node *node =
	    json_reader_member(json, json->nodes, key);

	if (node == NULL || node->type == JSON_NULL)
		return (struct slice){ NULL, 0 };
	return arena_slice(arena, node->text);
}

static int
take_result(struct invocation *invocation, struct slice answer)
{
	struct invocations *list = invocation->list;
	struct arena *arena = list->req->arena;
	struct json_reader *json = &list->gateway->answers;
	const struct json_node *seq;

	if (json_reader_read(json, answer, &invocation->err) == -1)
		return -1;
	seq = json_reader_member(json, json->nodes, "seq");
	if (seq != NULL && seq->type == JSON_NUMBER)
		(void)number_parse_u64(
		    seq->text, 0, UINT64_MAX, &invocation->seq);
	if (invocation->kind != INVOCATION_CALL) {
		invocation->result = arena_slice(arena, answer);
		return 0;
	}
	invocation->ret_call_id = text_member(json, "call_id", arena);
	invocation->tier = text_member(json, "policy_tier", arena);
	invocation->result = is_read_here(invocation)
				 ? invocation->read
				 : text_member(json, "result", arena);
	if (invocation->result.data == NULL)
		invocation->result = SLICE_LITERAL("{}");
	return 0;
}

/* May it be shown though it is not recorded? kruxosd tries to record what it
 * would allow, and nothing before. */
static bool
may_be_unrecorded(const struct invocation *invocation, const struct error *err)
{
	const struct config *config =
	    invocation->list->gateway->program->config;

	return err->code == ERROR_AUDIT_UNAVAILABLE &&
	       config->on_audit_failure == CONFIG_ALLOW &&
	       is_read_here(invocation) &&
	       invocation->invalid.code == ERROR_NONE &&
	       invocation->failed.code == ERROR_NONE;
}

static void
stay_refused(struct invocation *invocation)
{
	invocation->err = invocation->invalid;
	invocation->is_refused = true;
}

static void
take_error(struct invocation *invocation, const struct error *err)
{
	bool is_answer =
	    err->code == ERROR_OUT_OF_RANGE || err->code == ERROR_NOT_FOUND;

	if (may_be_unrecorded(invocation, err)) {
		invocation->result = invocation->read;
		invocation->ret_call_id = invocation->call_id;
		return;
	}
	if (is_answer && invocation->invalid.code != ERROR_NONE) {
		stay_refused(invocation);
		return;
	}
	if (err->code == ERROR_AUDIT_UNAVAILABLE ||
	    err->code == ERROR_UNREACHABLE)
		error_set(&invocation->err, err->code,
		    "this cannot be recorded now, so it is not done; ask again "
		    "in a moment");
	else
		invocation->err = *err;
}

static void
finish(struct invocation *invocation, const struct answer *answer,
    const struct error *err)
{
	invocation->duration =
	    clock_monotonic(&clock_system) - invocation->began_at;
	if (err != NULL)
		take_error(invocation, err);
	else if (invocation->invalid.code != ERROR_NONE)
		stay_refused(invocation); /* whatever kruxosd makes of it */
	else if (take_result(invocation, answer->result) == 0 &&
		 invocation->failed.code != ERROR_NONE)
		invocation->err = invocation->failed;
}

/* --- asking --------------------------------------------------------------- */

static void
pair_if(struct json_writer *json, const char *key, struct slice text)
{
	if (text.data != NULL)
		json_writer_pair_slice(json, key, text);
}

static void
raw_if(struct json_writer *json, const char *key, struct slice text)
{
	if (text.data == NULL)
		return;
	json_writer_key(json, key);
	json_writer_raw(json, text);
}

static void
write_call(const struct invocation *invocation, struct json_writer *json)
{
	usec_t took = clock_monotonic(&clock_system) - invocation->began_at;

	json_writer_pair_slice(json, "capability", invocation->capability);
	raw_if(json, "arguments", invocation->arguments);
	pair_if(json, "session_id", invocation->session_id);
	pair_if(json, "call_id", invocation->call_id);
	pair_if(json, "parent_call_id", invocation->parent_call_id);
	pair_if(json, "trace_id", invocation->trace_id);
	if (invocation->invalid.code != ERROR_NONE)
		json_writer_pair(json, "invalid", invocation->invalid.sentence);
	if (invocation->failed.code != ERROR_NONE)
		json_writer_pair(json, "error", invocation->failed.sentence);
	json_writer_key(json, "duration_ms");
	json_writer_fixed(json, (double)took / USEC_PER_MSEC, 3);
}

static void
write_session_start(
    const struct invocation *invocation, struct json_writer *json)
{
	pair_if(json, "session_id", invocation->session_id);
	raw_if(json, "request", invocation->arguments);
}

static void
write_session_end(const struct invocation *invocation, struct json_writer *json)
{
	pair_if(json, "session_id", invocation->session_id);
	pair_if(json, "reason", invocation->reason);
}

static void
write_self(const struct invocation *invocation, struct json_writer *json)
{
	(void)invocation;
	json_writer_key(json, "capabilities");
	json_writer_array(json);
	for (const struct capability *row = capabilities; row->name != NULL;
	     row++)
		json_writer_text(json, row->name);
	json_writer_end_array(json);
}

/* How each kind is said to kruxosd. */
static const struct {
	const char *verb;
	void (*write)(
	    const struct invocation *invocation, struct json_writer *json);
} words[] = {
	[INVOCATION_CALL] = { "capability.invoke", write_call },
	[INVOCATION_SESSION_START] = { "session.start", write_session_start },
	[INVOCATION_SESSION_END] = { "session.end", write_session_end },
	[INVOCATION_SELF] = { "agent.self", write_self },
};

static link_on_answer on_answer;

static void
ask(struct invocation *invocation)
{
	struct invocations *list = invocation->list;
	cleanup(buf_wipe) struct buf args = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &args);
	json_writer_object(&json);
	words[invocation->kind].write(invocation, &json);
	pair_if(&json, "address", request_variable(list->req, "REMOTE_ADDR"));
	json_writer_end_object(&json);
	list->waiting++;
	invocation->call.on_answer = on_answer;
	link_send(list->gateway->link, &invocation->call,
	    words[invocation->kind].verb, buf_slice(&args), list->token);
}

/* Could the daemon not take the line at all? It is longer or deeper by what
 * belongs to the door. */
static bool
is_too_much(const struct invocation *invocation, const struct answer *answer,
    const struct error *err)
{
	bool is_about_line = answer == NULL ? err->code == ERROR_TOO_LONG
					    : answer->kind == ANSWER_ERROR;

	return is_about_line && invocation->arguments.data != NULL;
}

static void
on_answer(struct link_call *call, const struct answer *answer,
    const struct error *err)
{
	struct invocation *invocation =
	    (struct invocation *)((char *)call -
				  offsetof(struct invocation, call));
	struct invocations *list = invocation->list;

	list->waiting--;
	if (err != NULL && is_too_much(invocation, answer, err)) {
		invocation->arguments = (struct slice){ NULL, 0 };
		invocation_refuse(invocation, err);
		ask(invocation);
		return;
	}
	finish(invocation, answer, err);
	if (list->waiting == 0)
		request_resume(list->req);
}

static int
ask_self(struct invocations *list)
{
	init(&list->self, list, INVOCATION_SELF);
	ask(&list->self);
	return HANDLER_LATER;
}

static int
ask_all(struct invocations *list)
{
	for (struct invocation *invocation = list->first; invocation != NULL;
	     invocation = invocation->next)
		if (invocation->err.code == ERROR_NONE)
			ask(invocation);
	return list->waiting > 0 ? HANDLER_LATER : INVOCATIONS_DONE;
}

/* --- who asks ------------------------------------------------------------- */

/* The token says who; that somebody else is named is no mistake to pass over.
 */
static void
check_agent(struct invocation *invocation)
{
	struct error err;

	if (invocation->agent_name.data == NULL ||
	    slice_equal(invocation->agent_name, invocation->list->agent_name))
		return;
	error_set_field(&err, ERROR_UNAUTHENTICATED, "agent_name",
	    "the token is that of %.*s, and of nobody else",
	    SLICE_ARG(invocation->list->agent_name));
	invocation_refuse(invocation, &err);
}

/* What kruxosd says of him, or that it knows no such. */
static void
take_self(struct invocations *list)
{
	struct json_reader *json = &list->gateway->answers;
	struct error *err = &list->self.err;

	if (err->code == ERROR_NONE &&
	    json_reader_read(json, list->self.result, err) == 0)
		list->agent_name = text_member(json, "name", list->req->arena);
	for (struct invocation *invocation = list->first; invocation != NULL;
	     invocation = invocation->next)
		if (err->code != ERROR_NONE)
			invocation->err = *err;
		else
			check_agent(invocation);
}

/* --- from one stage to the next ------------------------------------------- */

int
invocations_run(struct invocations *list)
{
	switch (list->stage) {
	case STAGE_BEGIN:
		list->stage = STAGE_NAMED;
		if (list->needs_self)
			return ask_self(list);
		/* fallthrough */
	case STAGE_NAMED:
		if (list->needs_self && list->req->worker == 0)
			take_self(list);
		if (list->has_slow && list->req->worker == 0)
			return HANDLER_SLOW;
		read_all(list);
		list->stage = STAGE_READ;
		if (list->req->worker != 0)
			return HANDLER_LOOP;
		/* fallthrough */
	case STAGE_READ:
		list->stage = STAGE_ASKED;
		return ask_all(list);
	case STAGE_ASKED:
		break;
	}
	return INVOCATIONS_DONE;
}

/* --- traces --------------------------------------------------------------- */

/* "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" */
struct slice
invocation_trace_id(struct slice traceparent)
{
	static const struct slice none = { NULL, 0 };
	enum { VERSION = 3, ID = 32 };
	struct slice id = { traceparent.data + VERSION, ID };
	bool is_zero = true;

	if (traceparent.len < sizeof("00-") - 1 + ID + sizeof("-") - 1 ||
	    slice_starts_with(traceparent, SLICE_LITERAL("ff")) ||
	    traceparent.data[VERSION - 1] != '-' ||
	    traceparent.data[VERSION + ID] != '-')
		return none;
	for (size_t i = 0; i < id.len; i++) {
		if (strchr("0123456789abcdef", id.data[i]) == NULL)
			return none;
		is_zero = is_zero && id.data[i] == '0';
	}
	return is_zero ? none : id;
}
