/* What a request asks to have done: a command through the door, in the name of
 * who sent the request.
 *
 *	struct action action;
 *
 *	action_begin(&action, "alerts.acknowledge");
 *	json_writer_pair(&action.args, "id", "7");
 *	return action_run(&action, prog, req, rep, err);
 *
 * The program neither knows nor decides who that is and what he may: it hands
 * on the credential that came with the request, and kruxosd looks it up. To
 * wait for kruxosd takes a while, so such a route is ROUTE_SLOW.
 */
#ifndef FCGI_ACTION_H
#define FCGI_ACTION_H

#include "fcgi/program.h"

#include "http/caller.h"
#include "http/reply.h"

struct action {
	const char *verb;
	struct json_writer args; /* within their object */
	/* What `args` has written; wiped: it may hold a password. */
	struct buf text;
};

/* `verb` has static storage. */
void action_begin(struct action *action, const char *verb);

/* Run it, and answer what kruxosd answers, an object as JSON. Returns the
 * handler's status: 200; 401 without a credential; by what kruxosd says is
 * wrong, with the header Retry-After where it tells how long to wait. The
 * action ends. */
int action_run(struct action *action, struct program *prog,
    const struct request *req, struct reply *rep, struct error *err);

/* The same, the answer into `ret_result` (NULL: not wanted). */
int action_relay(struct action *action, struct program *prog,
    const struct request *req, struct reply *rep, struct buf *ret_result,
    struct error *err);

/* The same with this credential; with {NULL, 0} it is the program itself that
 * asks, with the rights that it has. */
int action_call(struct action *action, struct program *prog,
    struct slice credential, struct reply *rep, struct buf *ret_result,
    struct error *err);

#endif
