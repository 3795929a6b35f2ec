/* kruxosd, asked from a program's loop: commands go out together when a turn
 * ends, over a few connections that are kept, and nobody waits but who wants
 * the answer. So the calls of many clients become durable in one sync.
 *
 * A call has its outcome once, after this turn: an answer, or an error when
 * kruxosd is not there, the connection ends or nothing comes in time; then it
 * may have been done or not. Nothing is sent twice.
 */
#ifndef FCGI_LINK_H
#define FCGI_LINK_H

#include "door/answer.h"
#include "http/loop.h"

#include <sys/queue.h>

struct link;
struct link_call;

/* `answer` is what kruxosd says, good until this returns; NULL if it says
 * nothing, of the kind ANSWER_ERROR if it could not read the line. `err`: its
 * error, or ours; NULL: it is done, and answer->result is what came of it. */
typedef void link_on_answer(struct link_call *call, const struct answer *answer,
    const struct error *err);

/* Part of the struct of who asks, which lives until the outcome. */
struct link_call {
	link_on_answer *on_answer;

	/* Private. */
	uint64_t id, line;
	usec_t due;
	struct error err;
	TAILQ_ENTRY(link_call) next;
};

/* To the socket at `path`, which outlives it. Connects when it is first
 * needed. */
struct link *link_new(struct loop *loop, const char *path);

/* Takes NULL. Calls on their way have no outcome. */
void link_free(struct link *link);

/* Ask. `args` is an object as JSON, without line feeds; `credential` holds
 * nothing but letters, digits, '-' and '_'. */
void link_send(struct link *link, struct link_call *call, const char *verb,
    struct slice args, struct slice credential);

#endif
