/* A message of the Model Context Protocol, as it comes by POST: what it says,
 * and in which of the protocol's two eras.
 *
 * In the first (revisions until 2025-11-25) a handshake, `initialize`, makes a
 * session, which each later message names in the header Mcp-Session-Id. In the
 * second (from 2026-07-28 on) a request stands alone: its `_meta` says the
 * revision and what the client can do, and headers repeat the revision, the
 * method and the tool's name for whoever stands between. An attacker who makes
 * the two differ would have one thing checked and another done, so they must
 * not.
 *
 * Both are spoken on one endpoint; a message is of the second era if its
 * MCP-Protocol-Version or its `_meta` says so. That is a pure function of
 * headers and body. The words of a refusal are ours alone, whatever was sent:
 * they may be read by a model, which would take a sentence of somebody else for
 * one of ours.
 */
#ifndef FCGI_MCP_MESSAGE_H
#define FCGI_MCP_MESSAGE_H

#include "base/json_reader.h"

#include <stdint.h>

enum mcp_era { MCP_FIRST, MCP_SECOND };

enum mcp_kind { MCP_REQUEST, MCP_NOTIFICATION, MCP_RESPONSE };

/* Codes of errors: JSON-RPC 2.0's, and those that the protocol's schema
 * (revision 2026-07-28) adds. */
enum mcp_code {
	MCP_PARSE_ERROR = -32700,
	MCP_INVALID_REQUEST = -32600,
	MCP_METHOD_NOT_FOUND = -32601,
	MCP_INVALID_PARAMS = -32602,
	MCP_INTERNAL_ERROR = -32603,
	/* What the published servers of the first era say of a session that has
	 * ended, and clients know it by. */
	MCP_SESSION_NOT_FOUND = -32001,
	MCP_HEADER_MISMATCH = -32020,
	MCP_UNSUPPORTED_VERSION = -32022,
};

#define MCP_SECOND_REVISION "2026-07-28"

/* As they came; {NULL, 0} for one that did not. */
struct mcp_headers {
	struct slice version; /* MCP-Protocol-Version */
	struct slice method;  /* Mcp-Method */
	struct slice name;    /* Mcp-Name */
	struct slice session; /* Mcp-Session-Id */
};

/* Points into the reader and the headers. */
struct mcp_message {
	enum mcp_era era;
	enum mcp_kind kind;
	const struct json_node *id;	/* of a request: a string or a number */
	struct slice method;		/* of a request or a notification */
	const struct json_node *params; /* an object, or NULL */
	const struct json_node *meta;	/* its _meta, an object, or NULL */
	/* Of the first era: the session's id; none with `initialize` alone. */
	struct slice session;
};

struct mcp_refusal {
	int status; /* HTTP's */
	enum mcp_code code;
	const char *sentence;	    /* static */
	const struct json_node *id; /* of the request; NULL: it has none */
	struct slice requested; /* with MCP_UNSUPPORTED_VERSION: the revision */
};

/* Read a POST's body, which outlives what is made of it. -1: `ret_refusal` is
 * what to answer. */
int mcp_message_read(struct json_reader *reader,
    const struct mcp_headers *headers, struct slice body,
    struct mcp_message *ret, struct mcp_refusal *ret_refusal);

/* May a message with these headers, but without a body (GET, DELETE), be of the
 * first era? Else it is of the second, which knows neither. */
bool mcp_message_is_first(const struct mcp_headers *headers);

/* Fill `ret_refusal`; always -1. `sentence` has static storage. */
int mcp_message_refuse(struct mcp_refusal *ret_refusal, int status,
    enum mcp_code code, const char *sentence);

/* The revision of the first era to answer `initialize` with: the one that was
 * asked for, if it is spoken here, else the newest. */
const char *mcp_message_revision(struct slice asked);

/* The string `key` of _meta; {NULL, 0} when there is none. */
struct slice mcp_message_meta(const struct json_reader *reader,
    const struct mcp_message *message, const char *key);

/* Can the client ask its user something by a form (second era)? */
bool mcp_message_elicits(
    const struct json_reader *reader, const struct mcp_message *message);

#endif
