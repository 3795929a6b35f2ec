#include "fcgi/mcp_session.h"

#include "base/memory.h"

#include <sys/queue.h>
#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { RANDOM_BYTES = 32, BUCKETS = 1 << 14 };

struct session {
	unsigned char digest[SHA256_BYTES]; /* of its id */
	unsigned char agent[SHA256_BYTES];
	char name[MCP_SESSION_NAME_SIZE];
	usec_t used_at;
	LIST_ENTRY(session) bucket;
	TAILQ_ENTRY(session) use; /* the one used least lately first */
};

LIST_HEAD(bucket, session);

struct mcp_sessions {
	struct bucket buckets[BUCKETS];
	TAILQ_HEAD(session_queue, session) uses;
	size_t count;
	struct sha256 *sha256;
};

struct mcp_sessions *
mcp_session_new(void)
{
	struct mcp_sessions *sessions = memory_new(sizeof(*sessions));

	TAILQ_INIT(&sessions->uses);
	sessions->sha256 = sha256_new();
	return sessions;
}

static void
drop(struct mcp_sessions *sessions, struct session *session)
{
	LIST_REMOVE(session, bucket);
	TAILQ_REMOVE(&sessions->uses, session, use);
	sessions->count--;
	free(session);
}

void
mcp_session_free(struct mcp_sessions *sessions)
{
	struct session *session, *next;

	if (sessions == NULL)
		return;
	for (session = TAILQ_FIRST(&sessions->uses); session != NULL;
	     session = next) {
		next = TAILQ_NEXT(session, use);
		drop(sessions, session);
	}
	sha256_free(sessions->sha256);
	free(sessions);
}

/* A clock that was set back makes nobody old. */
static bool
is_idle(const struct session *session, usec_t now)
{
	return now > session->used_at &&
	       now - session->used_at > MCP_SESSION_IDLE;
}

static void
drop_idle(struct mcp_sessions *sessions, usec_t now)
{
	struct session *session, *next;

	for (session = TAILQ_FIRST(&sessions->uses);
	     session != NULL && is_idle(session, now); session = next) {
		next = TAILQ_NEXT(session, use);
		drop(sessions, session);
	}
}

size_t
mcp_session_count(struct mcp_sessions *sessions, usec_t now)
{
	drop_idle(sessions, now);
	return sessions->count;
}

/* What has so many bits at random is spread evenly already. */
static struct bucket *
bucket_of(struct mcp_sessions *sessions, const unsigned char *digest)
{
	return &sessions->buckets[(digest[0] << 8 | digest[1]) % BUCKETS];
}

/* --- beginning ------------------------------------------------------------ */

/* A session's id that could be guessed is no answer to anything. */
static void
make_id(char ret_id[static MCP_SESSION_ID_SIZE])
{
	unsigned char bytes[RANDOM_BYTES];
	ssize_t got;

	do
		got = getrandom(bytes, sizeof(bytes), 0);
	while (got == -1 && errno == EINTR);
	if (got != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", bytes[i]);
}

/* How many has `agent`, and which has it used least lately? */
static size_t
share_of(struct mcp_sessions *sessions, const unsigned char *agent,
    struct session **ret_oldest)
{
	struct session *session;
	size_t count = 0;

	*ret_oldest = NULL;
	TAILQ_FOREACH(session, &sessions->uses, use) {
		if (memcmp(session->agent, agent, SHA256_BYTES) != 0)
			continue;
		if (count++ == 0)
			*ret_oldest = session;
	}
	return count;
}

static int
make_room(struct mcp_sessions *sessions, const unsigned char *agent, usec_t now,
    struct error *err)
{
	struct session *oldest;
	size_t share;

	drop_idle(sessions, now);
	share = share_of(sessions, agent, &oldest);
	if (share < MCP_SESSION_SHARE && sessions->count < MCP_SESSION_ALL)
		return 0;
	if (oldest == NULL)
		return error_set(err, ERROR_BUSY,
		    "too many sessions of other agents are open");
	drop(sessions, oldest);
	return 0;
}

int
mcp_session_begin(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice name,
    usec_t now, char ret_id[static MCP_SESSION_ID_SIZE], struct error *err)
{
	struct session *session;

	if (make_room(sessions, agent, now, err) == -1)
		return -1;
	session = memory_new(sizeof(*session));
	make_id(ret_id);
	sha256_digest(sessions->sha256, slice_of(ret_id), session->digest);
	memcpy(session->agent, agent, SHA256_BYTES);
	snprintf(session->name, sizeof(session->name), "%.*s", SLICE_ARG(name));
	session->used_at = now;
	LIST_INSERT_HEAD(bucket_of(sessions, session->digest), session, bucket);
	TAILQ_INSERT_TAIL(&sessions->uses, session, use);
	sessions->count++;
	return 0;
}

/* --- using, ending -------------------------------------------------------- */

static struct session *
find(struct mcp_sessions *sessions, const unsigned char *agent, struct slice id,
    usec_t now)
{
	unsigned char digest[SHA256_BYTES];
	struct session *session;

	drop_idle(sessions, now);
	sha256_digest(sessions->sha256, id, digest);
	LIST_FOREACH(session, bucket_of(sessions, digest), bucket)
		if (memcmp(session->digest, digest, SHA256_BYTES) == 0 &&
		    memcmp(session->agent, agent, SHA256_BYTES) == 0)
			return session;
	return NULL;
}

bool
mcp_session_find(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice id, usec_t now,
    char ret_name[static MCP_SESSION_NAME_SIZE])
{
	struct session *session = find(sessions, agent, id, now);

	if (session == NULL)
		return false;
	session->used_at = now;
	TAILQ_REMOVE(&sessions->uses, session, use);
	TAILQ_INSERT_TAIL(&sessions->uses, session, use);
	memcpy(ret_name, session->name, sizeof(session->name));
	return true;
}

bool
mcp_session_end(struct mcp_sessions *sessions,
    const unsigned char agent[static SHA256_BYTES], struct slice id, usec_t now,
    char ret_name[static MCP_SESSION_NAME_SIZE])
{
	struct session *session = find(sessions, agent, id, now);

	if (session == NULL)
		return false;
	memcpy(ret_name, session->name, sizeof(session->name));
	drop(sessions, session);
	return true;
}
