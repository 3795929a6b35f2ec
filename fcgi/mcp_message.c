#include "fcgi/mcp_message.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <openssl/evp.h>

#define META_VERSION	  "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

enum { NAME_BYTES = 1024 }; /* of what Mcp-Name repeats */

/* The newest first. Older ones than these may send several messages at once,
 * and know no structured results. */
static const char *const first_revisions[] = { "2025-11-25", "2025-06-18" };

enum { FIRST_REVISIONS = sizeof(first_revisions) / sizeof(*first_revisions) };

/* What Mcp-Name repeats, by method. */
static const struct name_source {
	const char *method, *param;
} name_sources[] = {
	{ "tools/call", "name" },
	{ "prompts/get", "name" },
	{ "resources/read", "uri" },
};

enum { NAME_SOURCES = sizeof(name_sources) / sizeof(*name_sources) };

int
mcp_message_refuse(struct mcp_refusal *ret_refusal, int status,
    enum mcp_code code, const char *sentence)
{
	ret_refusal->status = status;
	ret_refusal->code = code;
	ret_refusal->sentence = sentence;
	return -1;
}

/* --- what it says --------------------------------------------------------- */

static int
refuse_text(struct mcp_refusal *ret_refusal, enum error_code code)
{
	static const char *const sentences[ERROR_CODES] = {
		[ERROR_BAD_UTF8] = "the body is not valid UTF-8",
		[ERROR_DUPLICATE_KEY] = "a key of the body comes twice",
		[ERROR_TOO_DEEP] = "the body is nested too deep",
		[ERROR_TOO_LONG] = "the body is too long",
	};

	return mcp_message_refuse(ret_refusal, 400, MCP_PARSE_ERROR,
	    sentences[code] != NULL ? sentences[code]
				    : "the body is no valid JSON");
}

static bool
is_integer(struct slice digits)
{
	for (size_t i = 0; i < digits.len; i++)
		if (strchr(".eE", digits.data[i]) != NULL)
			return false;
	return true;
}

static bool
is_id(const struct json_node *node)
{
	return node->type == JSON_STRING ||
	       (node->type == JSON_NUMBER && is_integer(node->text));
}

/* A request's or a notification's. */
static int
read_call(const struct json_reader *reader, const struct json_node *method,
    struct mcp_message *ret, struct mcp_refusal *ret_refusal)
{
	const struct json_node *id =
	    json_reader_member(reader, reader->nodes, "id");

	if (method->type != JSON_STRING || (id != NULL && !is_id(id)))
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "a method is a string, and an id a string or an integer");
	ret->kind = id == NULL ? MCP_NOTIFICATION : MCP_REQUEST;
	ret->id = id;
	ret->method = method->text;
	ret_refusal->id = id;
	ret->params = json_reader_member(reader, reader->nodes, "params");
	if (ret->params == NULL)
		return 0;
	if (ret->params->type != JSON_OBJECT)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "params is an object");
	ret->meta = json_reader_member(reader, ret->params, "_meta");
	if (ret->meta == NULL || ret->meta->type == JSON_OBJECT)
		return 0;
	return mcp_message_refuse(
	    ret_refusal, 400, MCP_INVALID_PARAMS, "_meta is an object");
}

static int
read_response(const struct json_reader *reader, struct mcp_message *ret,
    struct mcp_refusal *ret_refusal)
{
	ret->kind = MCP_RESPONSE;
	if (json_reader_member(reader, reader->nodes, "result") != NULL ||
	    json_reader_member(reader, reader->nodes, "error") != NULL)
		return 0;
	return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
	    "a message has a method, a result or an error");
}

static int
read_body(const struct json_reader *reader, struct mcp_message *ret,
    struct mcp_refusal *ret_refusal)
{
	const struct json_node *top = reader->nodes, *version, *method;

	if (top->type != JSON_OBJECT)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    top->type == JSON_ARRAY
			? "one message a request: no batches"
			: "a message is an object");
	version = json_reader_member(reader, top, "jsonrpc");
	if (version == NULL || version->type != JSON_STRING ||
	    !slice_is(version->text, "2.0"))
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "jsonrpc is \"2.0\"");
	method = json_reader_member(reader, top, "method");
	if (method == NULL)
		return read_response(reader, ret, ret_refusal);
	return read_call(reader, method, ret, ret_refusal);
}

/* --- of which era it is --------------------------------------------------- */

static struct slice
trimmed(struct slice value)
{
	while (value.len > 0 && strchr(" \t", value.data[0]) != NULL) {
		value.data++;
		value.len--;
	}
	while (
	    value.len > 0 && strchr(" \t", value.data[value.len - 1]) != NULL)
		value.len--;
	return value;
}

