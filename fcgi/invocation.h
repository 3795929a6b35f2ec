/* What a request of an agent asks for, from the question to what is answered:
 * the same for POST /rpc and POST /mcp.
 *
 * kruxosd decides all of it by the agent's token, and records it; the gateway
 * never says who asks. A request has a list of questions, which are asked side
 * by side:
 *
 *	struct invocations *list = req->state;
 *
 *	if (list == NULL) {
 *		req->state = list = invocations_new(gateway, req, token);
 *		… read the body; invocation_add() for each question, fill it …
 *	}
 *	int again = invocations_run(list);
 *	if (again != INVOCATIONS_DONE)
 *		return again;
 *	… write what came of each …
 *
 * What only reads is read before kruxosd is asked, so that its entry can say
 * how it went; and what was read is shown when kruxosd has recorded it and has
 * said that it may be.
 *
 * All lies in the request's arena.
 */
#ifndef FCGI_INVOCATION_H
#define FCGI_INVOCATION_H

#include "fcgi/capability.h"
#include "fcgi/link.h"
#include "fcgi/program.h"

enum invocation_kind {
	INVOCATION_CALL,	  /* of a capability */
	INVOCATION_SESSION_START, /* session_id may be given; arguments */
	INVOCATION_SESSION_END,	  /* session_id; reason */
	INVOCATION_SELF,	  /* who am I, and what may I? */
};

/* What the gateway itself finds wrong is recorded under this name, where it is
 * about no capability. */
#define INVOCATION_REQUEST "gateway.request"

struct invocation {
	/* What is asked; what may be missing is {NULL, 0} then. */
	enum invocation_kind kind;
	struct slice capability; /* of a call, whatever the caller says */
	struct slice session_id, call_id, parent_call_id;
	struct slice trace_id; /* invocation_trace_id() */
	struct slice reason;
	struct slice agent_name; /* who the caller says that he is: checked */

	/* What came of it. err.code is ERROR_NONE: */
	struct slice result; /* an object, as JSON: of a call, what it gives; of
				the others, what kruxosd answers (docs/door.md)
			      */
	struct slice ret_call_id; /* of a call */
	struct slice tier;	  /* "autonomous" */
	uint64_t seq;		  /* of its entry; 0: it is not recorded, which
				     [audit] on_audit_failure allows */
	usec_t duration;
	/* Else what is wrong, for rpc_code_of(). */
	struct error err;
	bool is_refused; /* err is what invocation_refuse() was given */

	/* Private. */
	struct invocations *list;
	const struct capability *row; /* NULL: there is none of that name */
	struct slice arguments;	      /* an object, as JSON */
	struct error invalid;	      /* found before kruxosd is asked */
	struct error failed;	      /* what is read cannot be */
	struct slice read;	      /* what was read; {NULL, 0}: not yet */
	struct link_call call;
	usec_t began_at;
	struct invocation *next;
};

struct invocations;

/* What the questions of all requests need. */
struct gateway {
	struct program *program;
	struct readings *readings;
	struct link *link;
	struct json_reader answers; /* the loop's thread's, for what comes */
};

/* The token that `req` came with, if it looks like an agent's; {NULL, 0}: none.
 * No other credential is handed on to kruxosd. */
struct slice invocation_token(const struct request *req);

/* `token` is invocation_token()'s, whatever it is worth. */
struct invocations *invocations_new(
    struct gateway *gateway, struct request *req, struct slice token);

/* One more question, all empty but its kind. */
struct invocation *
invocation_add(struct invocations *list, enum invocation_kind kind);

/* Once the fields above are filled: the arguments of a call, or what a session
 * begins with (NULL: none), as they came. What is wrong with any of it, kruxosd
 * will record. */
void invocation_set_arguments(struct invocation *invocation,
    const struct json_reader *json, const struct json_node *arguments);

/* The question itself is wrong: kruxosd records that, and `err` is what comes
 * of it. */
void invocation_refuse(struct invocation *invocation, const struct error *err);

/* Ask, or go on. INVOCATIONS_DONE, or what the handler has to return. */
enum { INVOCATIONS_DONE = 200 };
int invocations_run(struct invocations *list);

/* Who asks, where that was to be known: with a session that starts, and what is
 * the caller's own. */
struct slice invocations_agent(const struct invocations *list);

/* The trace's id in a header traceparent (W3C Trace Context, level 1); {NULL,
 * 0}: it is none. */
struct slice invocation_trace_id(struct slice traceparent);

#endif
