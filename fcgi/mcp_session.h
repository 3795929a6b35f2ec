/* The sessions of the protocol's first era (mcp_message.h): from `initialize`
 * until the client sends DELETE, or is silent for an hour.
 *
 * A session belongs to the agent that began it: to anybody else it is not
 * there. Its id, 256 random bits, is kept as its digest, so that neither what
 * lies in memory nor the time that a search takes tells anything of it.
 *
 * They live in memory and end with the process; a client that hears that its
 * session has ended begins another. There are at most MCP_SESSION_ALL: an agent
 * that begins more than its share ends the one that it has used least lately.
 */
#ifndef FCGI_MCP_SESSION_H
#define FCGI_MCP_SESSION_H

#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"

#include <stdint.h>

enum {
	MCP_SESSION_ALL = 10000,
	MCP_SESSION_SHARE = 1000,	 /* one agent's */
	MCP_SESSION_ID_SIZE = 64 + 1,	 /* hex digits and a '\0' */
	MCP_SESSION_NAME_SIZE = 128 + 1, /* how the log calls it */
};

#define MCP_SESSION_IDLE USEC_PER_HOUR

struct mcp_sessions; /* one thread's */

struct mcp_sessions *mcp_session_new(void); /* never NULL */
void mcp_session_free(struct mcp_sessions *sessions);

/* Begin one of `agent`, the digest of its token; `name` is the log's
 * session_id. -1: ERROR_BUSY, when others have all of them. */
int mcp_session_begin(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice name,
    usec_t now, char ret_id[static MCP_SESSION_ID_SIZE], struct error *err);

/* Has `agent` this session? Then it is used now. */
bool mcp_session_find(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice id, usec_t now,
    char ret_name[static MCP_SESSION_NAME_SIZE]);

/* The same, and it is over. */
bool mcp_session_end(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice id, usec_t now,
    char ret_name[static MCP_SESSION_NAME_SIZE]);

/* How many there are, at `now`. */
size_t mcp_session_count(struct mcp_sessions *sessions, usec_t now);

#endif
