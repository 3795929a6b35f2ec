/* What a program says about itself, for the journal: a line an event on
 * stderr, with sd-daemon's <N> when stderr is not a terminal and no time of
 * its own. "log" is the audit log; this is "diag". Text of outsiders is made
 * visible by diag() itself (TEXT_ONE_LINE over the whole line). */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

enum diag_level { /* syslog's numbers */
	DIAG_CRITICAL = 2,
	DIAG_ERROR = 3,
	DIAG_WARNING = 4,
	DIAG_NOTICE = 5,
	DIAG_INFO = 6,
	DIAG_DEBUG = 7,
};

/* The program's name before each line ("kruxosd"), and what is said at all:
 * levels up to `level`. Static storage of the caller. */
void diag_init(const char *program, enum diag_level level);

void diag(enum diag_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
