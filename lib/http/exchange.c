#include "http/exchange.h"

#include "base/cleanup.h"
#include "http/body.h"
#include "http/params.h"

#include <assert.h>

void
exchange_init(struct exchange *exchange)
{
	*exchange = (struct exchange){ .arena = ARENA_INIT };
	reply_init(&exchange->reply);
}

void
exchange_free(struct exchange *exchange)
{
	reply_free(&exchange->reply);
	arena_free(&exchange->arena);
}

void
exchange_begin(struct exchange *exchange, char **variables, struct slice body,
    size_t body_bytes, struct reply_sink *sink)
{
	struct request *req = &exchange->request;

	arena_reset(&exchange->arena);
	exchange->err = (struct error){ 0 };
	exchange->status = 0;
	__atomic_store_n(&exchange->gone, false, __ATOMIC_RELAXED);
	request_init(req, variables, body, &exchange->arena);
	req->body_bytes = body_bytes;
	req->gone = &exchange->gone;
	reply_begin(&exchange->reply, &exchange->arena, sink,
	    req->method == METHOD_HEAD);
}

/* "GET, HEAD" */
static void
add_allow(struct reply *rep, unsigned methods)
{
	cleanup(buf_free) struct buf allow = BUF_INIT;

	for (unsigned method = 1; method <= methods; method <<= 1)
		if (methods & method)
			buf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "",
			    method_name((enum method)method));
	reply_header(rep, "Allow", "%s", allow.data);
}

/* What no handler looks at: 0, or the status to answer. */
static int
check(struct request *req, struct error *err)
{
	const struct route *route = req->route;
	int status = req->method == METHOD_POST ? body_check(req, err) : 0;

	if (status != 0)
		return status;
	if (route->params == NULL && params_read(req, NULL, err) == -1)
		return 400;
	if (req->method == METHOD_POST && route->body == NULL &&
	    (route->flags & ROUTE_ANY_BODY) == 0 &&
	    body_read(req, NULL, err) == -1)
		return 400;
	return 0;
}

unsigned
exchange_route(struct exchange *exchange, const struct route *routes)
{
	struct request *req = &exchange->request;
	unsigned allowed = 0;

	exchange->status = route_find(routes, req, &allowed, &exchange->err);
	if (exchange->status == 405)
		add_allow(&exchange->reply, allowed);
	if (exchange->status == 0)
		exchange->status = check(req, &exchange->err);
	return exchange->status == 0 ? req->route->flags : 0;
}

static void
finish(struct exchange *exchange)
{
	struct reply *rep = &exchange->reply;

	struct error ignored = { 0 };

	if (rep->take != NULL && exchange->status == 200 && !rep->head_only)
		return; /* the taker answers */
	if (rep->take != NULL) {
		rep->take(rep->take_context, -1);
		rep->take = NULL;
		if (exchange->status == 200) /* HEAD of an endless body */
			reply_write(rep, SLICE_LITERAL(""), &ignored);
	}
	exchange->status = reply_finish(rep, exchange->status, &exchange->err,
	    request_header(&exchange->request, "If-None-Match"));
}

/* Of a handler that is to be called again, nothing is kept but its state. */
static enum exchange_turn
again(struct exchange *exchange, enum handler_again how)
{
	static const enum exchange_turn turns[] = {
		[HANDLER_SLOW] = EXCHANGE_SLOW,
		[HANDLER_LATER] = EXCHANGE_LATER,
		[HANDLER_LOOP] = EXCHANGE_LOOP,
	};
	struct reply *rep = &exchange->reply;
	bool is_pooled = exchange->request.worker != 0;

	assert((how == HANDLER_LOOP) == is_pooled && !rep->started);
	exchange->err = (struct error){ 0 };
	reply_begin(rep, rep->arena, rep->sink, rep->head_only);
	return turns[how];
}

enum exchange_turn
exchange_answer(
    struct exchange *exchange, struct program *program, unsigned worker)
{
	struct request *req = &exchange->request;

	if (exchange->status == 0) {
		req->worker = worker;
		int status = req->route->handler(
		    program, req, &exchange->reply, &exchange->err);
		if (status <= HANDLER_LOOP)
			return again(exchange, (enum handler_again)status);
		exchange->status = status;
	}
	finish(exchange);
	return EXCHANGE_SENT;
}

void
exchange_refuse(struct exchange *exchange, int status)
{
	exchange->status = status;
	finish(exchange);
}
