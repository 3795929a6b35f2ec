/* Family 7: kill -9 at random times under load, while the daemon starts, too.
 *
 * Producers send calls with a call_id of their own, many on their way at once,
 * and send again what was not answered. After each kill the log holds all that
 * was acknowledged, or a torn tail behind it. After so many kills the daemon
 * is let live: then every call stands in the log once, under the seq that was
 * told, with its content; and starting again changes no byte.
 *
 * When a kill comes is up to the machine, too: a case that is done again is
 * like the first, not the same. */
#include "tests/fault/fault.h"
#include "tests/fault/image.h"

#include "base/memory.h"
#include "base/unix_socket.h"
#include "door/answer.h"
#include "log/chain.h"
#include "log/cursor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const struct fault_family family = {
	.number = 7,
	.what = "kill -9 under load",
	.seconds = 40,
	.floor = 100,
	.aim = 200,
	.soak = 10000,
};

enum {
	PRODUCERS = 4,
	KILLS = 25, /* of one log */
	WINDOW = 200,
	TEXT_BYTES = 1500,
	READ_BYTES = 64 << 10,
};

#define DEADLINE (30 * USEC_PER_SEC)

struct producer {
	int fd;		/* -1: not connected */
	uint64_t *seqs; /* of its calls, as they were told */
	size_t capacity;
	uint64_t acknowledged; /* calls, from the first on */
	uint64_t base;	       /* acknowledged before this connection */
	uint64_t sent;	       /* calls, on this connection and before */
	uint64_t made;	       /* calls that were ever sent */
	struct buf out, in;
	size_t written; /* of out */
};

struct stage {
	struct fault fault;
	char dir[64];
	char audit[80];
	pid_t pid; /* of the daemon; 0: there is none */
	struct producer producers[PRODUCERS];
	uint64_t last_seq; /* the highest that was told */
	unsigned kills;
	bool is_ending; /* no new calls */
	struct json_reader reader;
	uint64_t calls, torn; /* in all cases */
};

static usec_t
random_usec(struct stage *stage, usec_t most)
{
	/* Short ones as often as long ones. */
	return fault_random(
	    &stage->fault, 1 + (most >> fault_random(&stage->fault, 8)));
}

/* --- the daemon --------------------------------------------------------- */

static void
path_of(const struct stage *stage, const char *name, char ret[static 128])
{
	snprintf(ret, 128, "%.63s/%.40s", stage->dir, name);
}

/* What it has said, in a failure. */
static void __attribute__((noreturn))
fail_with_words(struct stage *stage, const char *what)
{
	char path[128], words[2048];
	int fd;
	ssize_t got;

	path_of(stage, "stderr", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd == -1 ? 0 : read(fd, words, sizeof(words) - 1);
	words[got > 0 ? got : 0] = '\0';
	fault_fail(&stage->fault, "%s: %s: the daemon says: %s", stage->dir,
	    what, words);
}

static void
start_daemon(struct stage *stage)
{
	const char *build = getenv("KRUXOS_BUILD");
	char program[512], config[128], said[128];

	snprintf(program, sizeof(program), "%s/bin/kruxosd",
	    build == NULL ? "build" : build);
	path_of(stage, "kruxos.conf", config);
	path_of(stage, "stderr", said);
	stage->pid = fork();
	if (stage->pid == 0) {
		int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		execl(program, "kruxosd", "-c", config, NULL);
		_exit(127);
	}
	if (stage->pid == -1)
		abort();
}

/* Returns what waitpid() says. */
static int
end_daemon(struct stage *stage, int signal)
{
	int status;

	kill(stage->pid, signal);
	if (waitpid(stage->pid, &status, 0) != stage->pid)
		abort();
	stage->pid = 0;
	return status;
}

static void
kill_daemon(struct stage *stage)
{
	int status = end_daemon(stage, SIGKILL);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_with_words(stage, "it had ended before");
}

/* --- producers ---------------------------------------------------------- */

static size_t
text_bytes(uint64_t number)
{
	return (size_t)(number * 7919 % TEXT_BYTES);
}

static void
add_request(struct buf *out, uint64_t number)
{
	buf_addf(out, "{\"n\":%llu,\"text\":\"", (unsigned long long)number);
	buf_add_chars(out, 'x', text_bytes(number));
	buf_add_str(out, "\"}");
}

static void
add_call(struct stage *stage, struct producer *producer)
{
	size_t who = (size_t)(producer - stage->producers);

	buf_addf(&producer->out,
	    "{\"actor_type\":\"agent\",\"agent_name\":\"producer-%zu\","
	    "\"capability\":\"shell.exec\",\"status\":\"success\","
	    "\"call_id\":\"call-%zu-%llu\",\"request\":",
	    who, who, (unsigned long long)producer->sent);
	add_request(&producer->out, producer->sent++);
	buf_add_str(&producer->out, "}\n");
	if (producer->made < producer->sent)
		producer->made = producer->sent;
}

static bool
connect_producer(struct stage *stage, struct producer *producer)
{
	struct sockaddr_un address;
	struct error err;
	char path[128];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	path_of(stage, "ingest.sock", path);
	if (fd == -1 || unix_socket_address(path, &address, &err) == -1)
		abort();
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		close(fd);
		return false;
	}
	producer->fd = fd;
	producer->base = producer->sent = producer->acknowledged;
	producer->written = 0;
	buf_reset(&producer->out);
	buf_reset(&producer->in);
	return true;
}

