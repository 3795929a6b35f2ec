#include "fcgi/methods.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "fcgi/rpc.h"
#include "fcgi/schema.h"
#include "http/body.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One request of the body. */
struct item {
	struct slice id;		  /* {NULL, 0}: a notification */
	const struct methods_row *method; /* NULL: it is no request for one */
	enum rpc_code refusal; /* what it is called if we refuse it */
	struct slice name;     /* of the capability that is described */
	struct invocation *invocation;
	struct item *next;
};

/* From one call of the handler to the next. */
struct methods {
	struct gateway *gateway;
	struct request *req;
	struct invocations *list;
	struct slice trace_id;
	bool is_batch;
	struct item *first, **last;
};

/* --- the methods ---------------------------------------------------------- */

static struct slice
text_param(const struct json_reader *json, const struct json_node *params,
    const char *key, struct arena *arena)
{
	const struct json_node *node =
	    params == NULL ? NULL : json_reader_member(json, params, key);

	return node == NULL ? (struct slice){ NULL, 0 }
			    : arena_slice(arena, node->text);
}

static void
begin_create(struct methods *methods, struct item *item,
    const struct json_reader *json, const struct json_node *params)
{
	item->invocation =
	    invocation_add(methods->list, INVOCATION_SESSION_START);
	item->invocation->agent_name =
	    text_param(json, params, "agent_name", methods->req->arena);
	invocation_set_arguments(item->invocation, json, params);
}

static void
write_create(
    struct methods *methods, struct item *item, struct json_writer *out)
{
	struct json_reader *json = &methods->gateway->answers;
	struct error ignored;

	json_writer_object(out);
	if (json_reader_read(json, item->invocation->result, &ignored) == 0)
		json_writer_pair_slice(out, "session_id",
		    text_param(
			json, json->nodes, "session_id", methods->req->arena));
	json_writer_pair_slice(
	    out, "agent_name", invocations_agent(methods->list));
	json_writer_pair_u64(out, "seq", item->invocation->seq);
	json_writer_end_object(out);
}

static void
begin_end(struct methods *methods, struct item *item,
    const struct json_reader *json, const struct json_node *params)
{
	struct arena *arena = methods->req->arena;

	item->invocation =
	    invocation_add(methods->list, INVOCATION_SESSION_END);
	item->invocation->session_id =
	    text_param(json, params, "session_id", arena);
	item->invocation->reason = text_param(json, params, "reason", arena);
	invocation_set_arguments(item->invocation, json, NULL);
}

static void
write_raw(struct methods *methods, struct item *item, struct json_writer *out)
{
	(void)methods;
	json_writer_raw(out, item->invocation->result);
}

static void
begin_list(struct methods *methods, struct item *item,
    const struct json_reader *json, const struct json_node *params)
{
	(void)json, (void)params;
	item->invocation = invocation_add(methods->list, INVOCATION_SELF);
}

/* What kruxosd says of the caller has a tier for each row of the registry, in
 * its order. */
static struct slice
tier_of(
    struct methods *methods, struct item *item, const struct capability *row)
{
	struct json_reader *json = &methods->gateway->answers;
	const struct json_node *tiers, *tier = NULL;
	struct error ignored;

	if (json_reader_read(json, item->invocation->result, &ignored) == -1)
		return (struct slice){ NULL, 0 };
	tiers = json_reader_member(json, json->nodes, "policy_tiers");
	if (tiers != NULL)
		tier = json_reader_first(json, tiers);
	for (ptrdiff_t i = 0; i < row - capabilities && tier != NULL; i++)
		tier = json_reader_next(json, tiers, tier);
	return tier == NULL ? (struct slice){ NULL, 0 } : tier->text;
}

static void
write_capability(struct methods *methods, struct item *item,
    const struct capability *row, struct json_writer *out)
{
	json_writer_object(out);
	json_writer_pair(out, "name", row->name);
	json_writer_pair(out, "description", row->description);
	json_writer_pair_slice(out, "policy_tier", tier_of(methods, item, row));
	json_writer_key(out, "input_schema");
	json_writer_raw(out, slice_of(row->schema));
	json_writer_end_object(out);
}

static void
write_list(struct methods *methods, struct item *item, struct json_writer *out)
{
	json_writer_object(out);
	json_writer_key(out, "capabilities");
	json_writer_array(out);
	for (const struct capability *row = capabilities; row->name != NULL;
	     row++)
		write_capability(methods, item, row, out);
	json_writer_end_array(out);
	json_writer_end_object(out);
}

static void
begin_describe(struct methods *methods, struct item *item,
    const struct json_reader *json, const struct json_node *params)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct error err;

	item->name = text_param(json, params, "name", methods->req->arena);
	item->invocation = invocation_add(methods->list, INVOCATION_SELF);
	if (capability_find(item->name) != NULL)
		return;
	text_add_quoted(&shown, item->name);
	error_set_field(&err, ERROR_NOT_FOUND, "name",
	    "there is no capability %s", shown.data);
	invocation_refuse(item->invocation, &err);
}

static void
write_described(
    struct methods *methods, struct item *item, struct json_writer *out)
{
	write_capability(methods, item, capability_find(item->name), out);
}

