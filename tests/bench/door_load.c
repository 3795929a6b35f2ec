/* Load on the door: connections that each keep a window of entries on their
 * way, until so many are acknowledged. One JSON object on stdout: how many a
 * second, and how long an acknowledgement took.
 *
 *	build/bench/door_load [OPTION]... SOCKET
 *		--connections N, --window N, --entries N
 *		--span SECONDS: a hook tells of them that was not heard for
 *		so long, their times spread evenly over it; else it is now
 *
 * Entries are like those of agents: 50 of them, 20 capabilities, sessions of
 * 200 calls, about 600 bytes in the log, each with a call_id of its own. They
 * are cut from templates, so that the generator costs little.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>

enum {
	TEMPLATES = 4096,
	SESSION_CALLS = 200,
	SEND_BYTES = 64 << 10, /* made at a time */
	SAMPLES_MAX = 1 << 20,
};

struct options {
	uint64_t connections, window, entries, span;
	const char *path;
};

/* A line with room for a call_id of its own, and perhaps a time. */
struct template
{
	struct buf line; /* '\n' included */
	size_t call_at;	 /* 16 hex digits */
	size_t time_at;	 /* as clock_format() writes it; 0: there is none */
};

struct connection {
	int fd;
	struct buf out; /* not sent yet */
	size_t sent;	/* of it */
	struct buf in;
	uint64_t made, settled; /* lines */
	usec_t *made_at;	/* by line, modulo the window */
};

struct load {
	struct options options;
	struct template templates[TEMPLATES];
	uint64_t made, settled; /* by all connections */
	uint64_t run;		/* makes call_ids unique between runs */
	usec_t begun;		/* the end of the span */
	usec_t *samples;
	size_t sample_count;
};