/* Wait until the door is open, and connect everyone. */
static void
connect_all(struct stage *stage)
{
	usec_t deadline = fault_now() + DEADLINE;

	for (size_t i = 0; i < PRODUCERS;) {
		if (connect_producer(stage, &stage->producers[i])) {
			i++;
			continue;
		}
		if (waitpid(stage->pid, NULL, WNOHANG) == stage->pid)
			fail_with_words(stage, "it has ended");
		if (fault_now() > deadline)
			fail_with_words(stage, "the door does not open");
		poll(NULL, 0, 1);
	}
}

static void
take_answer(struct stage *stage, struct producer *producer, struct slice line)
{
	struct answer answer;
	struct error err;
	uint64_t first;

	if (answer_parse(&stage->reader, line, &answer, &err) == -1 ||
	    answer.kind != ANSWER_ACCEPTED)
		fault_fail(&stage->fault, "%s: the answer is %.*s", stage->dir,
		    SLICE_ARG(line));
	first = producer->base + answer.line - answer.count;
	if (first != producer->acknowledged ||
	    first + answer.count > producer->sent)
		fault_fail(&stage->fault, "%s: %.*s behind %llu calls",
		    stage->dir, SLICE_ARG(line),
		    (unsigned long long)(producer->acknowledged -
					 producer->base));
	producer->seqs = memory_grow(producer->seqs, &producer->capacity,
	    (size_t)(first + answer.count), sizeof(*producer->seqs));
	for (uint64_t i = 0; i < answer.count; i++)
		producer->seqs[first + i] = answer.seq - answer.count + 1 + i;
	producer->acknowledged += answer.count;
	stage->calls += answer.count;
	if (answer.seq > stage->last_seq)
		stage->last_seq = answer.seq;
}

/* False: the connection has ended. */
static bool
read_answers(struct stage *stage, struct producer *producer)
{
	ssize_t got;

	buf_reserve(&producer->in, READ_BYTES);
	got = read(
	    producer->fd, producer->in.data + producer->in.len, READ_BYTES);
	if (got <= 0)
		return got == -1 && errno == EAGAIN;
	buf_set_len(&producer->in, producer->in.len + (size_t)got);
	for (;;) {
		const char *from = producer->in.data;
		const char *newline = memchr(from, '\n', producer->in.len);
		size_t len = newline == NULL ? 0 : (size_t)(newline - from);

		if (newline == NULL)
			return true;
		take_answer(stage, producer, (struct slice){ from, len });
		buf_consume(&producer->in, len + 1);
	}
}

static void
write_calls(struct stage *stage, struct producer *producer)
{
	uint64_t until =
	    stage->is_ending
		? producer->made
		: producer->acknowledged + fault_random(&stage->fault, WINDOW);
	ssize_t written;

	while (producer->sent < until)
		add_call(stage, producer);
	if (producer->written == producer->out.len)
		return;
	written = send(producer->fd, producer->out.data + producer->written,
	    producer->out.len - producer->written, MSG_NOSIGNAL);
	if (written > 0)
		producer->written += (size_t)written;
}

