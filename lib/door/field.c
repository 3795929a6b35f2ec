#include "door/field.h"

#include "base/number.h"
#include "base/text.h"
#include "door/tool.h"

#include <errno.h>

/* How much of a wrong value a sentence shows. */
enum { SHOWN_BYTES = 80 };

/* A duration in milliseconds beyond this (30,000 years) is no duration. */
#define DURATION_MAX 1e15

const struct field_words field_actors = {
	entry_actor_of,
	"agent, user, system",
};
const struct field_words field_sources = {
	entry_source_of,
	"gateway, hook, otlp, sdk, cli, dashboard, daemon, import",
};
const struct field_words field_tiers = {
	entry_tier_of,
	"autonomous, notify, approval_required, blocked",
};
const struct field_words field_deciders = {
	entry_decider_of,
	"policy, user, hook, mode, none",
};
const struct field_words field_statuses = {
	entry_status_of,
	"success, error, denied, pending",
};

/* The front of text from outside, for a sentence; good until the next call. */
static const char *
show(struct message_parser *parser, struct slice text)
{
	struct slice front = { text.data, text_cut(text, SHOWN_BYTES) };

	buf_reset(&parser->shown);
	text_add_visible(&parser->shown, front, TEXT_ONE_LINE);
	if (front.len < text.len)
		buf_add_str(&parser->shown, "…");
	return parser->shown.data;
}

static int
check_type(const struct field *field, const struct json_node *node,
    enum json_node_type type, struct error *err)
{
	if (node->type == type)
		return 0;
	return error_set_field(err, ERROR_WRONG_TYPE, field->key,
	    "%s is %s, not %s", field->key, json_type_name(type),
	    json_type_name(node->type));
}

static int
check_name(struct message_parser *parser, const char *key, struct slice text,
    struct error *err)
{
	if (text.len > ENTRY_NAME_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, key,
		    "%s has %zu bytes, at most %d are allowed", key, text.len,
		    ENTRY_NAME_BYTES);
	if (entry_is_name(text))
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, key,
	    "%s \"%s\" is not 1-%d of A-Z a-z 0-9 . _ : @ / + - with no - in "
	    "front",
	    key, show(parser, text), ENTRY_NAME_BYTES);
}

/* The readers of field_read()'s table: the value `node`, of the right type,
 * into `place`. */

static int
read_name(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	struct slice *ret = place;

	if (check_name(parser, field->key, node->text, err) == -1)
		return -1;
	*ret = node->text;
	return 0;
}

/* mcp__server__tool, as MCP clients spell it, is mcp.server.tool here. */
static struct slice
rewrite_mcp(struct message_parser *parser, struct slice text)
{
	struct slice server;
	struct slice tool;

	if (!tool_is_mcp(text, &server, &tool))
		return text;
	buf_reset(&parser->capability);
	tool_add_mcp_capability(&parser->capability, server, tool);
	return buf_slice(&parser->capability);
}

static int
read_capability(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	struct slice *ret = place;
	struct slice text;

	if (check_name(parser, field->key, node->text, err) == -1)
		return -1;
	text = rewrite_mcp(parser, node->text);
	if (!entry_is_capability(text))
		return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
		    "%s \"%s\" has no dot", field->key, show(parser, text));
	*ret = text;
	return 0;
}

static int
read_word(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	unsigned *ret = place;
	int value = field->words->of(node->text);

	if (value == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
		    "%s \"%s\" is not one of %s", field->key,
		    show(parser, node->text), field->words->all);
	*ret = (unsigned)value;
	return 0;
}

static int
read_time(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	struct error why;

	if (clock_parse(node->text, place, &why) == 0)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
	    "%s \"%s\" is not a time as in 2026-11-23T20:15:08.123456Z",
	    field->key, show(parser, node->text));
}

static int
read_duration(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	struct slice *ret = place;
	struct slice digits = node->text;
	double value;

	if (digits.len > MESSAGE_DURATION_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, field->key,
		    "%s has %zu digits, at most %d are allowed", field->key,
		    digits.len, MESSAGE_DURATION_BYTES);
	if (digits.data[0] == '-' ||
	    number_parse_double(digits, 0, DURATION_MAX, &value) == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
		    "%s %s is not within 0 and %.0e", field->key,
		    show(parser, digits), DURATION_MAX);
	*ret = digits;
	return 0;
}

/* What is looked into later, if at all. */
static int
read_node(struct message_parser *parser, const struct field *field,
    const struct json_node *node, void *place, struct error *err)
{
	const struct json_node **ret = place;

	(void)parser;
	(void)field;
	(void)err;
	*ret = node;
	return 0;
}

int
field_read(struct message_parser *parser, const struct field *field,
    const struct json_node *node, struct message *ret, struct error *err)
{
	static const struct {
		enum json_node_type json;
		int (*read)(struct message_parser *parser,
		    const struct field *field, const struct json_node *node,
		    void *place, struct error *err);
	} types[] = {
		[FIELD_TIME] = { JSON_STRING, read_time },
		[FIELD_NAME] = { JSON_STRING, read_name },
		[FIELD_CAPABILITY] = { JSON_STRING, read_capability },
		[FIELD_WORD] = { JSON_STRING, read_word },
		[FIELD_DURATION] = { JSON_NUMBER, read_duration },
		[FIELD_STRING] = { JSON_STRING, read_node },
		[FIELD_OBJECT] = { JSON_OBJECT, read_node },
	};

	if (field->type == FIELD_DAEMON)
		return error_set_field(err, ERROR_NOT_ALLOWED, field->key,
		    "%s is written by the daemon alone", field->key);
	if (check_type(field, node, types[field->type].json, err) == -1)
		return -1;
	return types[field->type].read(
	    parser, field, node, (char *)ret + field->offset, err);
}

int
field_unknown(struct message_parser *parser, struct slice key,
    const char *where, struct error *err)
{
	const char *shown = show(parser, key);

	return error_set_field(err, ERROR_UNKNOWN_FIELD, shown,
	    "%s has no field \"%s\"", where, shown);
}

int
field_missing(const char *key, struct error *err)
{
	return error_set_field(
	    err, ERROR_MISSING_FIELD, key, "%s is missing", key);
}