/* Revisions are dates: whatever comes behind is of the second era, be it
 * spoken here or not. */
static bool
names_second(struct slice version)
{
	size_t len = sizeof(MCP_SECOND_REVISION) - 1;
	int order;

	if (version.data == NULL)
		return false;
	order = memcmp(version.data, MCP_SECOND_REVISION,
	    version.len < len ? version.len : len);
	return order > 0 || (order == 0 && version.len >= len);
}

static bool
is_first_revision(struct slice version)
{
	for (size_t i = 0; i < FIRST_REVISIONS; i++)
		if (slice_is(version, first_revisions[i]))
			return true;
	return false;
}

static const struct json_node *
meta_member(const struct json_reader *reader, const struct mcp_message *message,
    const char *key)
{
	return message->meta == NULL
		   ? NULL
		   : json_reader_member(reader, message->meta, key);
}

static enum mcp_era
era_of(const struct json_reader *reader, const struct mcp_headers *headers,
    const struct mcp_message *message)
{
	const struct json_node *claim =
	    meta_member(reader, message, META_VERSION);

	if (names_second(headers->version))
		return MCP_SECOND;
	/* A handshake may say in its _meta which revision of its era it is. */
	if (claim != NULL && (!slice_is(message->method, "initialize") ||
				 names_second(claim->text)))
		return MCP_SECOND;
	return slice_is(message->method, "server/discover") ? MCP_SECOND
							    : MCP_FIRST;
}

bool
mcp_message_is_first(const struct mcp_headers *headers)
{
	return !names_second(trimmed(headers->version));
}

/* --- what the first era wants --------------------------------------------- */

static int
check_first(const struct mcp_headers *headers, struct mcp_message *message,
    struct mcp_refusal *ret_refusal)
{
	if (message->kind == MCP_REQUEST &&
	    slice_is(message->method, "initialize"))
		return 0;
	if (headers->version.data != NULL &&
	    !is_first_revision(headers->version))
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "this MCP-Protocol-Version is not spoken here");
	if (headers->session.len == 0)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "the header Mcp-Session-Id is missing: initialize first");
	message->session = headers->session;
	return 0;
}

/* --- what the second era wants -------------------------------------------- */

static int
refuse_version(struct mcp_refusal *ret_refusal, struct slice requested)
{
	ret_refusal->requested = requested;
	return mcp_message_refuse(ret_refusal, 400, MCP_UNSUPPORTED_VERSION,
	    "Unsupported protocol version");
}

static int
refuse_headers(struct mcp_refusal *ret_refusal, const char *sentence)
{
	return mcp_message_refuse(
	    ret_refusal, 400, MCP_HEADER_MISMATCH, sentence);
}

static int
check_version(const struct json_reader *reader,
    const struct mcp_headers *headers, const struct mcp_message *message,
    struct mcp_refusal *ret_refusal)
{
	const struct json_node *claim =
	    meta_member(reader, message, META_VERSION);

	if (headers->version.data == NULL)
		return refuse_headers(ret_refusal,
		    "Header mismatch: MCP-Protocol-Version is missing");
	if (claim == NULL && !slice_is(headers->version, MCP_SECOND_REVISION))
		return refuse_version(ret_refusal, headers->version);
	if (claim == NULL || claim->type != JSON_STRING)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_PARAMS,
		    "_meta has no " META_VERSION);
	if (!slice_equal(headers->version, claim->text))
		return refuse_headers(ret_refusal,
		    "Header mismatch: MCP-Protocol-Version is not the "
		    "revision of _meta");
	if (!slice_is(claim->text, MCP_SECOND_REVISION))
		return refuse_version(ret_refusal, claim->text);
	return 0;
}

/* What cannot stand in a header as it is comes as "=?base64?…?=". There is one
 * right way to encode a name, so it is the name that is encoded. */
static bool
is_encoded(struct slice header, struct slice name)
{
	cleanup(buf_free) struct buf encoded = BUF_INIT;
	char base64[(NAME_BYTES + 2) / 3 * 4 + 1];

	if (name.len > NAME_BYTES)
		return false;
	EVP_EncodeBlock((unsigned char *)base64,
	    (const unsigned char *)name.data, (int)name.len);
	buf_addf(&encoded, "=?base64?%s?=", base64);
	return slice_equal(header, buf_slice(&encoded));
}

static bool
is_encoding(struct slice header)
{
	return slice_starts_with(header, SLICE_LITERAL("=?base64?")) &&
	       slice_ends_with(header, SLICE_LITERAL("?="));
}

