#include "fcgi/mcp_tool.h"

#include "base/cleanup.h"

/* --- names ---------------------------------------------------------------- */

static void
add_name(struct buf *out, const char *capability)
{
	for (const char *c = capability; *c != '\0'; c++) {
		if (*c == '.')
			buf_add_str(out, "__");
		else
			buf_add_char(out, *c);
	}
}

struct slice
mcp_tool_capability(struct slice tool, struct arena *arena)
{
	char *name = arena_alloc(arena, tool.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < tool.len; i++) {
		bool is_dot = tool.data[i] == '_' && i + 1 < tool.len &&
			      tool.data[i + 1] == '_';

		name[len++] = is_dot ? '.' : tool.data[i];
		i += is_dot;
	}
	return (struct slice){ name, len };
}

/* --- the list ------------------------------------------------------------- */

/* None of them takes away what is there, and none reaches beyond this host. */
static void
write_annotations(struct json_writer *json, const struct capability *capability)
{
	json_writer_object(json);
	json_writer_pair_bool(json, "readOnlyHint", capability->read != NULL);
	json_writer_pair_bool(json, "destructiveHint", false);
	json_writer_pair_bool(json, "openWorldHint", false);
	json_writer_end_object(json);
}

static void
write_tool(struct json_writer *json, const struct capability *capability)
{
	cleanup(buf_free) struct buf name = BUF_INIT;

	add_name(&name, capability->name);
	json_writer_object(json);
	json_writer_pair(json, "name", name.data);
	json_writer_pair(json, "description", capability->description);
	json_writer_key(json, "inputSchema");
	json_writer_raw(json, slice_of(capability->schema));
	json_writer_key(json, "annotations");
	write_annotations(json, capability);
	json_writer_end_object(json);
}

void
mcp_tool_write_list(struct json_writer *json)
{
	json_writer_key(json, "tools");
	json_writer_array(json);
	for (const struct capability *capability = capabilities;
	     capability->name != NULL; capability++)
		write_tool(json, capability);
	json_writer_end_array(json);
}

/* --- results -------------------------------------------------------------- */

void
mcp_tool_write_result(struct json_writer *json, struct slice result)
{
	json_writer_key(json, "content");
	json_writer_array(json);
	json_writer_object(json);
	json_writer_pair(json, "type", "text");
	json_writer_pair_slice(json, "text", result);
	json_writer_end_object(json);
	json_writer_end_array(json);
	json_writer_key(json, "structuredContent");
	json_writer_raw(json, result);
}

/* What an agent can tell one from the other by, and act on. */
static const char *
name_of(enum error_code code)
{
	static const char *const names[ERROR_CODES] = {
		[ERROR_SYSTEM] = "unavailable",
		[ERROR_BUSY] = "unavailable",
		[ERROR_CORRUPT] = "unavailable",
		[ERROR_UNREACHABLE] = "unavailable",
		[ERROR_AUDIT_UNAVAILABLE] = "audit_unavailable",
		[ERROR_NOT_ALLOWED] = "denied",
		[ERROR_TOO_MANY] = "rate_limited",
		[ERROR_APPROVAL_REQUIRED] = "approval_required",
		[ERROR_NOT_FOUND] = "not_found",
		[ERROR_CONFLICT] = "conflict",
	};

	return names[code] != NULL ? names[code] : "invalid_arguments";
}

void
mcp_tool_write_error(struct json_writer *json, const struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer error;

	json_writer_init(&error, &text);
	json_writer_object(&error);
	json_writer_pair(&error, "error", name_of(err->code));
	json_writer_pair(&error, "message", err->sentence);
	if (err->code == ERROR_APPROVAL_REQUIRED)
		json_writer_pair(&error, "approval_id", err->approval_id);
	if (err->code == ERROR_TOO_MANY)
		json_writer_pair_u64(&error, "retry_after", err->wait_seconds);
	json_writer_end_object(&error);
	mcp_tool_write_result(json, buf_slice(&text));
	json_writer_pair_bool(json, "isError", true);
}
