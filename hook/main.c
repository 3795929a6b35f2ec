/* kruxos-hook: what a coding agent does, event by event, into the log.
 *
 * An agent waits for its hook, so this is quick or gives up; and it never
 * breaks an agent: whatever is wrong is a word on standard error, and the exit
 * code 0. What cannot be handed in now is left in the spool. */
#include "base/cleanup.h"
#include "base/number.h"
#include "config/config.h"
#include "hook/call.h"
#include "hook/shorten.h"
#include "hook/spool.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sysexits.h>

static const char help[] =
    "Usage: kruxos-hook AGENT [--name NAME] [--event EVENT] [--fail-closed]\n"
    "                   [--timeout MS] [-c FILE]\n"
    "Record one event of a coding agent, which it reads on standard input.\n"
    "\n"
    "AGENT is claude-code, codex, gemini, cursor or opencode.\n"
    "\n"
    "  -n, --name NAME    the agent's name in the log; by default AGENT\n"
    "  -e, --event EVENT  which event it is, where the input does not say so\n"
    "      --fail-closed  deny a tool call that cannot be recorded\n"
    "  -t, --timeout MS   wait so long for kruxosd, twice before a tool call;\n"
    "                     by default 500, and 700 at the end of a session\n"
    "  -c, --config FILE  configuration; by default $KRUXOS_CONFIG, else\n"
    "                     /etc/kruxos/kruxos.conf\n"
    "  -h, --help         print this, and exit\n"
    "  -V, --version      print the version, and exit\n"
    "\n"
    "Before a tool call it asks the policy: it prints a denial, or that a\n"
    "person is to be asked, in the agent's own words; else nothing. What\n"
    "kruxosd cannot take now it leaves in [paths] spool_dir.\n"
    "\n"
    "Examples:\n"
    "  kruxos-hook claude-code <event.json\n"
    "  kruxos-hook codex --name build-agent --fail-closed\n"
    "  kruxos-hook opencode --event tool.execute.before\n"
    "  kruxos hook install claude-code --user   let Claude Code do so\n";

#define DEFAULT_CONFIG "/etc/kruxos/kruxos.conf"
#define DEFAULT_SOCKET "/run/kruxos/ingest.sock"

enum {
	INPUT_BYTES = 16 << 20,
	/* What is left over of it, so that an entry of it is a line. */
	EVENT_BYTES = 900 << 10,
	READ_BYTES = 64 << 10,
	INPUT_MSEC = 5000, /* an agent that does not end its input */
};

/* For each of two waits: what may run, and the entry. */
#define PATIENCE (500 * USEC_PER_MSEC)
/* At the end of a session Codex kills its hooks after a second. */
#define LAST_PATIENCE	   (700 * USEC_PER_MSEC)
#define MOST_PATIENCE_MSEC 60000

