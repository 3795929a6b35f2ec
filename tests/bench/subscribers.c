/* Many subscribers of one stream of Server-Sent Events, and what publishes in
 * it: how many events reach all of them, and how long the last one waits.
 *
 *	subscribers [--subscribers N] [--events N] [--rate N] \
 *	    (--door INGEST_SOCKET | --event FILE) HTTP_SOCKET PATH
 *
 * With --door an event is an entry said through the door; with --event it is
 * FILE, an event's data, posted to /publish at HTTP_SOCKET. Events are told
 * apart by the number that their data begins with: {"seq":42,…
 *
 * Without --rate, an event follows when all have the one before. With it, so
 * many a second are offered, whatever becomes of them: "completed" are those
 * that have reached everybody by the time the last one is due, latencies count
 * from when an event was due.
 *
 * One JSON object on stdout when all are subscribed. Then a line on stdin is
 * waited for, so that somebody can look at the servers in between; then the
 * events, and a second object. One thread and one epoll: the client's share of
 * the machine is small, and the same for all whom it measures.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>

/* How long a subscription, an event, or what is left of all events may take. */
#define PATIENCE (30 * USEC_PER_SEC)

struct options {
	uint64_t subscribers, events, rate;
	const char *door, *event; /* one of the two */
	const char *http, *path;
};

/* Where the reader is in an answer: chunks around lines of text, both of
 * which begin and end anywhere. */
struct subscriber {
	int fd;
	enum { IN_HEADERS, IN_SIZE, IN_CHUNK } http;
	enum { AT_REST_OF_LINE, AT_PREFIX, AT_NUMBER } line;
	size_t matched; /* bytes of what is looked for */
	size_t chunk;	/* bytes of it to come */
	uint64_t number, last;
	bool has_begun, is_subscribed, has_failed;
};

struct event {
	usec_t due, complete;
	uint64_t reached;
};

struct load {
	struct options options;
	struct subscriber *subscribers;
	uint64_t subscribed, failed;
	int epoll, publisher;
	struct buf out; /* of the publisher, not sent yet */
	struct buf answers;
	struct buf data;      /* of an event that is posted, from its ',' */
	struct event *events; /* events[0] finds out the first number */
	uint64_t first;	      /* its number; 0: nobody knows yet */
	uint64_t published, complete, deliveries, misplaced;
};

