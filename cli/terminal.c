#include "cli/terminal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

enum {
	PROGRESS_BAR = 30,
	PROGRESS_EVERY = USEC_PER_SEC / 10,
	TERMINAL_COLUMNS = 80, /* of a terminal that does not say */
	TERMINAL_INTERRUPTED = 130,
};

/* The terminal that does not show what is typed; -1: none. */
static volatile sig_atomic_t terminal_silent = -1;
static struct termios terminal_before;

static volatile sig_atomic_t progress_is_drawn;
static const char *volatile interrupt_path;

static bool
terminal_may_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (no_color == NULL || *no_color == '\0') && term != NULL &&
	       *term != '\0' && strcmp(term, "dumb") != 0;
}

void
terminal_open(struct terminal *terminal, int fd)
{
	struct winsize size;

	*terminal = (struct terminal){ 0 };
	if (!isatty(fd))
		return;
	terminal->is_terminal = true;
	terminal->has_colour = terminal_may_colour();
	terminal->columns = TERMINAL_COLUMNS;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		terminal->columns = size.ws_col;
}

void
terminal_add(const struct terminal *terminal, struct buf *out,
    enum terminal_colour colour, struct slice text)
{
	static const char *const codes[] = {
		[TERMINAL_PLAIN] = "0",
		[TERMINAL_BOLD] = "1",
		[TERMINAL_DIM] = "2",
		[TERMINAL_RED] = "31",
		[TERMINAL_GREEN] = "32",
		[TERMINAL_YELLOW] = "33",
		[TERMINAL_BLUE] = "34",
	};

	if (!terminal->has_colour || colour == TERMINAL_PLAIN) {
		buf_add_slice(out, text);
		return;
	}
	buf_addf(out, "\033[%sm", codes[colour]);
	buf_add_slice(out, text);
	buf_add_str(out, "\033[0m");
}

/* Would the character at the front do something else than show itself? */
static bool
terminal_is_hidden(struct slice character)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;

	text_add_visible(&visible, character, TEXT_ONE_LINE);
	return !slice_equal(buf_slice(&visible), character);
}

static void
terminal_add_escape(struct buf *out, uint32_t character)
{
	if (character < 0x10000) {
		buf_addf(out, "\\u%04x", (unsigned)character);
		return;
	}
	character -= 0x10000;
	buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)(character >> 10),
	    0xdc00 + (unsigned)(character & 0x3ff));
}

size_t
terminal_add_data(struct buf *out, struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		struct slice rest = { text.data + at, text.len - at };
		uint32_t character = 0xfffd;
		size_t bytes = text_decode(rest, &character);
		bool ends_line = *rest.data == '\n' || *rest.data == '\t' ||
				 (*rest.data == '\r' && rest.len > 1 &&
				     rest.data[1] == '\n');

		/* The longest character has four bytes. */
		if ((bytes == 0 || *rest.data == '\r') && rest.len < 4 &&
		    !ends_line)
			break;
		if (bytes == 0)
			bytes = 1;
		rest.len = bytes;
		if (ends_line || !terminal_is_hidden(rest))
			buf_add_slice(out, rest);
		else
			terminal_add_escape(out, character);
		at += bytes;
	}
	return at;
}

bool
terminal_confirm(const char *question)
{
	cleanup(cleanup_fclose) FILE *tty = fopen("/dev/tty", "r+e");
	cleanup(cleanup_free) char *line = NULL;
	size_t capacity = 0;

	if (tty == NULL)
		return false;
	fprintf(tty, "%s [y/N] ", question);
	fflush(tty);
	if (getline(&line, &capacity, tty) <= 0)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}

/* What is typed is not shown, but the end of a line is. Ctrl-Z and Ctrl-\ are
 * taken as characters: they would leave the terminal like that. */
static int
terminal_silence(int tty, struct error *err)
{
	struct termios silent;

	if (tcgetattr(tty, &terminal_before) == -1)
		return error_set_errno(err, "/dev/tty");
	silent = terminal_before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	silent.c_cc[VSUSP] = silent.c_cc[VQUIT] = _POSIX_VDISABLE;
	terminal_silent = tty;
	if (tcsetattr(tty, TCSAFLUSH, &silent) == 0)
		return 0;
	terminal_silent = -1;
	return error_set_errno(err, "/dev/tty");
}

