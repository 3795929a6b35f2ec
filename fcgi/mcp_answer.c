#include "fcgi/mcp_answer.h"

/* --- errors --------------------------------------------------------------- */

/* Revisions of the second era alone: those of the first are spoken after a
 * handshake, and no request of this kind could name them. */
static void
write_versions(struct json_writer *json, struct slice requested)
{
	json_writer_key(json, "data");
	json_writer_object(json);
	json_writer_key(json, "supported");
	json_writer_array(json);
	json_writer_text(json, MCP_SECOND_REVISION);
	json_writer_end_array(json);
	json_writer_pair_slice(json, "requested", requested);
	json_writer_end_object(json);
}

int
mcp_answer_refusal(
    struct reply *rep, struct slice id, const struct mcp_refusal *refusal)
{
	struct json_writer *json = rep->json;

	json_writer_object(json);
	json_writer_pair(json, "jsonrpc", "2.0");
	if (id.data != NULL) {
		json_writer_key(json, "id");
		json_writer_raw(json, id);
	}
	json_writer_key(json, "error");
	json_writer_object(json);
	json_writer_key(json, "code");
	json_writer_i64(json, refusal->code);
	json_writer_pair(json, "message", refusal->sentence);
	if (refusal->code == MCP_UNSUPPORTED_VERSION)
		write_versions(json, refusal->requested);
	json_writer_end_object(json);
	json_writer_end_object(json);
	return refusal->status;
}

int
mcp_answer_refuse(struct reply *rep, struct slice id, int status,
    enum mcp_code code, const char *sentence)
{
	struct mcp_refusal refusal = { 0 };

	mcp_message_refuse(&refusal, status, code, sentence);
	return mcp_answer_refusal(rep, id, &refusal);
}

int
mcp_answer_unknown_caller(struct reply *rep, struct slice id)
{
	return mcp_answer_refuse(rep, id, 401, MCP_INVALID_REQUEST,
	    "no agent's token, or none that is good: kruxos agent create "
	    "makes one");
}

bool
mcp_answer_is_outside(const struct error *err)
{
	return err->code == ERROR_UNAUTHENTICATED ||
	       err->code == ERROR_UNREACHABLE || err->code == ERROR_BUSY ||
	       (err->code == ERROR_TOO_MANY &&
		   strcmp(err->field, "credential") == 0);
}

int
mcp_answer_error(struct reply *rep, struct slice id, const struct error *err)
{
	switch (err->code) {
	case ERROR_UNAUTHENTICATED:
		return mcp_answer_unknown_caller(rep, id);
	case ERROR_TOO_MANY:
		reply_header(rep, "Retry-After", "%u", err->wait_seconds);
		return mcp_answer_refuse(rep, id, 429, MCP_INVALID_REQUEST,
		    "too often: the header Retry-After says when again");
	case ERROR_BUSY:
	case ERROR_UNREACHABLE:
	case ERROR_AUDIT_UNAVAILABLE:
		reply_header(rep, "Retry-After", "1");
		return mcp_answer_refuse(rep, id, 503, MCP_INTERNAL_ERROR,
		    "not now: kruxosd does not answer, or cannot record this");
	default:
		return mcp_answer_refuse(rep, id, 400, MCP_INVALID_PARAMS,
		    "kruxosd does not take this");
	}
}

/* --- results -------------------------------------------------------------- */

void
mcp_answer_write_server(struct json_writer *json)
{
	json_writer_object(json);
	json_writer_pair(json, "name", "kruxos");
	json_writer_pair(json, "title", "KruxOS monitor");
	json_writer_pair(json, "version", KRUXOS_VERSION);
	json_writer_end_object(json);
}

void
mcp_answer_write_server_meta(struct json_writer *json)
{
	json_writer_key(json, "io.modelcontextprotocol/serverInfo");
	mcp_answer_write_server(json);
}

void
mcp_answer_write_complete(struct json_writer *json)
{
	json_writer_pair(json, "resultType", "complete");
	json_writer_key(json, "_meta");
	json_writer_object(json);
	mcp_answer_write_server_meta(json);
	json_writer_end_object(json);
}

void
mcp_answer_write_ttl(struct json_writer *json, unsigned ttl_ms)
{
	json_writer_pair_u64(json, "ttlMs", ttl_ms);
	json_writer_pair(json, "cacheScope", "private");
}
