/* Any bytes as a message of the Model Context Protocol, its headers on the
 * lines before it: what is taken is whole, what is not is refused with a code
 * and words of our own. */
#include "fcgi/mcp_message.h"

#include <assert.h>

static void
check_message(const struct json_reader *reader,
    const struct mcp_message *message, const struct mcp_headers *headers)
{
	bool is_request = message->kind == MCP_REQUEST;

	assert((message->id != NULL) == is_request);
	assert(
	    (message->method.data != NULL) == (message->kind != MCP_RESPONSE));
	assert(message->params == NULL || message->params->type == JSON_OBJECT);
	assert(message->meta == NULL || message->meta->type == JSON_OBJECT);
	if (message->session.data != NULL)
		assert(message->era == MCP_FIRST && message->session.len > 0);
	if (message->era == MCP_SECOND && is_request) {
		assert(headers->version.data != NULL);
		assert(headers->method.data != NULL);
		assert(slice_is(mcp_message_meta(reader, message,
				    "io.modelcontextprotocol/protocolVersion"),
		    MCP_SECOND_REVISION));
	}
	mcp_message_elicits(reader, message);
}

static void
check_refusal(const struct mcp_refusal *refusal)
{
	assert(refusal->status == 400);
	assert(refusal->code < 0 && refusal->sentence != NULL);
	assert((refusal->code == MCP_UNSUPPORTED_VERSION) ==
	       (refusal->requested.data != NULL));
	assert(refusal->id == NULL || refusal->id->type == JSON_STRING ||
	       refusal->id->type == JSON_NUMBER);
}

/* A line that is empty is a header that did not come. */
static struct slice
take_header(struct slice *bytes)
{
	struct slice line;

	if (!slice_take_line(bytes, &line) || line.len == 0)
		return (struct slice){ NULL, 0 };
	return line;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct json_reader reader = JSON_READER_INIT;
	struct slice bytes = { (const char *)data, size };
	struct mcp_headers headers;
	struct mcp_message message;
	struct mcp_refusal refusal;

	headers.version = take_header(&bytes);
	headers.method = take_header(&bytes);
	headers.name = take_header(&bytes);
	headers.session = take_header(&bytes);
	if (mcp_message_read(&reader, &headers, bytes, &message, &refusal) == 0)
		check_message(&reader, &message, &headers);
	else
		check_refusal(&refusal);
	return 0;
}
