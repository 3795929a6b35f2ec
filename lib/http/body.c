#include "http/body.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "http/route.h"

#include <strings.h>

/* The media type without its parameters: charset is UTF-8 by definition (RFC
 * 8259, 11). */
static bool
is_json(struct slice type)
{
	static const struct slice json = SLICE_LITERAL("application/json");

	if (type.len < json.len ||
	    strncasecmp(type.data, json.data, json.len) != 0)
		return false;
	return type.len == json.len || type.data[json.len] == ';' ||
	       type.data[json.len] == ' ';
}

bool
body_is_json(const struct request *req)
{
	return is_json(request_variable(req, "CONTENT_TYPE"));
}

int
body_check(const struct request *req, struct error *err)
{
	if (req->body.len > req->body_bytes) {
		error_set(err, ERROR_TOO_LONG,
		    "the body is longer than %zu bytes", req->body_bytes);
		return 413;
	}
	if ((req->route->flags & ROUTE_ANY_BODY) != 0)
		return 0;
	if (!body_is_json(req)) {
		error_set(
		    err, ERROR_INVALID, "the body must be application/json");
		return 415;
	}
	return 0;
}

static int
wrong_type(const struct param *param, const char *wanted,
    const struct json_node *node, struct error *err)
{
	return error_set_field(err, ERROR_WRONG_TYPE, param->name,
	    "%s must be %s, not %s", param->name, wanted,
	    json_type_name(node->type));
}

/* One value that is no array. */
static int
read_value(struct param_reader *reader, const struct param *param,
    const struct json_node *node, struct error *err)
{
	bool is_number = param->type == PARAM_TYPE_U64;

	if (node->type != (is_number ? JSON_NUMBER : JSON_STRING))
		return wrong_type(
		    param, is_number ? "a number" : "a string", node, err);
	if (memchr(node->text.data, '\0', node->text.len) != NULL)
		return error_set_field(err, ERROR_INVALID, param->name,
		    "%s holds a NUL", param->name);
	/* The reader's own memory ends with the reading. */
	return param_take(
	    reader, param, arena_slice(reader->arena, node->text), err);
}

static int
read_member(struct param_reader *reader, const struct json_reader *json,
    const struct json_node *node, struct error *err)
{
	const struct param *param = param_find(reader, node->key, err);

	if (param == NULL)
		return -1;
	if (!(param->flags & PARAM_LIST))
		return read_value(reader, param, node, err);
	if (node->type != JSON_ARRAY)
		return wrong_type(param, "an array of strings", node, err);
	for (const struct json_node *item = json_reader_first(json, node);
	     item != NULL; item = json_reader_next(json, node, item))
		if (read_value(reader, param, item, err) == -1)
			return -1;
	return 0;
}

int
body_parse(struct slice body, const struct param *table, struct arena *arena,
    void *ret, struct error *err)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	struct param_reader reader = {
		.table = table, .arena = arena, .ret = ret
	};

	if (body.len == 0)
		return param_check_required(&reader, err);
	if (json_reader_read(&json, body, err) == -1)
		return error_prefix(err, "the body");
	if (json.nodes[0].type != JSON_OBJECT)
		return error_set(err, ERROR_WRONG_TYPE,
		    "the body must be an object, not %s",
		    json_type_name(json.nodes[0].type));
	for (const struct json_node *node =
		 json_reader_first(&json, &json.nodes[0]);
	     node != NULL; node = json_reader_next(&json, &json.nodes[0], node))
		if (read_member(&reader, &json, node, err) == -1)
			return -1;
	return param_check_required(&reader, err);
}

int
body_read(struct request *req, void *ret, struct error *err)
{
	return body_parse(req->body, req->route->body, req->arena, ret, err);
}
