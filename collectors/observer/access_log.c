#include "collectors/observer/access_log.h"

#include "collectors/observer/access_line.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

enum {
	PIECE_BYTES = 64 << 10,
	PID_BYTES = 32,
	LINK_BYTES = 4096,
};

/* Where nginx could not be told: not in every turn again. */
#define ROTATE_AGAIN USEC_PER_MIN

struct access_log {
	char *path;
	char *pid_file;
	struct traffic *traffic;
	struct clock *clock;
	int fd; /* -1: there is none yet */
	off_t offset;
	usec_t read_at;	  /* when something last came; CLOCK_MONOTONIC */
	usec_t rotate_at; /* not before */
	bool is_first;	  /* nothing has been opened yet */
	bool is_skipping; /* in a line that is too long */
	bool said;	  /* that the file cannot be opened, or renamed */
	struct buf rest;  /* the beginning of a line */
	struct json_reader reader;
};

static char *
copy(const char *text)
{
	char *made = strdup(text);

	if (made == NULL)
		memory_end(strlen(text));
	return made;
}

struct access_log *
access_log_new(const char *path, const char *pid_file, struct traffic *traffic,
    struct clock *clock)
{
	struct access_log *log = memory_new(sizeof(*log));

	log->path = copy(path);
	log->pid_file = copy(pid_file);
	log->traffic = traffic;
	log->clock = clock;
	log->fd = -1;
	log->is_first = true;
	buf_init(&log->rest);
	log->reader = (struct json_reader)JSON_READER_INIT;
	return log;
}

static void
close_file(struct access_log *log)
{
	if (log->fd != -1)
		close(log->fd);
	log->fd = -1;
	log->offset = 0;
	log->is_skipping = false;
	buf_reset(&log->rest);
}

void
access_log_free(struct access_log *log)
{
	if (log == NULL)
		return;
	close_file(log);
	json_reader_free(&log->reader);
	buf_free(&log->rest);
	free(log->path);
	free(log->pid_file);
	free(log);
}

static void
say_once(struct access_log *log, const char *what)
{
	if (!log->said)
		diag(DIAG_WARNING, "%s: %s: %m", log->path, what);
	log->said = true;
}

/* --- lines --------------------------------------------------------------- */

static void
take_line(struct access_log *log, struct slice line)
{
	struct traffic_answer answer;
	struct error ignored;

	if (access_line_parse(&log->reader, line, &answer, &ignored) == 0)
		traffic_add(log->traffic, &answer);
	else
		traffic_add_bad_line(log->traffic);
}

/* The whole lines of `rest`; what is behind them stays. */
static void
take_lines(struct access_log *log)
{
	struct slice bytes = buf_slice(&log->rest), line;

	while (slice_take_line(&bytes, &line)) {
		if (!log->is_skipping)
			take_line(log, line);
		log->is_skipping = false;
	}
	buf_consume(&log->rest, log->rest.len - bytes.len);
	if (log->rest.len <= ACCESS_LOG_LINE_BYTES)
		return;
	if (!log->is_skipping)
		traffic_add_bad_line(log->traffic);
	log->is_skipping = true;
	buf_reset(&log->rest);
}

/* Returns the bytes that came; 0: the end, or it cannot be read. */
static size_t
read_piece(struct access_log *log)
{
	ssize_t got;

	buf_reserve(&log->rest, PIECE_BYTES);
	got = pread(
	    log->fd, log->rest.data + log->rest.len, PIECE_BYTES, log->offset);
	if (got == -1)
		say_once(log, "read");
	if (got <= 0)
		return 0;
	buf_set_len(&log->rest, log->rest.len + (size_t)got);
	log->offset += got;
	log->read_at = clock_monotonic(log->clock);
	take_lines(log);
	return (size_t)got;
}

static bool
read_turn(struct access_log *log)
{
	size_t total = 0, got;

	do {
		got = read_piece(log);
		total += got;
	} while (got > 0 && total < ACCESS_LOG_TURN_BYTES);
	return got > 0;
}

/* --- the file ------------------------------------------------------------ */

