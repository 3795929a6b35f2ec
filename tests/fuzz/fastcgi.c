/* Any bytes as FastCGI records, as a program gets them on its socket: each
 * request in them is answered, and the answers are whole records. */
#include "base/cleanup.h"
#include "base/text.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/params.h"

#include <sys/socket.h>

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	RECORD_HEAD_BYTES = 8,
	RECORD_TYPES = 11, /* FCGI_UNKNOWN_TYPE, the last of them */
	REQUESTS = 16,
	INPUT_BYTES = 64 << 10,
	READ_BYTES = 16 << 10,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__lsan_default_suppressions(void);

/* libfcgi loses 48 bytes for each management record of a kind that it does not
 * know; nginx sends none. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfcgi.so";
}

struct query {
	struct slice q;
	uint64_t n;
};

static const struct param params[] = {
	PARAM_TEXT(struct query, q, "q", 100),
	PARAM_U64(struct query, n, "n", 1, 200),
	PARAM_END,
};

/* Says again what was asked, as our programs do. */
static int
echo(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	static const char *const headers[] = { "Last-Event-ID", "Cookie",
		"Content-Type", "Origin" };
	struct query query = { 0 };

	(void)prog;
	if (params_read(req, &query, err) == -1)
		return 400;
	json_writer_object(rep->json);
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct slice value = request_header(req, headers[i]);

		if (value.data != NULL)
			json_writer_pair_slice(rep->json, headers[i], value);
	}
	json_writer_pair_slice(rep->json, "q", query.q);
	json_writer_pair_slice(rep->json, "word", req->word);
	json_writer_end_object(rep->json);
	reply_etag(rep, "%zu", rep->body.len);
	return 200;
}

static const struct route routes[] = {
	{ METHOD_GET, "/a/<number>", echo, params, 0 },
	{ METHOD_GET | METHOD_POST, "/a/<word>", echo, params, 0 },
	{ METHOD_GET, "/a", echo, params, 0 },
	ROUTE_END,
};

static void
serve(int fd)
{
	static struct exchange exchange;
	static bool is_begun;
	struct connection conn;

	if (!is_begun) {
		connection_init_library();
		exchange_init(&exchange);
		is_begun = true;
	}
	connection_open(&conn, fd, REQUEST_BODY_BYTES);
	for (int i = 0; i < REQUESTS && connection_fd(&conn) != -1; i++) {
		if (connection_read(&conn) == -1)
			break;
		exchange_begin(&exchange, connection_variables(&conn),
		    connection_body(&conn), REQUEST_BODY_BYTES, &conn.sink);
		(void)exchange_route(&exchange, routes);
		assert(exchange_answer(&exchange, NULL, 0) == EXCHANGE_SENT);
		assert(exchange.status >= 200 && exchange.status <= 599);
		connection_finish(&conn);
	}
	connection_close(&conn);
}

/* Whole records of the protocol's kinds, and no byte besides. */
static void
check_records(struct slice answer)
{
	while (answer.len > 0) {
		const unsigned char *head = (const unsigned char *)answer.data;
		size_t bytes;

		assert(answer.len >= RECORD_HEAD_BYTES);
		assert(head[0] == 1 && head[1] >= 1 && head[1] <= RECORD_TYPES);
		bytes = RECORD_HEAD_BYTES + (size_t)(head[4] << 8 | head[5]) +
			head[6];
		assert(answer.len >= bytes);
		answer.data += bytes;
		answer.len -= bytes;
	}
}

/* libfcgi takes a name and a value of 2^30 bytes each, and asserts that there
 * is so much memory. Only nginx gets at the socket, and does not say so. Here a
 * length is at most 2^26: no byte sets the bits above. */
static void
keep_lengths_small(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] >= 0x80)
			bytes[i] &= 0x83;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t sent[INPUT_BYTES];
	static char answer[1 << 20];
	const int room = sizeof(answer);
	size_t read_bytes = 0;
	ssize_t got;
	int pair[2];

	/* Both ways fit the sockets, so that one thread is enough. */
	if (len > sizeof(sent))
		return 0;
	memcpy(sent, bytes, len);
	keep_lengths_small(sent, len);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ==
		-1 ||
	    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ==
		-1)
		abort();
	if (write(pair[0], sent, len) != (ssize_t)len)
		abort();
	shutdown(pair[0], SHUT_WR);
	serve(pair[1]);
	while (read_bytes + READ_BYTES <= sizeof(answer) &&
	       (got = read(pair[0], answer + read_bytes, READ_BYTES)) > 0)
		read_bytes += (size_t)got;
	check_records((struct slice){ answer, read_bytes });
	close(pair[0]);
	return 0;
}
