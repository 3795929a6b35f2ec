/* One request, as a handler sees it: the same whether nginx brought it by
 * FastCGI or a person by the environment of a shell (cgi.h).
 *
 * Everything in it ends with the request, what comes from `arena` included;
 * a handler frees nothing.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"

#include <stdint.h>

struct route;

/* Bits, so that a route can allow several. */
enum method {
	METHOD_OTHER = 0, /* no route allows it */
	METHOD_GET = 1,
	METHOD_HEAD = 2, /* allowed wherever GET is */
	METHOD_POST = 4,
	METHOD_DELETE = 8,
};

enum {
	REQUEST_QUERY_BYTES = 16384,
	REQUEST_BODY_BYTES = 64 << 10, /* where a program says nothing else */
};

struct request {
	enum method method;
	struct slice path;  /* PATH_INFO: decoded and normalised by nginx */
	struct slice query; /* as it came, without the '?' */
	struct slice body;  /* as it came; of what is longer than
			       body_bytes, some more than that */
	size_t body_bytes;  /* how long it may be */

	const struct route *route;
	uint64_t number;   /* what "<number>" in the route's path stands for */
	struct slice word; /* what "<word>" stands for */

	struct arena *arena;
	unsigned worker; /* 0: the loop's thread; 1…: a thread of a pool, so
			    that a program can keep a database handle each */

	/* The handler's own, from one call of it to the next for the same
	 * request; NULL at first. */
	void *state;

	char **variables; /* "NAME=value", as environ(7) */
	/* Set by the loop when the client leaves; may be NULL. */
	const bool *gone;

	/* Private: request_resume(). */
	void (*on_resume)(void *context);
	void *resume_context;
};

/* Fill `req` from the variables REQUEST_METHOD, PATH_INFO and QUERY_STRING, and
 * from the body. */
void request_init(struct request *req, char **variables, struct slice body,
    struct arena *arena);

/* A variable by its name ("HTTP_COOKIE"); {NULL, 0} when it is not there. */
struct slice request_variable(const struct request *req, const char *name);

/* A header by its name ("Last-Event-ID"), in any case. */
struct slice request_header(const struct request *req, const char *name);

/* Has the client left? A slow handler asks now and then, and gives up. */
bool request_gone(const struct request *req);

/* On the loop's thread, once for each HANDLER_LATER: what the handler waits for
 * has come. It is called when this turn of the loop ends, not from here. */
void request_resume(const struct request *req);

/* "GET"; "another method" for METHOD_OTHER. */
const char *method_name(enum method method);

#endif
