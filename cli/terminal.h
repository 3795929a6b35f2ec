/* What a person sees: colour, width, progress, questions.
 *
 * Colour only on a terminal, and never with NO_COLOR set (no-color.org) or
 * TERM=dumb. Progress goes to stderr, and only when that is a terminal.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

enum terminal_colour {
	TERMINAL_PLAIN,
	TERMINAL_BOLD,
	TERMINAL_DIM,
	TERMINAL_RED,
	TERMINAL_GREEN,
	TERMINAL_YELLOW,
	TERMINAL_BLUE,
};

struct terminal {
	bool is_terminal;
	bool has_colour;
	size_t columns; /* 0: no terminal, so no limit */
};

/* What the descriptor leads to. */
void terminal_open(struct terminal *terminal, int fd);

/* Append `text` in `colour`, where there is colour. */
void terminal_add(const struct terminal *terminal, struct buf *out,
    enum terminal_colour colour, struct slice text);

/* Append `text`, JSON or CSV that was made for programs, as a screen may have
 * it: what text_add_visible() would make visible is written as \uXXXX, so that
 * JSON stays the JSON that it was; lines end as they did. Returns how many
 * bytes were taken: less than text.len when it ends within a character. */
size_t terminal_add_data(struct buf *out, struct slice text);

/* Ask on /dev/tty; only "y" and "yes" are a yes. Without a terminal to ask on
 * the answer is no. */
bool terminal_confirm(const char *question);

/* Ask on /dev/tty for what nobody is to see: it is not shown while it is typed.
 * What was typed replaces what `ret_secret` held. -1: there is no terminal;
 * otherwise as terminal_read_secret(). */
int terminal_ask_secret(const char *question, size_t most,
    struct buf *ret_secret, struct error *err);

/* Read one line of at most `most` bytes, without its end; it is nowhere but in
 * `ret_secret`, which is to be wiped. -1: ERROR_TOO_LONG, ERROR_SYSTEM. */
int terminal_read_secret(
    int fd, size_t most, struct buf *ret_secret, struct error *err);

/* A bar that is drawn at most ten times a second:
 *
 *	audit verify [############              ] 48%  1.2 GiB
 */
struct progress {
	const char *label; /* NULL: nothing is shown */
	usec_t drawn_at;
	bool is_drawn;
};

void progress_begin(struct progress *progress, const char *label);

/* `done` of `total` (0: not known), `what` behind the bar. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total,
    struct slice what);

/* Take the bar away, before anything else is printed. */
void progress_end(struct progress *progress);

/* Ctrl-C ends the program with 130; a bar is taken away, what is typed is shown
 * again, and the file at `path` (static storage or NULL: none) is removed. May
 * be called again. */
void terminal_on_interrupt(const char *path);

#endif