static _Noreturn void
end(const char *what)
{
	fprintf(stderr, "subscribers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void
end_because(const char *sentence)
{
	fprintf(stderr, "subscribers: %s\n", sentence);
	exit(1);
}

static usec_t
now(void)
{
	return clock_monotonic(&clock_system);
}

/* --- connections ---------------------------------------------------------- */

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		end(path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		end(path);
	return fd;
}

static void
watch(struct load *load, int fd, void *who, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = who };

	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		end("epoll");
}

static void
subscribe(struct load *load, struct subscriber *subscriber)
{
	cleanup(buf_free) struct buf request = BUF_INIT;

	buf_addf(&request,
	    "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Accept: text/event-stream\r\n\r\n",
	    load->options.path);
	subscriber->fd = connect_to(load->options.http);
	if (send(subscriber->fd, request.data, request.len, MSG_NOSIGNAL) !=
	    (ssize_t)request.len)
		end("a request cannot be sent");
	watch(load, subscriber->fd, subscriber, EPOLLIN);
}

/* --- reading an answer ---------------------------------------------------- */

static void
count(struct load *load, struct subscriber *subscriber)
{
	struct event *event;
	uint64_t number = subscriber->number;

	if (load->first == 0)
		load->first = number;
	if (number <= subscriber->last || number < load->first ||
	    number - load->first >= load->published) {
		load->misplaced++;
		return;
	}
	subscriber->last = number;
	load->deliveries++;
	event = &load->events[number - load->first];
	if (++event->reached == load->options.subscribers) {
		event->complete = now();
		load->complete++;
	}
}

/* Lines of text, or parts of them. */
static void
read_text(struct load *load, struct subscriber *subscriber, struct slice text)
{
	static const char prefix[] = "data: {\"seq\":";
	const char *at = text.data, *const past = text.data + text.len;

	while (at < past) {
		char c = *at;

		if (subscriber->line == AT_REST_OF_LINE) {
			at = memchr(at, '\n', (size_t)(past - at));
			if (at == NULL)
				return;
			subscriber->line = AT_PREFIX;
			subscriber->matched = 0;
			at++;
		} else if (subscriber->line == AT_PREFIX &&
			   c == prefix[subscriber->matched]) {
			at++;
			if (++subscriber->matched == sizeof(prefix) - 1)
				subscriber->line = AT_NUMBER;
			subscriber->number = 0;
		} else if (subscriber->line == AT_NUMBER && c >= '0' &&
			   c <= '9') {
			subscriber->number =
			    subscriber->number * 10 + (uint64_t)(c - '0');
			at++;
		} else {
			if (subscriber->line == AT_NUMBER)
				count(load, subscriber);
			subscriber->line = AT_REST_OF_LINE;
		}
	}
}

/* One byte of a chunk's size; "\r\n" of the chunk before it may come first. */
static void
read_size(struct subscriber *subscriber, char c)
{
	if (c >= '0' && c <= '9')
		subscriber->chunk = subscriber->chunk * 16 + (size_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		subscriber->chunk =
		    subscriber->chunk * 16 + (size_t)(c - 'a') + 10;
	else if (c == '\n' && subscriber->chunk > 0)
		subscriber->http = IN_CHUNK;
}

static void
read_header(struct load *load, struct subscriber *subscriber, char c)
{
	static const char blank_line[] = "\r\n\r\n";

	subscriber->matched = c == blank_line[subscriber->matched]
				  ? subscriber->matched + 1
				  : c == '\r';
	if (subscriber->matched < sizeof(blank_line) - 1)
		return;
	subscriber->http = IN_SIZE;
	subscriber->line = AT_PREFIX;
	subscriber->matched = 0;
	subscriber->is_subscribed = true;
	load->subscribed++;
}

static void
read_bytes(struct load *load, struct subscriber *subscriber, struct slice bytes)
{
	size_t at = 0;

	while (at < bytes.len) {
		size_t len = bytes.len - at;

		if (subscriber->http == IN_HEADERS) {
			read_header(load, subscriber, bytes.data[at++]);
			continue;
		}
		if (subscriber->http == IN_SIZE) {
			read_size(subscriber, bytes.data[at++]);
			continue;
		}
		len = len < subscriber->chunk ? len : subscriber->chunk;
		read_text(
		    load, subscriber, (struct slice){ bytes.data + at, len });
		at += len;
		subscriber->chunk -= len;
		if (subscriber->chunk == 0)
			subscriber->http = IN_SIZE;
	}
}

/* It has ended, or was refused. */
static void
fail(struct load *load, struct subscriber *subscriber)
{
	if (subscriber->has_failed)
		return;
	subscriber->has_failed = true;
	load->failed++;
	close(subscriber->fd);
}

static void
read_answer(struct load *load, struct subscriber *subscriber)
{
	static const struct slice good = SLICE_LITERAL("HTTP/1.1 200 ");
	static char bytes[64 << 10];
	ssize_t got = recv(subscriber->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got == -1 && errno == EAGAIN)
		return;
	if (got <= 0) {
		fail(load, subscriber);
		return;
	}
	if (!subscriber->has_begun &&
	    ((size_t)got < good.len ||
		memcmp(bytes, good.data, good.len) != 0)) {
		fail(load, subscriber);
		return;
	}
	subscriber->has_begun = true;
	read_bytes(load, subscriber, (struct slice){ bytes, (size_t)got });
}

/* --- publishing ----------------------------------------------------------- */

static void
send_events(struct load *load)
{
	ssize_t sent;

	if (load->out.len == 0)
		return;
	sent = send(load->publisher, load->out.data, load->out.len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent == -1 && errno != EAGAIN)
		end("publishing");
	if (sent > 0)
		buf_consume(&load->out, (size_t)sent);
}

/* What the publisher is answered; refusals end everything. */
static void
read_publisher(struct load *load)
{
	struct buf *in = &load->answers;
	ssize_t got;

	buf_reserve(in, 16 << 10);
	got = recv(load->publisher, in->data + in->len, 16 << 10, MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return;
	if (got <= 0)
		end("the publisher's connection has ended");
	buf_set_len(in, in->len + (size_t)got);
	if (memmem(in->data, in->len, "\"error\":", 8) != NULL ||
	    memmem(in->data, in->len, "HTTP/1.1 4", 10) != NULL ||
	    memmem(in->data, in->len, "HTTP/1.1 5", 10) != NULL)
		end_because(in->data);
	if (in->len > 4096)
		buf_consume(in, in->len - 4096);
}

static void
publish(struct load *load, usec_t due)
{
	static const struct slice entry =
	    SLICE_LITERAL("{\"actor_type\":\"agent\",\"agent_name\":\"bench\","
			  "\"capability\":\"bench.event\","
			  "\"status\":\"success\"}\n");
	char head[64];
	int head_len;

	assert(load->events != NULL);
	load->events[load->published].due = due;
	if (load->options.door != NULL) {
		buf_add_slice(&load->out, entry);
	} else {
		head_len = snprintf(head, sizeof(head), "{\"seq\":%" PRIu64,
		    load->published + 1);
		buf_addf(&load->out,
		    "POST /publish HTTP/1.1\r\nHost: localhost\r\n"
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    (size_t)head_len + load->data.len, head);
		buf_add_slice(&load->out, buf_slice(&load->data));
	}
	load->published++;
	send_events(load);
}

/* --- the loop ------------------------------------------------------------- */

/* Whatever happens until `deadline`, but not more than a batch of it. */
static void
turn(struct load *load, usec_t deadline)
{
	struct epoll_event events[256];
	usec_t begin = now();
	usec_t left = deadline > begin ? deadline - begin : 0;
	struct timespec wait = { .tv_sec = (time_t)(left / USEC_PER_SEC),
		.tv_nsec = (long)(left % USEC_PER_SEC) * 1000 };
	int got = epoll_pwait2(load->epoll, events, 256, &wait, NULL);

	if (got == -1 && errno != EINTR)
		end("epoll");
	for (int i = 0; i < got; i++)
		if (events[i].data.ptr == load)
			read_publisher(load);
		else
			read_answer(load, events[i].data.ptr);
	send_events(load);
}

static void
subscribe_all(struct load *load)
{
	usec_t deadline = now() + PATIENCE;
	uint64_t wanted = load->options.subscribers;

	for (uint64_t i = 0; i < wanted; i++)
		subscribe(load, &load->subscribers[i]);
	while (load->subscribed + load->failed < wanted && now() < deadline)
		turn(load, deadline);
	load->failed = wanted - load->subscribed;
}

static void
until_complete(struct load *load, uint64_t wanted, usec_t deadline)
{
	while (load->complete < wanted && load->failed == 0 && now() < deadline)
		turn(load, deadline);
}

/* Each event when all have the one before. */
static void
run_one_by_one(struct load *load)
{
	for (uint64_t i = 0; i < load->options.events; i++) {
		publish(load, now());
		until_complete(load, load->published, now() + PATIENCE);
	}
}

/* So many a second; returns when the one after the last would be due. */
static void
run_at_rate(struct load *load, usec_t begin)
{
	uint64_t events = load->options.events;

	for (uint64_t i = 0; i <= events; i++) {
		usec_t due = begin + i * USEC_PER_SEC / load->options.rate;

		while (now() < due)
			turn(load, due);
		if (i < events)
			publish(load, due);
	}
}

/* --- what came of it ------------------------------------------------------ */

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
print_subscribed(const struct load *load, usec_t took)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "subscribed", load->subscribed);
	json_writer_pair_u64(&json, "failed", load->failed);
	json_writer_pair_u64(&json, "microseconds", took);
	json_writer_end_object(&json);
	puts(out.data);
	fflush(stdout);
}

/* `took`, `complete`, `deliveries`: while events were offered. */
static void
print_events(const struct load *load, usec_t took, uint64_t complete,
    uint64_t deliveries)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(cleanup_free) usec_t *waits =
	    memory_new(memory_product(load->options.events, sizeof(*waits)));
	struct json_writer json;
	size_t count = 0;

	for (uint64_t i = 1; i < load->published; i++)
		if (load->events[i].complete != 0)
			waits[count++] =
			    load->events[i].complete - load->events[i].due;
	qsort(waits, count, sizeof(*waits), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "events", load->options.events);
	json_writer_pair_u64(&json, "microseconds", took);
	json_writer_pair_u64(&json, "completed", complete);
	json_writer_pair_u64(&json, "deliveries", deliveries);
	json_writer_pair_u64(
	    &json, "never_completed", load->options.events - count);
	json_writer_pair_u64(&json, "failed", load->failed);
	json_writer_pair_u64(&json, "misplaced", load->misplaced);
	if (count > 0) {
		json_writer_pair_u64(&json, "p50_us", waits[count / 2]);
		json_writer_pair_u64(&json, "p99_us", waits[count * 99 / 100]);
	}
	json_writer_end_object(&json);
	puts(out.data);
}

