#include "http/cgi.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "http/exchange.h"
#include "http/listener.h"

bool
cgi_is_wanted(void)
{
	return getenv("REQUEST_METHOD") != NULL &&
	       !listener_is_listening(STDIN_FILENO);
}

static int
write_stdout(struct reply_sink *sink, struct slice first, struct slice second,
    bool is_last)
{
	(void)sink, (void)is_last;
	if (fwrite(first.data, 1, first.len, stdout) != first.len ||
	    fwrite(second.data, 1, second.len, stdout) != second.len)
		return -1;
	return 0;
}

/* From standard input, if CONTENT_LENGTH says that there is one. */
static int
read_body(struct buf *body, size_t body_bytes, struct error *err)
{
	const char *text = getenv("CONTENT_LENGTH");
	uint64_t wanted;

	if (text == NULL || *text == '\0')
		return 0;
	if (number_parse_u64(slice_of(text), 0, UINT64_MAX, &wanted) == -1)
		return error_set(
		    err, ERROR_INVALID, "CONTENT_LENGTH is no number");
	if (wanted > body_bytes)
		wanted = body_bytes + 1;
	buf_reserve(body, wanted);
	buf_set_len(body, fread(body->data, 1, wanted, stdin));
	return 0;
}

int
cgi_run(const struct route *routes, struct program *program, size_t body_bytes,
    struct error *err)
{
	cleanup(exchange_free) struct exchange exchange;
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct reply_sink sink = { write_stdout };
	struct reply *rep = &exchange.reply;
	enum exchange_turn turn;

	if (body_bytes == 0)
		body_bytes = REQUEST_BODY_BYTES;
	exchange_init(&exchange);
	if (read_body(&body, body_bytes, err) == -1)
		return -1;
	exchange_begin(&exchange, environ, buf_slice(&body), body_bytes, &sink);
	exchange_route(&exchange, routes);
	turn = exchange_answer(&exchange, program, 0);
	if (turn == EXCHANGE_SLOW)
		turn = exchange_answer(&exchange, program, 1);
	if (turn != EXCHANGE_SENT) {
		error_set(&exchange.err, ERROR_NOT_ALLOWED,
		    "this needs the loop of a program that serves");
		exchange_refuse(&exchange, 501);
	}
	if (rep->take != NULL) {
		error_set(&exchange.err, ERROR_NOT_ALLOWED,
		    "a stream of events needs a FastCGI connection");
		exchange_refuse(&exchange, 501);
	}
	if (rep->broken || fflush(stdout) != 0)
		return error_set_errno(err, "standard output");
	return 0;
}