/* The rest of a line that was too long goes to nobody: a shell would run it.
 * Async-signal-safe. */
static void
terminal_unsilence(void)
{
	if (terminal_silent == -1)
		return;
	tcsetattr(terminal_silent, TCSAFLUSH, &terminal_before);
	terminal_silent = -1;
}

int
terminal_read_secret(
    int fd, size_t most, struct buf *ret_secret, struct error *err)
{
	struct buf *line = ret_secret;
	const char *end = NULL;
	ssize_t got = 1;

	buf_reset(line);
	/* Once: a buf that grows leaves copies. */
	buf_reserve(line, most + 1);
	while (got != 0 && end == NULL && line->len <= most) {
		got = read(fd, line->data + line->len, most + 1 - line->len);
		if (got == -1 && errno != EINTR)
			return error_set_errno(err, "read");
		if (got > 0)
			buf_set_len(line, line->len + (size_t)got);
		end = memchr(line->data, '\n', line->len);
	}
	if (end == NULL && line->len > most)
		return error_set(err, ERROR_TOO_LONG,
		    "the line has more than %zu bytes", most);
	if (end != NULL)
		buf_set_len(line, (size_t)(end - line->data));
	return 0;
}

int
terminal_ask_secret(const char *question, size_t most, struct buf *ret_secret,
    struct error *err)
{
	cleanup(cleanup_close) int tty =
	    open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int result;

	if (tty == -1)
		return error_set_errno(err, "/dev/tty");
	if (terminal_silence(tty, err) == -1)
		return -1;
	dprintf(tty, "%s", question);
	result = terminal_read_secret(tty, most, ret_secret, err);
	terminal_unsilence();
	return result;
}

void
progress_begin(struct progress *progress, const char *label)
{
	*progress = (struct progress){
		.label = isatty(STDERR_FILENO) ? label : NULL,
	};
}

static void
progress_compose(struct buf *line, const char *label, uint64_t done,
    uint64_t total, struct slice what)
{
	buf_addf(line, "\r%s ", label);
	if (total > 0) {
		uint64_t part = done < total ? done : total;
		double share = (double)part / (double)total;
		size_t full = (size_t)(share * PROGRESS_BAR);

		buf_add_char(line, '[');
		buf_add_chars(line, '#', full);
		buf_add_chars(line, ' ', PROGRESS_BAR - full);
		buf_addf(line, "] %3d%%  ", (int)(share * 100));
	}
	buf_add_slice(line, what);
	buf_add_str(line, "\033[K");
}

void
progress_show(
    struct progress *progress, uint64_t done, uint64_t total, struct slice what)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	usec_t now;

	if (progress->label == NULL)
		return;
	now = clock_monotonic(&clock_system);
	if (progress->is_drawn && now - progress->drawn_at < PROGRESS_EVERY)
		return;
	progress_compose(&line, progress->label, done, total, what);
	fwrite(line.data, 1, line.len, stderr);
	progress->drawn_at = now;
	progress->is_drawn = true;
	progress_is_drawn = 1;
}

void
progress_end(struct progress *progress)
{
	if (!progress->is_drawn)
		return;
	fputs("\r\033[K", stderr);
	progress->is_drawn = false;
	progress_is_drawn = 0;
}

/* Async-signal-safe functions only. */
static void
terminal_interrupted(int signal_number)
{
	static const char clear[] = "\r\033[K";
	int tty = (int)terminal_silent;

	(void)signal_number;
	if (progress_is_drawn &&
	    write(STDERR_FILENO, clear, sizeof(clear) - 1) == -1)
		_exit(TERMINAL_INTERRUPTED);
	terminal_unsilence();
	if (interrupt_path != NULL)
		unlink(interrupt_path);
	/* Not even the Ctrl-C was shown. */
	if (tty != -1 && write(tty, "\n", 1) == -1)
		_exit(TERMINAL_INTERRUPTED);
	_exit(TERMINAL_INTERRUPTED);
}

void
terminal_on_interrupt(const char *path)
{
	struct sigaction action = { .sa_handler = terminal_interrupted };
	struct sigaction before;

	interrupt_path = path;
	sigemptyset(&action.sa_mask);
	/* A shell that starts us in the background has it ignored. */
	if (sigaction(SIGINT, NULL, &before) == 0 &&
	    before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}