/* A turn for everyone who is connected. Returns how many are. */
static size_t
turn(struct stage *stage, int timeout_ms)
{
	struct pollfd fds[PRODUCERS];
	size_t connected = 0;

	for (size_t i = 0; i < PRODUCERS; i++)
		fds[i] = (struct pollfd){ .fd = stage->producers[i].fd,
			.events = POLLIN };
	poll(fds, PRODUCERS, timeout_ms);
	for (size_t i = 0; i < PRODUCERS; i++) {
		struct producer *producer = &stage->producers[i];

		if (producer->fd == -1)
			continue;
		if (fds[i].revents != 0 && !read_answers(stage, producer)) {
			close(producer->fd);
			producer->fd = -1;
			continue;
		}
		connected++;
		if (stage->pid != 0)
			write_calls(stage, producer);
	}
	return connected;
}

/* --- a log and its end -------------------------------------------------- */

static struct chain_result
verify(struct stage *stage)
{
	const struct chain_options options = { .synced_seq = stage->last_seq };
	struct chain_result result;
	struct error err;

	if (chain_verify(stage->audit, &options, &result, &err) == -1)
		fault_fail(&stage->fault, "%s", err.sentence);
	if (!result.is_whole)
		fault_fail(&stage->fault,
		    "%s: %s:%llu: %s does not hold: %s, not %s", stage->dir,
		    result.fault.file, (unsigned long long)result.fault.line,
		    result.fault.what, result.fault.found,
		    result.fault.expected);
	return result;
}

/* One line of the log: which call is it? */
static void
check_call(struct stage *stage, const struct entry *entry, uint64_t *counts)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	unsigned long long number;
	char call[64];
	size_t who;

	snprintf(call, sizeof(call), "%.*s", SLICE_ARG(entry->call_id));
	if (sscanf(call, "call-%zu-%llu", &who, &number) != 2 ||
	    who >= PRODUCERS || number >= stage->producers[who].acknowledged)
		fault_fail(&stage->fault, "nobody has sent %s", call);
	add_request(&request, number);
	if (stage->producers[who].seqs[number] != entry->seq ||
	    !slice_equal(entry->request, buf_slice(&request)))
		fault_fail(&stage->fault,
		    "%s: %s stands at %llu, was told %llu, and says %.*s",
		    stage->dir, call, (unsigned long long)entry->seq,
		    (unsigned long long)stage->producers[who].seqs[number],
		    SLICE_ARG(entry->request));
	counts[who]++;
}

/* Every call once: as many as there are, each at the place that was told. */
static void
check_calls(struct stage *stage)
{
	struct error err;
	struct cursor *cursor = cursor_open(stage->audit, &err);
	uint64_t counts[PRODUCERS] = { 0 };
	struct cursor_line line;
	int more;

	if (cursor == NULL || cursor_seek(cursor, 1, &err) == -1)
		fault_fail(&stage->fault, "%s", err.sentence);
	while ((more = cursor_next(cursor, UINT64_MAX, &line, &err)) == 1) {
		struct entry entry;

		if (entry_parse(line.line, &entry, &err) == -1)
			fault_fail(&stage->fault, "%s", err.sentence);
		if (entry.call_id.data != NULL)
			check_call(stage, &entry, counts);
	}
	cursor_free(cursor);
	if (more == -1)
		fault_fail(&stage->fault, "%s", err.sentence);
	for (size_t i = 0; i < PRODUCERS; i++)
		if (counts[i] != stage->producers[i].acknowledged)
			fault_fail(&stage->fault,
			    "%s: of %llu calls of producer %zu, %llu are there",
			    stage->dir,
			    (unsigned long long)stage->producers[i]
				.acknowledged,
			    i, (unsigned long long)counts[i]);
}

/* It lives until everything is answered, and ends as it should. */
static void
let_live(struct stage *stage)
{
	usec_t deadline = fault_now() + DEADLINE;
	size_t open;

	start_daemon(stage);
	connect_all(stage);
	stage->is_ending = true; /* nothing but what was sent before */
	do {
		turn(stage, 100);
		open = 0;
		for (size_t i = 0; i < PRODUCERS; i++)
			open += stage->producers[i].acknowledged <
				stage->producers[i].made;
		if (fault_now() > deadline)
			fail_with_words(stage, "calls stay unanswered");
	} while (open > 0);
	stage->is_ending = false;
	if (end_daemon(stage, SIGTERM) != 0)
		fail_with_words(stage, "it ends badly");
	while (turn(stage, 100) > 0)
		;
}

