/* A command line into a struct, by a table.
 *
 *	struct show_values {
 *		uint64_t limit;
 *		bool json;
 *	};
 *	static const struct option_row show_options[] = {
 *		OPTION_U64(struct show_values, limit, 'n', "limit", "N", 1, 200,
 *		    "50", "at most N entries"),
 *		OPTION_FLAG(struct show_values, json, 0, "json",
 *		    "print the answer as JSON"),
 *		OPTION_END
 *	};
 *
 * The same rows make the help and the completions. getopt_long(3) reads the
 * words: operands may stand among options, `--` ends the options, a long name
 * may be shortened as long as one name alone begins so.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_TYPE_FLAG,     /* bool */
	OPTION_TYPE_TEXT,     /* const char * */
	OPTION_TYPE_TEXTS,    /* struct option_list: may be given repeatedly */
	OPTION_TYPE_U64,      /* uint64_t within min..max */
	OPTION_TYPE_FACTOR,   /* double within min..max */
	OPTION_TYPE_TIME,     /* struct option_time: RFC 3339, or a bare date:
				 its begin */
	OPTION_TYPE_TIME_END, /* the same; a bare date: its end */
	OPTION_TYPE_DURATION, /* usec_t: "15m", "24h", "7d" */
};

struct option_list {
	const char **values; /* in the arena */
	size_t count;
};

/* 1970 has a beginning: no time means that none was given. */
struct option_time {
	usec_t at;
	bool is_given;
};

struct option_row {
	const char *name;     /* without the dashes; NULL ends the table */
	char letter;	      /* 0: none */
	const char *argument; /* its name in the help; NULL: a flag */
	enum option_type type;
	size_t offset; /* of the field in the caller's struct */
	uint64_t min, max;
	const char *initial; /* the value when it is not given, or NULL */
	const char *words;   /* "json csv": what alone is allowed, or NULL */
	const char *help;
};

/* The field's offset, if it is of the type that the row will write. */
#define OPTION_FIELD(owner, field, type)                                   \
	(offsetof(owner, field) + 0 * sizeof(struct {                      \
		_Static_assert(__builtin_types_compatible_p(               \
				   __typeof__(((owner *)0)->field), type), \
		    #field " is not of type " #type);                      \
		int unused;                                                \
	}))

#define OPTION_FLAG(owner, field, letter, name, help)                        \
	{                                                                    \
		name, letter, NULL, OPTION_TYPE_FLAG,                        \
		    OPTION_FIELD(owner, field, bool), 0, 0, NULL, NULL, help \
	}
#define OPTION_TEXT(owner, field, letter, name, argument, help)           \
	{                                                                 \
		name, letter, argument, OPTION_TYPE_TEXT,                 \
		    OPTION_FIELD(owner, field, const char *), 0, 0, NULL, \
		    NULL, help                                            \
	}
/* One of the words in `words`; `initial` is one of them. */
#define OPTION_WORD(                                                         \
    owner, field, letter, name, argument, words, initial, help)              \
	{                                                                    \
		name, letter, argument, OPTION_TYPE_TEXT,                    \
		    OPTION_FIELD(owner, field, const char *), 0, 0, initial, \
		    words, help                                              \
	}
#define OPTION_TEXTS(owner, field, letter, name, argument, words, help)   \
	{                                                                 \
		name, letter, argument, OPTION_TYPE_TEXTS,                \
		    OPTION_FIELD(owner, field, struct option_list), 0, 0, \
		    NULL, words, help                                     \
	}
#define OPTION_U64(                                                          \
    owner, field, letter, name, argument, min, max, initial, help)           \
	{                                                                    \
		name, letter, argument, OPTION_TYPE_U64,                     \
		    OPTION_FIELD(owner, field, uint64_t), min, max, initial, \
		    NULL, help                                               \
	}
#define OPTION_FACTOR(                                                     \
    owner, field, letter, name, argument, min, max, initial, help)         \
	{                                                                  \
		name, letter, argument, OPTION_TYPE_FACTOR,                \
		    OPTION_FIELD(owner, field, double), min, max, initial, \
		    NULL, help                                             \
	}
#define OPTION_TIME(owner, field, name, help)                             \
	{                                                                 \
		name, 0, "TIME", OPTION_TYPE_TIME,                        \
		    OPTION_FIELD(owner, field, struct option_time), 0, 0, \
		    NULL, NULL, help                                      \
	}
#define OPTION_TIME_END(owner, field, name, help)                         \
	{                                                                 \
		name, 0, "TIME", OPTION_TYPE_TIME_END,                    \
		    OPTION_FIELD(owner, field, struct option_time), 0, 0, \
		    NULL, NULL, help                                      \
	}
#define OPTION_DURATION(owner, field, name, min, max, initial, help)       \
	{                                                                  \
		name, 0, "DURATION", OPTION_TYPE_DURATION,                 \
		    OPTION_FIELD(owner, field, usec_t), min, max, initial, \
		    NULL, help                                             \
	}
#define OPTION_END \
	{          \
	}

/* The table of a command without options. */
extern const struct option_row options_none[];

/* A table and the struct that it fills. */
struct option_set {
	const struct option_row *rows;
	void *values;
};

/* Read argv[1] and on by all `sets` together; what is not given gets its
 * row's `initial`, or stays. `stop_at_operand`: end before the first operand
 * (the words of a command follow). Returns the index of the first operand;
 * argv is put in order, operands last. -1: ERROR_INVALID, and the sentence
 * names the option and, where one is near, what may have been meant. */
int
options_read(const struct option_set *sets, size_t count, bool stop_at_operand,
    int argc, char **argv, struct arena *arena, struct error *err);

/* Append the rows as help shows them, two columns in 80. */
void options_help(const struct option_row *rows, struct buf *out);

/* Append `text`, broken at blanks into lines of 80 columns that begin at column
 * `left`, where the first one stands already. */
void options_wrap(const char *text, size_t left, struct buf *out);

#endif
