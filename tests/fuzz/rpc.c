/* Any bytes as the body of POST /rpc: whatever it is, the answer is one that
 * JSON-RPC 2.0 knows, one for each request that has an id, with the code of
 * what was wrong. What is asked of kruxosd is answered here. */
#include "fcgi/methods.c"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* --- instead of invocation.c ---------------------------------------------- */

enum { ASKED = METHODS_BATCH };

struct invocations {
	struct request *req;
	struct invocation *asked[ASKED];
	size_t count;
	bool is_answered;
};

struct slice
invocation_token(const struct request *req)
{
	(void)req;
	return SLICE_LITERAL("krx_agent_x");
}

struct invocations *
invocations_new(
    struct gateway *gateway, struct request *req, struct slice token)
{
	struct invocations *list = arena_alloc(req->arena, sizeof(*list));

	(void)gateway;
	assert(token.len > 0);
	list->req = req;
	return list;
}

struct invocation *
invocation_add(struct invocations *list, enum invocation_kind kind)
{
	struct invocation *invocation =
	    arena_alloc(list->req->arena, sizeof(*invocation));

	invocation->kind = kind;
	assert(list->count < ASKED);
	list->asked[list->count++] = invocation;
	return invocation;
}

void
invocation_set_arguments(struct invocation *invocation,
    const struct json_reader *json, const struct json_node *arguments)
{
	const struct capability *row = capability_find(invocation->capability);
	struct error err = { 0 };

	assert(arguments == NULL || arguments->type == JSON_OBJECT);
	if (row == NULL)
		error_set(&err, ERROR_NOT_FOUND, "there is no such");
	else
		(void)capability_check(row, json, arguments, &err);
	if (invocation->kind == INVOCATION_CALL && err.code != ERROR_NONE)
		invocation_refuse(invocation, &err);
}

void
invocation_refuse(struct invocation *invocation, const struct error *err)
{
	assert(err->code != ERROR_NONE && err->sentence[0] != '\0');
	invocation->err = *err;
	invocation->is_refused = true;
}

int
invocations_run(struct invocations *list)
{
	if (!list->is_answered) {
		list->is_answered = true;
		return HANDLER_LATER;
	}
	for (size_t i = 0; i < list->count; i++)
		list->asked[i]->result =
		    SLICE_LITERAL("{\"session_id\":\"s\",\"policy_tiers\":"
				  "[\"autonomous\"]}");
	return INVOCATIONS_DONE;
}

struct slice
invocations_agent(const struct invocations *list)
{
	(void)list;
	return SLICE_LITERAL("bot");
}

struct slice
invocation_trace_id(struct slice traceparent)
{
	return traceparent;
}

/* --- the answer ----------------------------------------------------------- */

static void
check_answer(const struct json_reader *json, const struct json_node *node)
{
	const struct json_node *id = json_reader_member(json, node, "id");
	const struct json_node *error = json_reader_member(json, node, "error");
	const struct json_node *result =
	    json_reader_member(json, node, "result");

	assert(id != NULL && id->type != JSON_OBJECT && id->type != JSON_ARRAY);
	assert((error == NULL) != (result == NULL));
	if (error == NULL)
		return;
	assert(json_reader_member(json, error, "code")->type == JSON_NUMBER);
	assert(json_reader_member(json, error, "message")->text.len > 0);
	assert(json_reader_member(json, error, "data")->type == JSON_OBJECT);
}

static void
check_body(int status, struct slice body)
{
	static struct json_reader json = JSON_READER_INIT;
	struct error err;

	if (status == 204) {
		assert(body.len == 0);
		return;
	}
	assert(status == 200);
	if (json_reader_read(&json, body, &err) == -1)
		assert(!"an answer is JSON");
	if (json.nodes->type != JSON_ARRAY) {
		check_answer(&json, json.nodes);
		return;
	}
	assert(json.nodes->children <= METHODS_BATCH);
	for (const struct json_node *node =
		 json_reader_first(&json, json.nodes);
	     node != NULL; node = json_reader_next(&json, json.nodes, node))
		check_answer(&json, node);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct gateway gateway = { .answers = JSON_READER_INIT };
	static char type[] = "CONTENT_TYPE=application/json";
	char *variables[] = { type, NULL };
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct reply rep;
	struct request req;
	struct error err = { 0 };
	int status;

	request_init(&req, variables,
	    (struct slice){ (const char *)data, size }, &arena);
	reply_init(&rep);
	reply_begin(&rep, &arena, NULL, false);
	while ((status = methods_post(&gateway, &req, &rep, &err)) ==
	       HANDLER_LATER)
		;
	check_body(status, buf_slice(&rep.body));
	reply_free(&rep);
	return 0;
}
