#include "fcgi/rpc.h"

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- reading -------------------------------------------------------------- */

/* As JSON; {NULL, 0}: it is no id. */
static struct slice
id_text(const struct json_node *node, struct arena *arena)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	if (node->type == JSON_NULL)
		return SLICE_LITERAL("null");
	if (node->type == JSON_NUMBER)
		return arena_slice(arena, node->text);
	if (node->type != JSON_STRING)
		return (struct slice){ NULL, 0 };
	json_writer_init(&json, &text);
	json_writer_string(&json, node->text);
	return arena_slice(arena, buf_slice(&text));
}

static int
read_id(const struct json_reader *json, const struct json_node *node,
    struct arena *arena, struct slice *ret_id, struct error *err)
{
	const struct json_node *id = json_reader_member(json, node, "id");

	if (id == NULL)
		return 0;
	*ret_id = id_text(id, arena);
	if (ret_id->data != NULL)
		return 0;
	*ret_id = SLICE_LITERAL("null");
	return error_set_field(err, ERROR_WRONG_TYPE, "id",
	    "id must be a string, a number or null, not %s",
	    json_type_name(id->type));
}

static int
read_members(const struct json_reader *json, const struct json_node *node,
    struct arena *arena, struct rpc_request *ret, struct error *err)
{
	const struct json_node *version =
	    json_reader_member(json, node, "jsonrpc");
	const struct json_node *method =
	    json_reader_member(json, node, "method");

	ret->params = json_reader_member(json, node, "params");
	if (version == NULL || version->type != JSON_STRING ||
	    !slice_is(version->text, "2.0"))
		return error_set_field(
		    err, ERROR_INVALID, "jsonrpc", "jsonrpc must be \"2.0\"");
	if (method == NULL || method->type != JSON_STRING)
		return error_set_field(
		    err, ERROR_INVALID, "method", "method must be a string");
	ret->method = arena_slice(arena, method->text);
	if (ret->params != NULL && ret->params->type != JSON_OBJECT)
		return error_set_field(err, ERROR_WRONG_TYPE, "params",
		    "params must be an object, not %s",
		    json_type_name(ret->params->type));
	return 0;
}

int
rpc_read(const struct json_reader *json, const struct json_node *node,
    struct arena *arena, struct rpc_request *ret, struct error *err)
{
	*ret = (struct rpc_request){ .id = { NULL, 0 } };
	if (node->type != JSON_OBJECT) {
		ret->id = SLICE_LITERAL("null");
		return error_set(err, ERROR_WRONG_TYPE,
		    "a request is an object, not %s",
		    json_type_name(node->type));
	}
	if (read_id(json, node, arena, &ret->id, err) == -1)
		return -1;
	if (read_members(json, node, arena, ret, err) == 0)
		return 0;
	if (ret->id.data == NULL) /* what is no request is answered, too */
		ret->id = SLICE_LITERAL("null");
	return -1;
}

/* --- writing -------------------------------------------------------------- */

static void
begin(struct json_writer *json, struct slice id)
{
	json_writer_object(json);
	json_writer_pair(json, "jsonrpc", "2.0");
	json_writer_key(json, "id");
	json_writer_raw(json, id);
}

void
rpc_begin_result(struct json_writer *json, struct slice id)
{
	begin(json, id);
	json_writer_key(json, "result");
}

void
rpc_end_result(struct json_writer *json)
{
	json_writer_end_object(json);
}

enum rpc_code
rpc_code_of(const struct error *err)
{
	/* What is about the question is not here. */
	static const struct {
		enum error_code code;
		enum rpc_code rpc;
	} rows[] = {
		{ ERROR_BAD_JSON, RPC_PARSE },
		{ ERROR_UNAUTHENTICATED, RPC_AUTHENTICATION },
		{ ERROR_NOT_ALLOWED, RPC_DENIED },
		{ ERROR_APPROVAL_REQUIRED, RPC_APPROVAL_REQUIRED },
		{ ERROR_TOO_MANY, RPC_RATE_LIMIT },
		{ ERROR_SYSTEM, RPC_INTERNAL },
		{ ERROR_CORRUPT, RPC_INTERNAL },
		{ ERROR_BUSY, RPC_INTERNAL },
		{ ERROR_UNREACHABLE, RPC_INTERNAL },
		{ ERROR_AUDIT_UNAVAILABLE, RPC_INTERNAL },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].code == err->code)
			return rows[i].rpc;
	return RPC_INVALID_PARAMS;
}

static void
write_data(
    struct json_writer *json, enum rpc_code code, const struct error *err)
{
	json_writer_key(json, "data");
	json_writer_object(json);
	if (code == RPC_RATE_LIMIT)
		json_writer_pair_u64(json, "retry_after", err->wait_seconds);
	if (code == RPC_DENIED)
		json_writer_pair(json, "reason", err->sentence);
	if (code == RPC_APPROVAL_REQUIRED)
		json_writer_pair(json, "approval_id", err->approval_id);
	if (err->field[0] != '\0')
		json_writer_pair(json, "field", err->field);
	json_writer_end_object(json);
}

void
rpc_write_error(struct json_writer *json, struct slice id, enum rpc_code code,
    const struct error *err)
{
	begin(json, id);
	json_writer_key(json, "error");
	json_writer_object(json);
	json_writer_key(json, "code");
	json_writer_i64(json, code);
	json_writer_pair(json, "message", err->sentence);
	write_data(json, code, err);
	json_writer_end_object(json);
	json_writer_end_object(json);
}
