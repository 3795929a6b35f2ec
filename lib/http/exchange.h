/* One request and its answer, whoever carries them: server.c by FastCGI,
 * cgi.c for a shell.
 *
 *	exchange_begin()	what was asked
 *	exchange_route()	who answers it
 *	exchange_answer()	the handler, and what it left is sent
 *
 * Between the second and the third, and from one call of the third to the next,
 * the carrier may move to another thread: an exchange belongs to one thread at
 * a time.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"

struct exchange {
	struct request request;
	struct reply reply;
	struct error err;
	struct arena arena;
	int status; /* 0 until something has decided it */
	bool gone;  /* request.gone points here */
};

/* What came of calling the handler. */
enum exchange_turn {
	EXCHANGE_SENT,
	/* Nothing has been sent; as enum handler_again. */
	EXCHANGE_SLOW,
	EXCHANGE_LATER,
	EXCHANGE_LOOP,
};

/* Once; it then serves one request after the other. */
void exchange_init(struct exchange *exchange);
void exchange_free(struct exchange *exchange);

/* A new request with these variables (environ(7)) and this body, which outlive
 * it; the body may be `body_bytes` long. */
void exchange_begin(struct exchange *exchange, char **variables,
    struct slice body, size_t body_bytes, struct reply_sink *sink);

/* Find the handler. Returns the route's flags; 0 too when there is no route,
 * the query is wrong or the body none that may be read: exchange_answer() then
 * says so. */
unsigned exchange_route(struct exchange *exchange, const struct route *routes);

/* Run the handler, and send the answer unless it asks to be run again, which
 * the next call does. `worker` goes to request.worker. */
enum exchange_turn exchange_answer(
    struct exchange *exchange, struct program *program, unsigned worker);

/* Answer `status` and the sentence in exchange->err instead of a handler. */
void exchange_refuse(struct exchange *exchange, int status);

#endif
