/* A crowd at the door: producers of several users, who keep entries on their
 * way for a time, or only stand there.
 *
 *	build/load/crowd [OPTION N]... SOCKET
 *
 * Each uid has so many connections, and each of these a window of entries that
 * are not acknowledged yet; --rate bounds how many all begin in a second. One
 * JSON object on stdout: how many entries were acknowledged, by uid, and how
 * long that took. With a window of 0 they are idle: what stands there when all
 * have come is said in one line, and what became of them in another when stdin
 * ends.
 *
 * Without --uids it is the invoking user alone; with it, as root, they are
 * those from --first-uid on, with the group --group. The kernel notes who
 * connects when he does; what he can reach is no part of this: the
 * capabilities stay.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <linux/securebits.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>

enum {
	SEND_BYTES = 16 << 10, /* made at a time */
	SAMPLES_MAX = 1 << 20,
	RATE_TICK_MS = 1,
};

static struct options {
	uint64_t uids, first_uid, group, connections, window, rate, warmup_ms,
	    seconds;
	uint64_t entry_bytes;
	const char *path;
} options = { .connections = 1, .window = 1, .seconds = 1, .entry_bytes = 400 };

struct connection {
	int fd;
	size_t uid;	/* its number */
	struct buf out; /* not sent yet */
	size_t sent;	/* of it */
	struct buf in;
	uint64_t made, settled; /* lines */
	usec_t *made_at;	/* by line, modulo the window */
};

static struct {
	struct connection *connections;
	size_t count;
	uint64_t *by_uid; /* acknowledged */
	uint64_t made, settled, errors;
	usec_t begun_at, end_at;
	uint64_t run; /* makes call_ids unique between runs */
	usec_t *samples;
	size_t sample_count;
} crowd;

static void
end(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- who comes ------------------------------------------------------------ */

static void
become(uint64_t number)
{
	gid_t group = (gid_t)options.group;

	if (options.uids == 0)
		return;
	if (seteuid(0) == -1 || setgroups(1, &group) == -1 ||
	    setegid(group) == -1 ||
	    seteuid((uid_t)(options.first_uid + number)) == -1)
		end("to become another user");
}

static void
connect_one(struct connection *connection, size_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(options.path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		end(options.path);
	}
	memcpy(address.sun_path, options.path, strlen(options.path) + 1);
	connection->uid = uid;
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd == -1 ||
	    connect(connection->fd, (struct sockaddr *)&address,
		sizeof(address)) == -1 ||
	    fcntl(connection->fd, F_SETFL, O_NONBLOCK) == -1)
		end(options.path);
	buf_init(&connection->out);
	buf_init(&connection->in);
	connection->made_at =
	    memory_new(memory_product(options.window + 1, sizeof(usec_t)));
}

static void
connect_all(void)
{
	size_t uids = options.uids == 0 ? 1 : options.uids;

	if (options.uids > 0 &&
	    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == -1)
		end("prctl");
	crowd.by_uid = memory_new(memory_product(uids, sizeof(uint64_t)));
	crowd.count = uids * options.connections;
	crowd.connections =
	    memory_new(memory_product(crowd.count, sizeof(*crowd.connections)));
	for (size_t uid = 0; uid < uids; uid++) {
		become(uid);
		for (size_t i = 0; i < options.connections; i++)
			connect_one(
			    &crowd.connections[uid * options.connections + i],
			    uid);
	}
	if (options.uids > 0 && seteuid(0) == -1)
		end("seteuid");
}

/* --- entries -------------------------------------------------------------- */

static bool
may_make(const struct connection *connection, usec_t now)
{
	if (now >= crowd.end_at || connection->out.len >= SEND_BYTES ||
	    connection->made - connection->settled >= options.window)
		return false;
	return options.rate == 0 ||
	       crowd.made * USEC_PER_SEC / options.rate <= now - crowd.begun_at;
}

static void
make_lines(struct connection *connection)
{
	usec_t now = clock_monotonic(&clock_system);

	while (may_make(connection, now)) {
		struct buf *out = &connection->out;
		size_t start = out->len;

		buf_addf(out,
		    "{\"actor_type\":\"agent\",\"agent_name\":\"crowd-%zu\","
		    "\"session_id\":\"run-%016llx\",\"call_id\":\"call-%llu\","
		    "\"capability\":\"shell.exec\",\"status\":\"success\","
		    "\"summary\":\"",
		    connection->uid, (unsigned long long)crowd.run,
		    (unsigned long long)crowd.made);
		while (out->len - start + 3 < options.entry_bytes)
			buf_add_str(out, "made ");
		buf_add_str(out, "\"}\n");
		connection->made_at[connection->made % options.window] = now;
		connection->made++;
		crowd.made++;
	}
}

static void
send_lines(struct connection *connection)
{
	for (;;) {
		ssize_t sent;

		if (connection->sent == connection->out.len) {
			buf_reset(&connection->out);
			connection->sent = 0;
			make_lines(connection);
		}
		if (connection->out.len == 0)
			return;
		sent = send(connection->fd,
		    connection->out.data + connection->sent,
		    connection->out.len - connection->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent == -1 && errno == EAGAIN)
			return;
		if (sent == -1)
			end("send");
		connection->sent += (size_t)sent;
	}
}

