/* The answer to one request.
 *
 * A handler writes its body with `rep->json` (or into `rep->body`), sets what
 * it needs from the functions below and returns the status; the rest is done
 * for it: the length, HEAD without a body, 304 for an ETag that the client
 * has, problem+json (RFC 9457) for an error. Answers are not to be stored
 * unless the handler says so.
 *
 * An answer too large to hold is written piece by piece with reply_write().
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json_writer.h"

/* Where the bytes go: FastCGI, standard output, a test. write() takes `first`
 * and then `second`, after which, if it is the last, nothing comes; it returns
 * -1 when nobody takes them any more. */
struct reply_sink {
	int (*write)(struct reply_sink *sink, struct slice first,
	    struct slice second, bool is_last);
};

struct reply {
	struct json_writer *json; /* writes into `body` */
	struct buf body;

	/* Private. */
	struct json_writer writer;
	struct slice kept; /* a body that somebody else owns */
	const char *type;
	const char *cache;
	const char *etag;    /* with its quotes; NULL: none */
	const char *instead; /* of what an own error says; NULL: that itself */
	struct buf headers;
	struct arena *arena;
	struct reply_sink *sink;
	bool head_only; /* the method was HEAD */
	bool started;	/* reply_write() has sent the headers */
	bool broken;	/* the client has left, or must not trust what it got */
	void (*take)(void *context, int fd);
	void *take_context;
};

/* The body's media type; "application/json" if none is set. Static storage. */
void reply_type(struct reply *rep, const char *type);

/* The body is `body` itself, which outlives the request: a page that is kept
 * until something changes. */
void reply_kept(struct reply *rep, struct slice body);

/* One more header. The value holds no control characters (a bug else). */
void reply_header(struct reply *rep, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A strong ETag: the same text means the same bytes. Quotes are added. */
void reply_etag(struct reply *rep, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Cache-Control instead of "no-store". Static storage. */
void reply_cache(struct reply *rep, const char *cache);

/* Who asks need not be anybody: of an error that is the server's own (500 and
 * more) he learns `sentence` (static storage) and not what lies where. The
 * diagnostics say it all the same. */
void reply_conceal(struct reply *rep, const char *sentence);

/* Send a piece of the body, the headers (and status 200) before the first.
 * Blocks while the client is slow, so only for ROUTE_DOWNLOAD. -1 and
 * ERROR_UNREACHABLE: the client has gone, or asked for the headers alone; the
 * handler gives up and returns any status. A status of 400 and more after the
 * first piece breaks the connection, so that nobody takes the half for all. */
int reply_write(struct reply *rep, struct slice piece, struct error *err);

/* The connection itself leaves the server: once the handler has returned 200,
 * `take` is called with its descriptor, to close and to answer in FastCGI
 * records of request 1; or with -1 if there is none to be had (HEAD, or a
 * request from a shell), to free `context`. See broadcast.h. */
void reply_take(
    struct reply *rep, void (*take)(void *context, int fd), void *context);

/* --- for who carries the request: server.c, cgi.c ------------------------ */

/* Once; the buffers then serve one request after the other. */
void reply_init(struct reply *rep);

/* A new, empty reply. */
void reply_begin(struct reply *rep, struct arena *arena,
    struct reply_sink *sink, bool head_only);

/* Send what the handler has left in `rep`, or the problem in `err`;
 * `if_none_match` is the request's header. Returns the status sent; of a body
 * that was broken off, the status that it should have had. */
int reply_finish(struct reply *rep, int status, const struct error *err,
    struct slice if_none_match);

void reply_free(struct reply *rep);

/* "Not Found" */
const char *reply_phrase(int status);

/* problem+json: {"type":"about:blank","title":…,"status":…,"detail":…,
 * "parameter":…}; the last two only if `err` has them. */
void reply_problem(struct buf *out, int status, const struct error *err);

/* Does the header If-None-Match name `etag` (weak comparison, RFC 9110
 * 13.1.2)? */
bool reply_etag_matches(struct slice if_none_match, const char *etag);

#endif
