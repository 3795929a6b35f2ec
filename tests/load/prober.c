/* One request after another, each on a connection of its own, as a load
 * balancer asks: how many are answered, and how long each takes.
 *
 *	build/load/prober [--interval-ms N] [--seconds N] WHERE PATH
 *
 * WHERE is a port of the loopback or the path of a unix socket. A request that
 * is due while the one before is still on its way is sent right after it. One
 * JSON object on stdout; `answered` are those with a status of 200 within
 * TIMEOUT_MS. Times are those of these.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>

enum { SAMPLES_MAX = 1 << 20, TIMEOUT_MS = 5000 };

static struct options {
	uint64_t interval_ms, seconds;
	const char *where, *path;
} options = { .interval_ms = 5, .seconds = 1 };

static usec_t *samples;
static size_t answered, asked;

static void
end(const char *what)
{
	fprintf(stderr, "prober: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
connect_port(uint64_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		end("socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_path(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || strlen(options.where) >= sizeof(address.sun_path))
		end(options.where);
	memcpy(address.sun_path, options.where, strlen(options.where) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Read to the end; was it a 200? */
static bool
read_answer(int fd)
{
	static const char good[] = "HTTP/1.1 200";
	char bytes[16 << 10];
	bool is_first = true, is_good = false;
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		if (is_first)
			is_good = (size_t)got >= sizeof(good) &&
				  memcmp(bytes, good, sizeof(good) - 1) == 0;
		is_first = false;
	}
	return got == 0 && is_good;
}

static bool
ask(void)
{
	static const struct timeval patience = { TIMEOUT_MS / 1000, 0 };
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(cleanup_close) int fd = -1;
	uint64_t port;

	if (number_parse_u64(slice_of(options.where), 1, 65535, &port) == 0)
		fd = connect_port(port);
	else
		fd = connect_path();
	if (fd == -1)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	buf_addf(&request,
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	    options.path);
	return send(fd, request.data, request.len, MSG_NOSIGNAL) ==
		   (ssize_t)request.len &&
	       read_answer(fd);
}

static void
ask_all(void)
{
	usec_t begun_at = clock_monotonic(&clock_system), due = begun_at;

	while (due < begun_at + options.seconds * USEC_PER_SEC &&
	       asked < SAMPLES_MAX) {
		usec_t now = clock_monotonic(&clock_system);

		if (due > now)
			usleep((useconds_t)(due - now));
		now = clock_monotonic(&clock_system);
		asked++;
		if (ask())
			samples[answered++] =
			    clock_monotonic(&clock_system) - now;
		due = now + options.interval_ms * USEC_PER_MSEC;
	}
}

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
print(void)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	qsort(samples, answered, sizeof(*samples), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "asked", asked);
	json_writer_pair_u64(&json, "answered", answered);
	json_writer_pair_u64(&json, "p50_us", samples[answered / 2]);
	json_writer_pair_u64(&json, "p99_us", samples[answered * 99 / 100]);
	json_writer_end_object(&json);
	puts(out.data);
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "interval-ms", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	bool is_good = true;
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
		is_good = is_good && name != '?' &&
			  number_parse_u64(slice_of(optarg), 0, 100000,
			      name == 'i' ? &options.interval_ms
					  : &options.seconds) == 0;
	if (!is_good || optind + 2 != argc) {
		fprintf(stderr,
		    "usage: prober [--interval-ms N] [--seconds N] WHERE "
		    "PATH\n");
		return 64;
	}
	options.where = argv[optind];
	options.path = argv[optind + 1];
	samples = memory_new(memory_product(SAMPLES_MAX, sizeof(*samples)));
	ask_all();
	print();
	return 0;
}