/* One answer: all lines up to "line" are settled. */
static void
settle(struct connection *connection, struct slice answer)
{
	static const struct slice key = SLICE_LITERAL("\"line\":");
	const char *found = memmem(answer.data, answer.len, key.data, key.len);
	usec_t now = clock_monotonic(&clock_system);
	uint64_t line = 0;

	/* One of line 0 is about the connection. */
	if (found == NULL || found[key.len] == '0') {
		fprintf(stderr, "crowd: %.*s\n", SLICE_ARG(answer));
		exit(1);
	}
	if (memmem(answer.data, answer.len, "\"error\"", 7) != NULL)
		crowd.errors++;
	for (const char *at = found + key.len; *at >= '0' && *at <= '9'; at++)
		line = line * 10 + (uint64_t)(*at - '0');
	if (now >= crowd.begun_at + options.warmup_ms * USEC_PER_MSEC) {
		if (crowd.sample_count < SAMPLES_MAX)
			crowd.samples[crowd.sample_count++] =
			    now -
			    connection->made_at[(line - 1) % options.window];
		crowd.by_uid[connection->uid] += line - connection->settled;
		crowd.settled += line - connection->settled;
	}
	connection->settled = line;
}

/* Returns whether there may be more. */
static bool
read_answers(struct connection *connection)
{
	struct buf *in = &connection->in;
	const char *newline;
	ssize_t got;
	size_t at = 0;

	buf_reserve(in, 4 << 10);
	got = recv(connection->fd, in->data + in->len, 4 << 10, MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return false;
	if (got <= 0)
		end("the door has closed");
	buf_set_len(in, in->len + (size_t)got);
	while ((newline = memchr(in->data + at, '\n', in->len - at)) != NULL) {
		size_t len = (size_t)(newline - (in->data + at));

		settle(connection, (struct slice){ in->data + at, len });
		at += len + 1;
	}
	buf_consume(in, at);
	return true;
}

static void
take_events(int epoll)
{
	struct epoll_event events[256];
	int count = epoll_wait(
	    epoll, events, 256, options.rate > 0 ? RATE_TICK_MS : 10);

	if (count == -1 && errno != EINTR)
		end("epoll");
	for (int i = 0; i < count; i++) {
		struct connection *connection = events[i].data.ptr;

		while (read_answers(connection))
			;
		send_lines(connection);
	}
	if (options.rate > 0)
		for (size_t i = 0; i < crowd.count; i++)
			send_lines(&crowd.connections[i]);
}

static void
press(void)
{
	cleanup(cleanup_close) int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll == -1)
		end("epoll");
	crowd.samples =
	    memory_new(memory_product(SAMPLES_MAX, sizeof(*crowd.samples)));
	crowd.begun_at = clock_monotonic(&clock_system);
	crowd.end_at = crowd.begun_at + options.warmup_ms * USEC_PER_MSEC +
		       options.seconds * USEC_PER_SEC;
	for (size_t i = 0; i < crowd.count; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLOUT | EPOLLET,
			.data.ptr = &crowd.connections[i],
		};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, crowd.connections[i].fd,
			&event) == -1)
			end("epoll");
	}
	while (clock_monotonic(&clock_system) < crowd.end_at)
		take_events(epoll);
}

/* --- what came of it ------------------------------------------------------ */

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
print_pressed(void)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;
	size_t count = crowd.sample_count;

	qsort(crowd.samples, count, sizeof(*crowd.samples), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "entries", crowd.settled);
	json_writer_pair_u64(&json, "errors", crowd.errors);
	json_writer_pair_u64(&json, "entries_per_second",
	    crowd.settled / (options.seconds == 0 ? 1 : options.seconds));
	json_writer_pair_u64(&json, "samples", count);
	json_writer_pair_u64(&json, "p50_us", crowd.samples[count / 2]);
	json_writer_pair_u64(&json, "p99_us", crowd.samples[count * 99 / 100]);
	json_writer_key(&json, "by_uid");
	json_writer_array(&json);
	for (size_t i = 0; i < (options.uids == 0 ? 1 : options.uids); i++)
		json_writer_u64(&json, crowd.by_uid[i]);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	puts(out.data);
}

/* How many the door has let stand: it closes those that it refuses. */
static uint64_t
count_standing(void)
{
	uint64_t standing = 0;

	for (size_t i = 0; i < crowd.count; i++) {
		struct pollfd waiting = { crowd.connections[i].fd, POLLIN, 0 };

		if (poll(&waiting, 1, 0) == 0)
			standing++;
	}
	return standing;
}

static void
stand(void)
{
	char byte;

	printf("{\"standing\":%llu}\n", (unsigned long long)count_standing());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	printf("{\"standing\":%llu}\n", (unsigned long long)count_standing());
}

static void
read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "uids", required_argument, NULL, 0 },
		{ "first-uid", required_argument, NULL, 1 },
		{ "group", required_argument, NULL, 2 },
		{ "connections", required_argument, NULL, 3 },
		{ "window", required_argument, NULL, 4 },
		{ "rate", required_argument, NULL, 5 },
		{ "warmup-ms", required_argument, NULL, 6 },
		{ "seconds", required_argument, NULL, 7 },
		{ "entry-bytes", required_argument, NULL, 8 },
		{ 0 },
	};
	uint64_t *const fields[] = { &options.uids, &options.first_uid,
		&options.group, &options.connections, &options.window,
		&options.rate, &options.warmup_ms, &options.seconds,
		&options.entry_bytes };
	bool is_good = true;
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
		is_good = is_good && name != '?' &&
			  number_parse_u64(slice_of(optarg), 0, 100000000,
			      fields[name]) == 0;
	if (!is_good || optind + 1 != argc) {
		fprintf(stderr,
		    "usage: crowd [--uids N] [--first-uid N] [--group N] "
		    "[--connections N] [--window N] [--rate N] [--warmup-ms N] "
		    "[--seconds N] [--entry-bytes N] SOCKET\n");
		exit(64);
	}
	options.path = argv[optind];
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	if (getrandom(&crowd.run, sizeof(crowd.run), 0) != sizeof(crowd.run))
		end("getrandom");
	connect_all();
	if (options.window == 0) {
		stand();
		return 0;
	}
	press();
	print_pressed();
	return 0;
}
