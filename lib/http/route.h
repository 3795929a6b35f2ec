/* Which handler answers a path: the table that a program opens with.
 *
 *	static const struct route routes[] = {
 *		{ METHOD_GET, "/api/audit", audit_get, audit_params, 0 },
 *		{ METHOD_GET, "/api/audit/<number>", entry_get, NULL, 0 },
 *		{ METHOD_GET, "/api/audit/export", export_get, export_params,
 *		    ROUTE_DOWNLOAD },
 *		{ METHOD_POST, "/api/audit/<number>/erase", erase_post, NULL,
 *		    ROUTE_SLOW, erase_body },
 *		ROUTE_END
 *	};
 *
 * In a path, <number> stands for one segment that is a decimal number below
 * 2^64 (req->number), <word> for one segment of 1–128 bytes of UTF-8, or, at
 * the end of the path, for all the rest of it, slashes included, since ids
 * may hold them (req->word). The first row that matches counts.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/error.h"
#include "http/request.h"

struct param;
struct program; /* the program's own; handed to its handlers */
struct reply;

/* Answers one request; returns its HTTP status, or that it is to be called
 * again for the same request (enum handler_again).
 *
 * From 400 on, what stands in `err` becomes the body, as problem+json; with
 * `err` untouched the handler's own body is sent (/health answers so). */
typedef int route_handler(struct program *prog, struct request *req,
    struct reply *rep, struct error *err);

/* Returned before anything was written; what a handler wants to find again
 * stands in req->state. */
enum handler_again {
	/* On the loop's thread (req->worker == 0): call me from a thread of
	 * the slow pool. For handlers that can mostly answer from what they
	 * keep. */
	HANDLER_SLOW,
	/* On the loop's thread: call me there once request_resume() has been
	 * called, which somebody must. For handlers that ask others without
	 * blocking; the request is kept until then, even if its client has
	 * left. */
	HANDLER_LATER,
	/* In a thread of a pool: call me on the loop's. */
	HANDLER_LOOP,
};

enum route_flag {
	ROUTE_SLOW = 1, /* runs in the slow pool, off the loop */
	/* A body written piece by piece (reply_write()), for as long as its
	 * client takes to read it: in a pool of its own, so that a slow reader
	 * never holds up a search. */
	ROUTE_DOWNLOAD = 2,
	/* A body of any type, which the handler looks at itself. A page of
	 * another site can send such a one unasked: so who sends it is known
	 * by a header that no browser adds, or nothing comes of it. */
	ROUTE_ANY_BODY = 4,
};

struct route {
	unsigned methods; /* METHOD_GET | … */
	const char *path;
	route_handler *handler;
	const struct param *params; /* NULL: no parameter is allowed */
	unsigned flags;
	const struct param *body; /* of a POST; NULL: an empty one */
};

#define ROUTE_END \
	{         \
	}

/* Find the row for req->path and req->method; fills req->route, number, word.
 * Returns 0, or the status to answer: 404, or 405 with `ret_allowed` the
 * methods that the path knows; `err` says it in words. */
int route_find(const struct route *routes, struct request *req,
    unsigned *ret_allowed, struct error *err);

#endif