static int
check_name(const struct json_reader *reader, struct slice header,
    const struct mcp_message *message, struct mcp_refusal *ret_refusal)
{
	const struct json_node *name = NULL;

	for (size_t i = 0; i < NAME_SOURCES && message->params != NULL; i++)
		if (slice_is(message->method, name_sources[i].method))
			name = json_reader_member(
			    reader, message->params, name_sources[i].param);
	if (name == NULL || name->type != JSON_STRING)
		return 0;
	if (header.data == NULL)
		return refuse_headers(
		    ret_refusal, "Header mismatch: Mcp-Name is missing");
	if (is_encoding(header) ? is_encoded(header, name->text)
				: slice_equal(header, name->text))
		return 0;
	return refuse_headers(
	    ret_refusal, "Header mismatch: Mcp-Name is not what params names");
}

static int
check_request(const struct json_reader *reader,
    const struct mcp_headers *headers, const struct mcp_message *message,
    struct mcp_refusal *ret_refusal)
{
	const struct json_node *capabilities;

	if (check_version(reader, headers, message, ret_refusal) == -1)
		return -1;
	if (headers->method.data == NULL)
		return refuse_headers(
		    ret_refusal, "Header mismatch: Mcp-Method is missing");
	if (!slice_equal(headers->method, message->method))
		return refuse_headers(
		    ret_refusal, "Header mismatch: Mcp-Method is not method");
	if (check_name(reader, headers->name, message, ret_refusal) == -1)
		return -1;
	capabilities = meta_member(reader, message, META_CAPABILITIES);
	if (capabilities == NULL || capabilities->type != JSON_OBJECT)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_PARAMS,
		    "_meta has no " META_CAPABILITIES);
	return 0;
}

/* The revision leaves the headers of notifications open; it defines none that
 * come this way. */
static int
check_second(const struct json_reader *reader,
    const struct mcp_headers *headers, const struct mcp_message *message,
    struct mcp_refusal *ret_refusal)
{
	if (message->kind == MCP_RESPONSE)
		return mcp_message_refuse(ret_refusal, 400, MCP_INVALID_REQUEST,
		    "a client sends no responses");
	if (message->kind == MCP_REQUEST)
		return check_request(reader, headers, message, ret_refusal);
	if (headers->version.data != NULL &&
	    !slice_is(headers->version, MCP_SECOND_REVISION))
		return refuse_version(ret_refusal, headers->version);
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

int
mcp_message_read(struct json_reader *reader, const struct mcp_headers *headers,
    struct slice body, struct mcp_message *ret, struct mcp_refusal *ret_refusal)
{
	struct mcp_headers clean = {
		trimmed(headers->version),
		trimmed(headers->method),
		trimmed(headers->name),
		trimmed(headers->session),
	};
	struct error err = { 0 };

	*ret = (struct mcp_message){ 0 };
	*ret_refusal = (struct mcp_refusal){ 0 };
	if (json_reader_read(reader, body, &err) == -1)
		return refuse_text(ret_refusal, err.code);
	if (read_body(reader, ret, ret_refusal) == -1)
		return -1;
	ret->era = era_of(reader, &clean, ret);
	if (ret->era == MCP_FIRST)
		return check_first(&clean, ret, ret_refusal);
	return check_second(reader, &clean, ret, ret_refusal);
}

const char *
mcp_message_revision(struct slice asked)
{
	for (size_t i = 0; i < FIRST_REVISIONS; i++)
		if (slice_is(asked, first_revisions[i]))
			return first_revisions[i];
	return first_revisions[0];
}

/* --- what _meta says ------------------------------------------------------ */

struct slice
mcp_message_meta(const struct json_reader *reader,
    const struct mcp_message *message, const char *key)
{
	const struct json_node *node = meta_member(reader, message, key);

	return node == NULL || node->type != JSON_STRING
		   ? (struct slice){ NULL, 0 }
		   : node->text;
}

/* A client that names no mode can do forms: that was all there was before. */
bool
mcp_message_elicits(
    const struct json_reader *reader, const struct mcp_message *message)
{
	const struct json_node *capabilities =
	    meta_member(reader, message, META_CAPABILITIES);
	const struct json_node *elicitation;

	if (capabilities == NULL || capabilities->type != JSON_OBJECT)
		return false;
	elicitation = json_reader_member(reader, capabilities, "elicitation");
	if (elicitation == NULL || elicitation->type != JSON_OBJECT)
		return false;
	return elicitation->children == 0 ||
	       json_reader_member(reader, elicitation, "form") != NULL;
}