static void
measure(struct load *load)
{
	uint64_t before, complete;
	usec_t begin;

	publish(load, now()); /* whose number is the first */
	until_complete(load, 1, now() + PATIENCE);
	if (load->complete != 1)
		end_because("the first event has not reached everybody");
	before = load->deliveries;
	begin = now();
	if (load->options.rate == 0)
		run_one_by_one(load);
	else
		run_at_rate(load, begin);
	complete = load->complete - 1;
	before = load->deliveries - before;
	begin = now() - begin;
	until_complete(load, load->published, now() + PATIENCE);
	print_events(load, begin, complete, before);
}

static void
open_publisher(struct load *load)
{
	const struct options *options = &load->options;
	FILE *file;
	char bytes[8192];
	size_t len;
	const char *comma;

	load->publisher =
	    connect_to(options->door != NULL ? options->door : options->http);
	watch(load, load->publisher, load, EPOLLIN);
	if (options->event == NULL)
		return;
	file = fopen(options->event, "re");
	if (file == NULL)
		end(options->event);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	comma = memchr(bytes, ',', len);
	if (comma == NULL || memcmp(bytes, "{\"seq\":", 7) != 0)
		end_because("the event does not begin with its number");
	buf_add(&load->data, comma, len - (size_t)(comma - bytes));
}