static void
check_next_start(struct stage *stage)
{
	static struct image before, after;

	if (before.files[0].bytes.data == NULL) {
		image_init(&before);
		image_init(&after);
	}
	image_read(&before, stage->audit);
	start_daemon(stage);
	connect_all(stage);
	if (end_daemon(stage, SIGTERM) != 0)
		fail_with_words(stage, "it ends badly");
	while (turn(stage, 100) > 0)
		;
	image_read(&after, stage->audit);
	if (before.count != after.count)
		fault_fail(&stage->fault, "a start has made a file");
	for (size_t i = 0; i < before.count; i++)
		if (!slice_equal(buf_slice(&before.files[i].bytes),
			buf_slice(&after.files[i].bytes)))
			fault_fail(&stage->fault, "%s: a start changes %s",
			    stage->dir, before.files[i].name);
}

static void
begin_log(struct stage *stage)
{
	char config[128];
	int fd;

	snprintf(stage->dir, sizeof(stage->dir), "/tmp/kruxos-kill-XXXXXX");
	if (mkdtemp(stage->dir) == NULL)
		abort();
	snprintf(stage->audit, sizeof(stage->audit), "%s/audit", stage->dir);
	path_of(stage, "kruxos.conf", config);
	fd = open(config, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		abort();
	close(fd);
	for (size_t i = 0; i < PRODUCERS; i++) {
		stage->producers[i].fd = -1;
		stage->producers[i].acknowledged = 0;
		stage->producers[i].made = 0;
	}
	stage->last_seq = 0;
	stage->kills = 0;
}

/* With the files in it; it need not be there. */
static void
remove_folder(const char *parent, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", parent, name);
	if (access(path, F_OK) == -1)
		return;
	image_clear_folder(path);
	rmdir(path);
}

static void
end_log(struct stage *stage)
{
	let_live(stage);
	if (verify(stage).is_torn)
		fault_fail(&stage->fault, "%s: torn at its end", stage->dir);
	check_calls(stage);
	check_next_start(stage);
	remove_folder(stage->audit, "torn");
	remove_folder(stage->dir, "spool"); /* of a daemon that lived long */
	image_clear_folder(stage->audit);
	rmdir(stage->audit);
	image_clear_folder(stage->dir);
	if (rmdir(stage->dir) == -1)
		fault_fail(
		    &stage->fault, "%s: something is left: %m", stage->dir);
	stage->dir[0] = '\0';
}

/* --- a kill ------------------------------------------------------------- */

static void
one_case(struct stage *stage)
{
	usec_t until;

	if (stage->dir[0] == '\0')
		begin_log(stage);
	start_daemon(stage);
	if (stage->last_seq > 0 && fault_one_in(&stage->fault, 5)) {
		/* While it starts, or just when it has. */
		usleep((useconds_t)random_usec(stage, 50 * USEC_PER_MSEC));
	} else {
		connect_all(stage);
		until = fault_now() + random_usec(stage, 100 * USEC_PER_MSEC);
		do
			turn(stage, 1);
		while (fault_now() < until);
	}
	kill_daemon(stage);
	/* What it has still answered, it has answered. */
	while (turn(stage, 100) > 0)
		;
	stage->torn += verify(stage).is_torn;
	if (++stage->kills == KILLS)
		end_log(stage);
}

int
main(void)
{
	static struct stage stage = { .reader = JSON_READER_INIT };

	fault_begin(&stage.fault, &family);
	for (size_t i = 0; i < PRODUCERS; i++) {
		buf_init(&stage.producers[i].out);
		buf_init(&stage.producers[i].in);
	}
	while (fault_goes_on(&stage.fault))
		if (fault_next_case(&stage.fault))
			one_case(&stage);
	if (stage.dir[0] != '\0')
		end_log(&stage);
	for (size_t i = 0; i < PRODUCERS; i++) {
		buf_free(&stage.producers[i].out);
		buf_free(&stage.producers[i].in);
		free(stage.producers[i].seqs);
	}
	json_reader_free(&stage.reader);
	printf("# %llu calls acknowledged, %llu tails torn\n",
	    (unsigned long long)stage.calls, (unsigned long long)stage.torn);
	return fault_end(&stage.fault);
}
