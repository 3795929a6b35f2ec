/* One request and its answer, whoever carries them: server.c by FastCGI,
 * cgi.c for a shell.
 *
 *	exchange_begin()	what was asked
 *	exchange_route()	who answers it
 *	exchange_answer()	the handler, and what it left is sent
 *
 * Between the second and the third the carrier may move to another thread:
 * an exchange belongs to one thread at a time.
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

/* Run the handler and send the answer. `worker` goes to request.worker.
 * Returns false when the handler asks to be run in the slow pool: nothing has
 * been sent, and the next call runs it again. */
bool exchange_answer(
    struct exchange *exchange, struct program *program, unsigned worker);

/* Answer `status` and the sentence in exchange->err instead of a handler. */
void exchange_refuse(struct exchange *exchange, int status);

#endif