static void
read_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "subscribers", required_argument, NULL, 's' },
		{ "events", required_argument, NULL, 'n' },
		{ "rate", required_argument, NULL, 'r' },
		{ "door", required_argument, NULL, 'd' },
		{ "event", required_argument, NULL, 'e' },
		{ 0 },
	};
	bool is_good = true;
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (name == 'd')
			options->door = optarg;
		else if (name == 'e')
			options->event = optarg;
		else
			is_good = is_good && name != '?' &&
				  number_parse_u64(slice_of(optarg), 1, 1000000,
				      name == 's'   ? &options->subscribers
				      : name == 'n' ? &options->events
						    : &options->rate) == 0;
	}
	if (!is_good || optind + 2 != argc ||
	    (options->door == NULL) == (options->event == NULL)) {
		fprintf(stderr,
		    "usage: subscribers [--subscribers N] [--events N] "
		    "[--rate N] (--door SOCKET | --event FILE) SOCKET PATH\n");
		exit(64);
	}
	options->http = argv[optind];
	options->path = argv[optind + 1];
}

/* A descriptor for each of them. */
static void
raise_limit(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		end("getrlimit");
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		end("setrlimit");
}

int
main(int argc, char **argv)
{
	static struct load load = {
		.options = { .subscribers = 1, .events = 1 },
		.out = BUF_INIT,
		.answers = BUF_INIT,
		.data = BUF_INIT,
	};
	usec_t begin = now();

	read_options(&load.options, argc, argv);
	raise_limit(load.options.subscribers + 64);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.epoll == -1)
		end("epoll");
	load.subscribers = memory_new(memory_product(
	    load.options.subscribers, sizeof(*load.subscribers)));
	load.events = memory_new(
	    memory_product(load.options.events + 1, sizeof(*load.events)));
	subscribe_all(&load);
	print_subscribed(&load, now() - begin);
	if (getchar() == EOF || load.failed > 0)
		return load.failed > 0;
	open_publisher(&load);
	measure(&load);
	return 0;
}