static void
open_file(struct access_log *log)
{
	struct stat status;

	log->fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (log->fd == -1 && errno != ENOENT)
		say_once(log, "open");
	if (log->fd != -1 &&
	    (fstat(log->fd, &status) == -1 || !S_ISREG(status.st_mode)))
		close_file(log);
	if (log->fd != -1) {
		log->said = false;
		log->read_at = clock_monotonic(log->clock);
		log->offset = log->is_first ? status.st_size : 0;
	}
	log->is_first = false;
}

/* Somebody has cut the file: what stands there now is new. */
static void
notice_truncation(struct access_log *log, const struct stat *own)
{
	if (own->st_size >= log->offset)
		return;
	log->offset = 0;
	log->is_skipping = false;
	buf_reset(&log->rest);
}

/* Does another file stand at the path, and is this one at rest? */
static bool
is_replaced(const struct access_log *log, const struct stat *own)
{
	struct stat there;

	if (stat(log->path, &there) == -1 ||
	    (there.st_ino == own->st_ino && there.st_dev == own->st_dev))
		return false;
	return clock_monotonic(log->clock) >= log->read_at + ACCESS_LOG_REST;
}

/* --- a new file ---------------------------------------------------------- */

/* Is this process nginx? A number in a file may be another's by now. */
static bool
is_nginx(pid_t pid)
{
	char link[64], target[LINK_BYTES];
	struct slice path;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	len = readlink(link, target, sizeof(target));
	if (len == -1)
		return false;
	path = (struct slice){ target, (size_t)len };
	return slice_ends_with(path, SLICE_LITERAL("/nginx")) ||
	       slice_ends_with(path, SLICE_LITERAL("/nginx (deleted)"));
}

/* nginx's master, held so that its number cannot become another's; -1 and
 * errno. */
static int
open_master(const struct access_log *log)
{
	cleanup(cleanup_close) int file =
	    open(log->pid_file, O_RDONLY | O_CLOEXEC);
	char text[PID_BYTES];
	struct slice rest, line;
	uint64_t pid;
	ssize_t got;
	int master;

	if (file == -1)
		return -1;
	got = read(file, text, sizeof(text));
	if (got == -1)
		return -1;
	rest = (struct slice){ text, (size_t)got };
	if (!slice_take_line(&rest, &line) ||
	    number_parse_u64(line, 2, INT32_MAX, &pid) == -1) {
		errno = EINVAL;
		return -1;
	}
	master = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (master != -1 && !is_nginx((pid_t)pid)) {
		close(master);
		errno = ESRCH;
		return -1;
	}
	return master;
}

static int
send_signal(int process, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, process, signal, NULL, 0);
}

/* Another user's nginx hears of it from him. -1 and errno. */
static int
rotate(const struct access_log *log, bool is_ours)
{
	cleanup(cleanup_close) int master = -1;
	cleanup(buf_free) struct buf old = BUF_INIT;

	buf_addf(&old, "%s.1", log->path);
	if (!is_ours)
		return rename(log->path, old.data);
	master = open_master(log);
	if (master == -1 || send_signal(master, 0) == -1 ||
	    rename(log->path, old.data) == -1)
		return -1;
	return send_signal(master, SIGUSR1);
}

/* Only the file at the path: not one that was renamed a moment ago. */
static void
rotate_if_large(struct access_log *log, const struct stat *own)
{
	usec_t now = clock_monotonic(log->clock);
	struct stat there;

	if (own->st_size < ACCESS_LOG_MOST_BYTES || now < log->rotate_at)
		return;
	log->rotate_at = now + ROTATE_AGAIN;
	if (stat(log->path, &there) == -1) {
		say_once(log, "nginx has not begun another");
		return;
	}
	if (there.st_ino != own->st_ino || there.st_dev != own->st_dev)
		return;
	if (rotate(log, own->st_uid == geteuid()) == 0)
		log->said = false;
	else
		say_once(log, "it is large, and nginx cannot be told to begin "
			      "another");
}

bool
access_log_turn(struct access_log *log)
{
	struct stat own;
	bool is_more;

	if (log->fd == -1)
		open_file(log);
	if (log->fd == -1 || fstat(log->fd, &own) == -1)
		return false;
	notice_truncation(log, &own);
	is_more = read_turn(log);
	rotate_if_large(log, &own);
	if (is_more || !is_replaced(log, &own))
		return is_more;
	if (log->rest.len > 0)
		traffic_add_bad_line(log->traffic);
	close_file(log);
	open_file(log);
	return log->fd != -1;
}