struct options {
	enum event_agent agent;
	struct slice name;
	struct slice event; /* {NULL, 0}: as the input says */
	bool is_fail_closed;
	usec_t patience; /* 0: by the event */
	const char *config;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *format, ...)
{
	va_list arguments;

	fputs("kruxos-hook: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* --- options -------------------------------------------------------------- */

static int
misused(const char *what, const char *which)
{
	say("%s%s; try `kruxos-hook --help`", what, which);
	return EX_USAGE;
}

static int
read_agent(int argc, char **argv, struct options *options)
{
	int agent;

	if (argc == 0)
		return misused("AGENT is missing", "");
	if (argc > 1)
		return misused("too many operands: ", argv[1]);
	agent = event_agent_of(slice_of(argv[0]));
	if (agent == -1)
		return misused("no agent is called ", argv[0]);
	options->agent = (enum event_agent)agent;
	if (options->name.data == NULL)
		options->name = slice_of(argv[0]);
	if (!entry_is_name(options->name))
		return misused("no name for the log: ", options->name.data);
	return -1;
}

/* -1: go on; else the exit code. */
static int
read_options(int argc, char **argv, struct options *options)
{
	enum { FAIL_CLOSED = 256 };
	static const struct option names[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "event", required_argument, NULL, 'e' },
		{ "fail-closed", no_argument, NULL, FAIL_CLOSED },
		{ "timeout", required_argument, NULL, 't' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	uint64_t millis;
	int option;

	while (
	    (option = getopt_long(argc, argv, "n:e:t:c:hV", names, NULL)) != -1)
		switch (option) {
		case 'n':
			options->name = slice_of(optarg);
			break;
		case 'e':
			options->event = slice_of(optarg);
			break;
		case FAIL_CLOSED:
			options->is_fail_closed = true;
			break;
		case 't':
			if (number_parse_u64(slice_of(optarg), 1,
				MOST_PATIENCE_MSEC, &millis) == -1)
				return misused("no such time: ", optarg);
			options->patience = millis * USEC_PER_MSEC;
			break;
		case 'c':
			options->config = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("kruxos-hook " KRUXOS_VERSION);
			return 0;
		default:
			return misused("no such option", "");
		}
	return read_agent(argc - optind, argv + optind, options);
}

/* --- input ---------------------------------------------------------------- */

/* All that comes, and as much of it as may be: who writes it is not left with
 * a pipe that nobody reads. */
static void
read_input(struct buf *input)
{
	usec_t end =
	    clock_monotonic(&clock_system) + INPUT_MSEC * USEC_PER_MSEC;
	struct pollfd poll_fd = { .fd = STDIN_FILENO, .events = POLLIN };

	for (;;) {
		usec_t now = clock_monotonic(&clock_system);
		size_t kept = input->len;
		ssize_t got;

		if (now >= end ||
		    poll(&poll_fd, 1, (int)((end - now) / USEC_PER_MSEC)) == 0)
			return;
		buf_reserve(input, READ_BYTES);
		got = read(STDIN_FILENO, input->data + kept, READ_BYTES);
		if (got == 0 || (got == -1 && errno != EINTR))
			return;
		if (got > 0)
			buf_set_len(input, kept + (size_t)got);
		if (input->len > INPUT_BYTES)
			buf_set_len(input, INPUT_BYTES);
	}
}

static int
parse_shortened(struct slice input, size_t deepest, struct buf *shortened,
    struct json_reader *reader, struct error *err)
{
	buf_reset(shortened);
	shorten(input, EVENT_BYTES, deepest, shortened);
	return json_reader_read(reader, buf_slice(shortened), err);
}

/* The event as JSON within bounds; `shortened` is what it lies in if it was
 * not. What a tool is to be called with, the agent's model has written: however
 * it did, the policy is asked, and the rest of the event recorded. */
static int
parse_input(struct slice input, struct buf *shortened,
    struct json_reader *reader, struct error *err)
{
	struct error ignored;
	int result;

	result =
	    shorten_is_needed(input, EVENT_BYTES)
		? parse_shortened(input, SHORTEN_DEPTH, shortened, reader, err)
		: json_reader_read(reader, input, err);
	if (result == -1)
		result = parse_shortened(
		    input, SHORTEN_ARGUMENTS, shortened, reader, &ignored);
	if (result == -1)
		result = parse_shortened(
		    input, SHORTEN_EVENT, shortened, reader, &ignored);
	return result;
}

/* --- the configuration ---------------------------------------------------- */

/* What of it counts here. Never that of the working directory: this is the
 * agent's, and it could put another there. */
struct place {
	struct config *config; /* NULL: it cannot be read */
	const char *socket;
	const char *spool; /* NULL: none */
	bool is_fail_closed;
};

static void
find_place(const struct options *options, struct place *ret)
{
	const char *path = options->config;
	struct error err;

	if (path == NULL)
		path = getenv("KRUXOS_CONFIG");
	if (path == NULL || path[0] == '\0')
		path = DEFAULT_CONFIG;
	*ret = (struct place){ .socket = DEFAULT_SOCKET,
		.is_fail_closed = options->is_fail_closed };
	if (config_load(path, &ret->config, &err) == -1) {
		say("%s", err.sentence);
		return;
	}
	ret->socket = ret->config->ingest_socket;
	ret->spool = ret->config->spool_dir;
	if (ret->config->hook_on_audit_failure == CONFIG_DENY)
		ret->is_fail_closed = true;
}

/* --- the event ------------------------------------------------------------ */

/* What is left may be handed in later. Of a denial, the reason is all that is
 * said: it tells the same. */
static void
leave(const struct call_desk *desk, const struct place *place,
    struct slice lines, const struct error *why)
{
	bool is_silent = desk->verdict == ANSWER_DENY;
	struct error err;

	if (lines.len == 0 || place->spool == NULL ||
	    why->code == ERROR_NOT_ALLOWED) {
		if (!is_silent)
			say("not recorded: %s", why->sentence);
	} else if (spool_write(place->spool, desk->now, lines, &err) == -1) {
		if (!is_silent)
			say("not recorded: %s; %s", why->sentence,
			    err.sentence);
	} else if (!is_silent) {
		say("recorded later: %s", why->sentence);
	}
}

static void
hand_in(struct call_desk *desk, const struct place *place)
{
	cleanup(buf_free) struct buf rest = BUF_INIT;
	struct error err = { 0 };

	if (desk->lines.len == 0 ||
	    delivery_send(
		desk->delivery, buf_slice(&desk->lines), &rest, &err) == 0)
		return;
	if (place->is_fail_closed && desk->event->kind == EVENT_BEFORE) {
		call_deny(desk, err.sentence);
		if (rest.len > 0) {
			buf_reset(&rest);
			buf_add_slice(&rest, buf_slice(&desk->lines));
		}
	}
	leave(desk, place, buf_slice(&rest), &err);
}

static usec_t
find_patience(const struct options *options, const struct event *event)
{
	if (options->patience != 0)
		return options->patience;
	return event->kind == EVENT_SESSION_END ? LAST_PATIENCE : PATIENCE;
}

static int
take_event(const struct options *options, const struct event *event,
    const struct place *place)
{
	struct delivery delivery;
	struct error ignored;
	cleanup(call_desk_free) struct call_desk desk = {
		.event = event,
		.agent_name = options->name,
		.now = clock_realtime(&clock_system),
		.boottime = clock_boottime(&clock_system),
		.pid = getpid(),
		.delivery = &delivery,
		.policy = place->config == NULL ? NULL : &place->config->policy,
		.lines = BUF_INIT,
		.reason = BUF_INIT,
		.names = BUF_INIT,
	};
	cleanup(buf_free) struct buf answer = BUF_INIT;
	int code;

	/* Without it, entries lack durations and no more. */
	desk.waiting = waiting_open(
	    desk.agent_name, event->session_id, desk.boottime, &ignored);
	delivery_open(&delivery, place->socket, find_patience(options, event));
	call_take(&desk);
	hand_in(&desk, place);
	delivery_close(&delivery);
	if (desk.has_begun && desk.waiting != NULL) {
		desk.begins.begun = clock_boottime(&clock_system);
		waiting_begin(desk.waiting, &desk.begins);
	}
	waiting_free(desk.waiting);
	code =
	    answer_write(event, desk.verdict, buf_slice(&desk.reason), &answer);
	fwrite(answer.data, 1, answer.len, code == 0 ? stdout : stderr);
	return code;
}

/* What cannot be read cannot be recorded. */
static int
refuse_input(const struct options *options, const struct place *place,
    struct slice input, const struct error *why)
{
	if (!place->is_fail_closed ||
	    !event_is_before(options->agent, options->event, input)) {
		say("the event cannot be read: %s", why->sentence);
		return 0;
	}
	/* All of these agents take 2 for a denial, and what is on standard
	 * error for its reason. */
	say("no call may run that is not recorded, and this cannot be read: "
	    "%s",
	    why->sentence);
	return 2;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	cleanup(buf_free) struct buf input = BUF_INIT;
	cleanup(buf_free) struct buf shortened = BUF_INIT;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct place place;
	struct event event;
	struct error err;
	sigset_t set;
	int code = read_options(argc, argv, &options);

	if (code != -1)
		return code;
	/* It is over by itself within moments, and an agent that loses its
	 * patience would have it end with nothing recorded. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);

	read_input(&input);
	if (parse_input(buf_slice(&input), &shortened, &reader, &err) == -1) {
		find_place(&options, &place);
		code = refuse_input(&options, &place, buf_slice(&input), &err);
		config_free(place.config);
		return code;
	}
	event_read(options.agent, options.event, &reader, &event);
	if (event.kind == EVENT_IGNORED)
		return 0;
	find_place(&options, &place);
	code = take_event(&options, &event, &place);
	config_free(place.config);
	return code;
}
