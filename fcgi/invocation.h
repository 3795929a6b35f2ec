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
 *		… read the body; for each question invocation_add(), fill it …
 *	}
 *	int again = invocations_run(list);
 *	if (again != INVOCATIONS_DONE)
 *		return again;
 *	… write what came of each …
 *
 * All lies in the request's arena.
 */
#ifndef FCGI_INVOCATION_H
#define FCGI_INVOCATION_H

#include "fcgi/capability.h"
#include "fcgi/link.h"
#include "http/request.h"

enum invocation_kind {
	INVOCATION_CALL,	  /* of a capability */
	INVOCATION_SESSION_START, /* session_id may be given; request */
	INVOCATION_SESSION_END,	  /* session_id; reason */
	INVOCATION_SELF,	  /* who am I, and what may I? */
};

struct invocation {
	/* What is asked. All may be {NULL, 0} that are not said to be there. */
	enum invocation_kind kind;
	struct slice capability; /* of a call, whatever the caller says */
	struct slice arguments;	 /* of a call, or what a session begins with:
				    an object, as JSON */
	struct slice session_id, call_id, parent_call_id;
	struct slice trace_id; /* invocation_trace_id() */
	struct slice reason;
	/* What was wrong with the question, found before it was asked: kruxosd
	 * records it of a call; ERROR_NONE: nothing. */
	struct error invalid;

	/* What came of it. err.code is ERROR_NONE: */
	struct slice result;	  /* an object, as JSON */
	struct slice ret_call_id; /* of a call */
	struct slice tier;	  /* "autonomous" */
	uint64_t seq;		  /* of its entry; 0: it is not recorded, which
				     [gateway] on_audit_failure allows */
	usec_t duration;
	/* Else what is wrong, for rpc_code_of(); with ERROR_APPROVAL_REQUIRED:
	 */
	struct error err;
	struct slice approval_id;

	/* Private. */
	struct invocations *list;
	const struct capability *row; /* NULL: there is none of that name */
	struct link_call call;
	struct buf read; /* what was read, to be shown */
	usec_t began_at;
	bool has_read;
	struct invocation *next;
};

struct invocations;

/* What the questions of all requests need. */
struct gateway {
	struct capability_world world;
	struct link *link;
};

/* `token` is what the request came with; that it came with one has been looked
 * at. */
struct invocations *invocations_new(
    struct gateway *gateway, struct request *req, struct slice token);

/* One more question, all empty but its kind. */
struct invocation *
invocation_add(struct invocations *list, enum invocation_kind kind);

/* Ask, or go on. INVOCATIONS_DONE, or what the handler has to return. */
enum { INVOCATIONS_DONE = 200 };
int invocations_run(struct invocations *list);

/* The trace's id in a header traceparent (W3C Trace Context); {NULL, 0}: it is
 * none. */
struct slice invocation_trace_id(struct slice traceparent);

#endif