static void
end(const char *what)
{
	fprintf(stderr, "door_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
begin_template(const struct load *load, struct template *template)
{
	char text[CLOCK_TEXT_SIZE];

	buf_init(&template->line);
	buf_addf(&template->line, "{");
	if (load->options.span == 0)
		return;
	buf_addf(&template->line, "\"source\":\"hook\",\"time\":\"");
	template->time_at = template->line.len;
	clock_format(load->begun, text);
	buf_addf(&template->line, "%s\",", text);
}

static void
make_templates(struct load *load)
{
	static const char *const capabilities[] = { "filesystem.read",
		"filesystem.write", "filesystem.search", "filesystem.delete",
		"shell.exec", "shell.spawn", "web.fetch", "web.search",
		"git.commit", "git.push", "database.query", "database.write",
		"mail.send", "calendar.read", "memory.store", "memory.recall",
		"agent.spawn", "agent.submit", "mcp.github.create_issue",
		"mcp.slack.post" };
	static const char *const tiers[] = { "autonomous", "notify",
		"approval_required", "blocked" };
	unsigned random = 12345; /* the same entries every time */

	for (unsigned i = 0; i < TEMPLATES; i++) {
		struct template *template = &load->templates[i];
		unsigned agent, kind, outcome;

		random = random * 1103515245 + 12345;
		agent = (random >> 8) % 50;
		kind = (random >> 14) % 20;
		outcome = (random >> 20) % 100;
		begin_template(load, template);
		buf_addf(&template->line,
		    "\"actor_type\":\"agent\",\"agent_name\":\"agent-%02u\","
		    "\"session_id\":\"sess-%016llx-%u\",\"call_id\":\"toolu_",
		    agent, (unsigned long long)load->run, i / SESSION_CALLS);
		template->call_at = template->line.len;
		buf_addf(&template->line,
		    "0000000000000000\",\"capability\":\"%s\","
		    "\"policy_tier\":\"%s\",\"status\":\"%s\","
		    "\"duration_ms\":%u.%u,\"summary\":\"exit 0: %u files "
		    "changed, %u insertions\",\"request\":{\"command\":\"make "
		    "-C /srv/app/%u test\",\"cwd\":\"/srv/app\"}}\n",
		    capabilities[kind], tiers[outcome % 4 % (kind % 4 + 1)],
		    outcome < 88   ? "success"
		    : outcome < 96 ? "error"
		    : outcome < 99 ? "denied"
				   : "pending",
		    random % 4000, random % 10, i % 17, i % 1000, i);
	}
}

static void
put_hex(char *at, uint64_t value)
{
	for (int i = 15; i >= 0; i--, value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
}

/* The time of the entry that is made next. */
static void
put_time(const struct load *load, char *at)
{
	usec_t span = load->options.span * USEC_PER_SEC;
	usec_t step = span / load->options.entries;
	char text[CLOCK_TEXT_SIZE];

	clock_format(load->begun - span + step * load->made, text);
	memcpy(at, text, sizeof(text) - 1);
}

static void
connect_to(struct connection *connection, const struct options *options)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(options->path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		end(options->path);
	}
	memcpy(address.sun_path, options->path, strlen(options->path) + 1);
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd == -1 ||
	    connect(connection->fd, (struct sockaddr *)&address,
		sizeof(address)) == -1 ||
	    fcntl(connection->fd, F_SETFL, O_NONBLOCK) == -1)
		end(options->path);
	buf_init(&connection->out);
	buf_init(&connection->in);
	connection->made_at = memory_new(
	    memory_product(options->window, sizeof(*connection->made_at)));
}

/* Make as many lines as the window has room for. */
static void
make_lines(struct load *load, struct connection *connection)
{
	usec_t now = clock_monotonic(&clock_system);

	while (load->made < load->options.entries &&
	       connection->made - connection->settled < load->options.window &&
	       connection->out.len < SEND_BYTES) {
		const struct template *template =
		    &load->templates[load->made % TEMPLATES];
		size_t at = connection->out.len;

		buf_add_slice(&connection->out, buf_slice(&template->line));
		put_hex(connection->out.data + at + template->call_at,
		    load->run + load->made);
		if (template->time_at != 0)
			put_time(load,
			    connection->out.data + at + template->time_at);
		connection->made_at[connection->made % load->options.window] =
		    now;
		connection->made++;
		load->made++;
	}
}

static void
send_lines(struct load *load, struct connection *connection)
{
	for (;;) {
		ssize_t sent;

		if (connection->sent == connection->out.len) {
			buf_reset(&connection->out);
			connection->sent = 0;
			make_lines(load, connection);
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
settle(struct load *load, struct connection *connection, struct slice answer)
{
	static const struct slice key = SLICE_LITERAL("\"line\":");
	const char *found = memmem(answer.data, answer.len, key.data, key.len);
	uint64_t line = 0;

	if (found == NULL || memmem(answer.data, answer.len, "\"error\"", 7)) {
		fprintf(stderr, "door_load: %.*s\n", SLICE_ARG(answer));
		exit(1);
	}
	for (const char *at = found + key.len; *at >= '0' && *at <= '9'; at++)
		line = line * 10 + (uint64_t)(*at - '0');
	if (load->sample_count < SAMPLES_MAX)
		load->samples[load->sample_count++] =
		    clock_monotonic(&clock_system) -
		    connection->made_at[(line - 1) % load->options.window];
	load->settled += line - connection->settled;
	connection->settled = line;
}

/* Returns whether there may be more. */
static bool
read_answers(struct load *load, struct connection *connection)
{
	struct buf *in = &connection->in;
	const char *newline;
	ssize_t got;
	size_t at = 0;

	buf_reserve(in, 16 << 10);
	got = recv(connection->fd, in->data + in->len, 16 << 10, MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return false;
	if (got <= 0)
		end("the door has closed");
	buf_set_len(in, in->len + (size_t)got);
	while ((newline = memchr(in->data + at, '\n', in->len - at)) != NULL) {
		size_t len = (size_t)(newline - (in->data + at));

		settle(load, connection, (struct slice){ in->data + at, len });
		at += len + 1;
	}
	buf_consume(in, at);
	return true;
}

static void
run(struct load *load, struct connection *connections)
{
	cleanup(cleanup_close) int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll == -1)
		end("epoll");
	for (uint64_t i = 0; i < load->options.connections; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLOUT | EPOLLET,
			.data.ptr = &connections[i],
		};

		if (epoll_ctl(
			epoll, EPOLL_CTL_ADD, connections[i].fd, &event) == -1)
			end("epoll");
	}
	while (load->settled < load->options.entries) {
		struct epoll_event events[64];
		int count = epoll_wait(epoll, events, 64, 30000);

		if (count == 0)
			errno = ETIMEDOUT;
		if (count <= 0)
			end("waiting for the door");
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			while (read_answers(load, connection))
				;
			send_lines(load, connection);
		}
	}
}

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
print(struct load *load, usec_t took)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;
	size_t count = load->sample_count;

	qsort(load->samples, count, sizeof(*load->samples), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "entries", load->settled);
	json_writer_pair_u64(&json, "microseconds", took);
	json_writer_pair_u64(&json, "entries_per_second",
	    load->settled * USEC_PER_SEC / (took == 0 ? 1 : took));
	json_writer_pair_u64(&json, "p50_us", load->samples[count / 2]);
	json_writer_pair_u64(&json, "p99_us", load->samples[count * 99 / 100]);
	json_writer_end_object(&json);
	puts(out.data);
}

static void
read_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "connections", required_argument, NULL, 'c' },
		{ "window", required_argument, NULL, 'w' },
		{ "entries", required_argument, NULL, 'n' },
		{ "span", required_argument, NULL, 's' },
		{ 0 },
	};
	bool is_good = true;
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
		is_good = is_good && name != '?' &&
			  number_parse_u64(slice_of(optarg), 1, 1000000000,
			      name == 'c'   ? &options->connections
			      : name == 'w' ? &options->window
			      : name == 's' ? &options->span
					    : &options->entries) == 0;
	if (!is_good || optind + 1 != argc) {
		fprintf(stderr,
		    "usage: door_load [--connections N] [--window N] "
		    "[--entries N] [--span SECONDS] SOCKET\n");
		exit(64);
	}
	options->path = argv[optind];
}

int
main(int argc, char **argv)
{
	static struct load load = {
		.options = { .connections = 1, .window = 1, .entries = 1000 },
	};
	struct connection *connections;
	usec_t begin;

	read_options(&load.options, argc, argv);
	if (getrandom(&load.run, sizeof(load.run), 0) != sizeof(load.run))
		end("getrandom");
	load.begun = clock_realtime(&clock_system);
	make_templates(&load);
	load.samples =
	    memory_new(memory_product(SAMPLES_MAX, sizeof(*load.samples)));
	connections = memory_new(
	    memory_product(load.options.connections, sizeof(*connections)));
	for (uint64_t i = 0; i < load.options.connections; i++)
		connect_to(&connections[i], &load.options);
	begin = clock_monotonic(&clock_system);
	run(&load, connections);
	print(&load, clock_monotonic(&clock_system) - begin);
	return 0;
}