static void
begin_invoke(struct methods *methods, struct item *item,
    const struct json_reader *json, const struct json_node *params)
{
	struct arena *arena = methods->req->arena;
	struct invocation *invocation =
	    invocation_add(methods->list, INVOCATION_CALL);

	item->invocation = invocation;
	invocation->capability = text_param(json, params, "name", arena);
	invocation->session_id = text_param(json, params, "session_id", arena);
	invocation->call_id = text_param(json, params, "call_id", arena);
	invocation->parent_call_id =
	    text_param(json, params, "parent_call_id", arena);
	invocation->trace_id = methods->trace_id;
	invocation_set_arguments(
	    invocation, json, json_reader_member(json, params, "arguments"));
}

static void
write_invoked(
    struct methods *methods, struct item *item, struct json_writer *out)
{
	const struct invocation *invocation = item->invocation;

	(void)methods;
	json_writer_object(out);
	json_writer_key(out, "result");
	json_writer_raw(out, invocation->result);
	json_writer_pair_slice(out, "call_id", invocation->ret_call_id);
	json_writer_key(out, "seq");
	if (invocation->seq != 0)
		json_writer_u64(out, invocation->seq);
	else
		json_writer_null(out);
	json_writer_pair_slice(out, "policy_tier", invocation->tier);
	json_writer_key(out, "duration_ms");
	json_writer_fixed(out, (double)invocation->duration / USEC_PER_MSEC, 3);
	json_writer_end_object(out);
}

#define STRING "{\"type\":\"string\",\"minLength\":1,\"maxLength\":"
#define NAME   STRING "128}"
#define PARAMS(required, properties)                   \
	"{\"type\":\"object\",\"required\":[" required \
	"],\"properties\":{" properties "},\"additionalProperties\":false}"

static const struct methods_row {
	const char *name;
	const char *params; /* a schema (schema.h) */
	void (*begin)(struct methods *methods, struct item *item,
	    const struct json_reader *json, const struct json_node *params);
	void (*write)(struct methods *methods, struct item *item,
	    struct json_writer *out);
} rows[] = {
	{ "session.create",
	    PARAMS("", "\"agent_name\":" NAME ",\"purpose\":" STRING "1024},"
		       "\"metadata\":{\"type\":\"object\"}"),
	    begin_create, write_create },
	{ "session.end",
	    PARAMS("\"session_id\"",
		"\"session_id\":" NAME ",\"reason\":" STRING "1024}"),
	    begin_end, write_raw },
	{ "capabilities.list", PARAMS("", ""), begin_list, write_list },
	{ "capabilities.describe", PARAMS("\"name\"", "\"name\":" NAME),
	    begin_describe, write_described },
	{ "capabilities.invoke",
	    PARAMS("\"name\"",
		"\"name\":{\"type\":\"string\"},\"arguments\":{\"type\":"
		"\"object\"},\"session_id\":{\"type\":\"string\"},"
		"\"call_id\":{\"type\":\"string\"},\"parent_call_id\":"
		"{\"type\":\"string\"}"),
	    begin_invoke, write_invoked },
};

/* Read when it is first needed, and kept. */
static const struct schema *
schema_of(const struct methods_row *row)
{
	static struct schema schemas[COUNT(rows)];
	struct schema *schema = &schemas[row - rows];
	struct error err;

	if (schema->json.nodes == NULL &&
	    schema_read(schema, slice_of(row->params), &err) == -1)
		assert(!"the methods' schemas are schemas");
	return schema;
}

/* --- reading a body ------------------------------------------------------- */

static struct item *
add_item(struct methods *methods)
{
	struct item *item = arena_alloc(methods->req->arena, sizeof(*item));

	*methods->last = item;
	methods->last = &item->next;
	return item;
}

/* kruxosd hears of it, if it knows whose the token is. */
static void
refuse(struct methods *methods, struct item *item, enum rpc_code code,
    const struct error *err)
{
	item->refusal = code;
	item->invocation = invocation_add(methods->list, INVOCATION_SELF);
	invocation_refuse(item->invocation, err);
}

/* The same of all that was sent, which has no id. */
static void
refuse_body(
    struct methods *methods, enum rpc_code code, const struct error *err)
{
	struct item *item = add_item(methods);

	methods->is_batch = false;
	item->id = SLICE_LITERAL("null");
	refuse(methods, item, code, err);
}

static int
find_method(struct item *item, struct slice name, struct error *err)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	for (size_t i = 0; i < COUNT(rows); i++) {
		item->method = &rows[i];
		if (slice_is(name, rows[i].name))
			return 0;
	}
	item->method = NULL;
	text_add_quoted(&shown, name);
	return error_set_field(err, ERROR_NOT_FOUND, "method",
	    "there is no method %s", shown.data);
}

static void
read_request(struct methods *methods, const struct json_reader *json,
    const struct json_node *node)
{
	static const struct json_node none = { .type = JSON_OBJECT, .next = 1 };
	struct item *item = add_item(methods);
	struct rpc_request request;
	struct error err;
	int failed = rpc_read(json, node, methods->req->arena, &request, &err);
	const struct json_node *params =
	    request.params == NULL ? &none : request.params;

	item->id = request.id;
	if (failed == -1)
		refuse(methods, item,
		    strcmp(err.field, "params") == 0 ? RPC_INVALID_PARAMS
						     : RPC_INVALID_REQUEST,
		    &err);
	else if (find_method(item, request.method, &err) == -1)
		refuse(methods, item, RPC_METHOD_NOT_FOUND, &err);
	else if (schema_check(schema_of(item->method), json, params, &err) ==
		 -1)
		refuse(methods, item, RPC_INVALID_PARAMS, &err);
	else
		item->method->begin(methods, item, json, request.params);
}

static void
read_body(struct methods *methods)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	const struct json_node *top;
	struct error err;

	if (json_reader_read(&json, methods->req->body, &err) == -1) {
		refuse_body(methods, RPC_PARSE, &err);
		return;
	}
	top = json.nodes;
	methods->is_batch = top->type == JSON_ARRAY;
	if (!methods->is_batch) {
		read_request(methods, &json, top);
		return;
	}
	if (top->children == 0 || top->children > METHODS_BATCH) {
		error_set(&err, ERROR_OUT_OF_RANGE,
		    "a batch has 1 to %d requests, not %u", METHODS_BATCH,
		    top->children);
		refuse_body(methods, RPC_INVALID_REQUEST, &err);
		return;
	}
	for (const struct json_node *node = json_reader_first(&json, top);
	     node != NULL; node = json_reader_next(&json, top, node))
		read_request(methods, &json, node);
}

/* --- answering ------------------------------------------------------------ */

static void
write_item(struct methods *methods, struct item *item, struct json_writer *out)
{
	const struct invocation *invocation = item->invocation;
	const struct error *err = &invocation->err;

	if (err->code == ERROR_NONE) {
		rpc_begin_result(out, item->id);
		item->method->write(methods, item, out);
		rpc_end_result(out);
		return;
	}
	rpc_write_error(out, item->id,
	    invocation->is_refused && item->refusal != 0 ? item->refusal
							 : rpc_code_of(err),
	    err);
}

/* Is it about who asks, and not how often he does what? */
static bool
is_throttled(const struct error *err)
{
	return err->code == ERROR_TOO_MANY &&
	       strcmp(err->field, "credential") == 0;
}

/* HTTP's status tells only what a client needs before it reads: that nobody
 * knows the token, and, of a single request, that the same may succeed soon. */
static int
status_of(const struct methods *methods, struct reply *rep)
{
	for (const struct item *item = methods->first; item != NULL;
	     item = item->next) {
		const struct error *err = &item->invocation->err;

		if (err->code == ERROR_UNAUTHENTICATED)
			return 401;
		if (is_throttled(err)) {
			reply_header(
			    rep, "Retry-After", "%u", err->wait_seconds);
			return 429;
		}
		if (!methods->is_batch && err->code != ERROR_NONE &&
		    rpc_code_of(err) == RPC_INTERNAL) {
			reply_header(rep, "Retry-After", "2");
			return 503;
		}
	}
	return 200;
}

/* Notifications have no answer, so that there may be none at all. */
static int
answer(struct methods *methods, struct reply *rep)
{
	int status = status_of(methods, rep);
	bool has_answer = false;

	for (struct item *item = methods->first; item != NULL;
	     item = item->next) {
		if (item->id.data == NULL)
			continue;
		if (!has_answer && methods->is_batch)
			json_writer_array(rep->json);
		has_answer = true;
		write_item(methods, item, rep->json);
	}
	if (has_answer && methods->is_batch)
		json_writer_end_array(rep->json);
	return has_answer || status != 200 ? status : 204;
}

/* Who brings no token is told so, without kruxosd. */
static int
refuse_stranger(struct reply *rep)
{
	struct error err;

	error_set(&err, ERROR_UNAUTHENTICATED,
	    "this needs an agent's token (krx_agent_…), as a bearer token");
	rpc_write_error(
	    rep->json, SLICE_LITERAL("null"), RPC_AUTHENTICATION, &err);
	return 401;
}

static struct methods *
begin(struct gateway *gateway, struct request *req, struct slice token)
{
	struct methods *methods = arena_alloc(req->arena, sizeof(*methods));

	methods->gateway = gateway;
	methods->req = req;
	methods->list = invocations_new(gateway, req, token);
	methods->trace_id =
	    invocation_trace_id(request_header(req, "traceparent"));
	methods->last = &methods->first;
	read_body(methods);
	return methods;
}

int
methods_post(struct gateway *gateway, struct request *req, struct reply *rep,
    struct error *err)
{
	struct methods *methods = req->state;
	int again;

	if (methods == NULL) {
		struct slice token = invocation_token(req);

		if (!body_is_json(req)) {
			error_set(err, ERROR_INVALID,
			    "the body must be application/json");
			return 415;
		}
		if (token.data == NULL)
			return refuse_stranger(rep);
		req->state = methods = begin(gateway, req, token);
	}
	again = invocations_run(methods->list);
	return again == INVOCATIONS_DONE ? answer(methods, rep) : again;
}
