/* What a request may give by name: a row for each in a table, and a value of it
 * into the caller's struct. A query (params.h) and a JSON body (body.h) are
 * read by the same tables.
 *
 * Every error names the parameter.
 */
#ifndef HTTP_PARAM_H
#define HTTP_PARAM_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

enum {
	PARAMS_MAX = 64, /* values in one request, and rows in a table */
};

/* One value of a parameter that may come more than once. */
struct param_value {
	bool negated;	   /* it was given with a leading '-' */
	struct slice text; /* decoded, without the '-' */
	int choice;	   /* of a PARAM_CHOICES: the index into its names */
};

struct param_list {
	struct param_value *values; /* in the request's arena */
	size_t count;
};

enum param_type {
	PARAM_TYPE_TEXT,     /* struct slice */
	PARAM_TYPE_U64,	     /* uint64_t */
	PARAM_TYPE_CHOICE,   /* int: the index into `names` */
	PARAM_TYPE_TIME,     /* usec_t: RFC 3339, or a bare date */
	PARAM_TYPE_DURATION, /* usec_t: "15m", "24h", "7d" */
};

enum param_flag {
	PARAM_LIST = 1,	    /* may repeat: struct param_list */
	PARAM_NEGATES = 2,  /* a leading '-' means "not this" */
	PARAM_DATE_END = 4, /* a bare date means the end of that day */
	PARAM_REQUIRED = 8, /* it must be there */
};

struct param {
	const char *name;
	enum param_type type;
	unsigned flags;
	size_t offset;		  /* of the field in the caller's struct */
	uint64_t min, max;	  /* of a number; of a text its bytes */
	const char *const *names; /* of a choice; ends in NULL */
};

/* The field's offset, if it is of the type that the row will write. */
#define PARAM_FIELD(owner, field, type)                                    \
	(offsetof(owner, field) + 0 * sizeof(struct {                      \
		_Static_assert(__builtin_types_compatible_p(               \
				   __typeof__(((owner *)0)->field), type), \
		    #field " is not of type " #type);                      \
		int unused;                                                \
	}))

/* A text of 1 to `max` bytes. */
#define PARAM_TEXT(owner, field, name, max)                               \
	{                                                                 \
		name, PARAM_TYPE_TEXT, 0,                                 \
		    PARAM_FIELD(owner, field, struct slice), 1, max, NULL \
	}
/* The same, and it must be there. */
#define PARAM_TEXT_REQUIRED(owner, field, name, max)                      \
	{                                                                 \
		name, PARAM_TYPE_TEXT, PARAM_REQUIRED,                    \
		    PARAM_FIELD(owner, field, struct slice), 1, max, NULL \
	}
#define PARAM_U64(owner, field, name, min, max)                               \
	{                                                                     \
		name, PARAM_TYPE_U64, 0, PARAM_FIELD(owner, field, uint64_t), \
		    min, max, NULL                                            \
	}
#define PARAM_CHOICE(owner, field, name, names)                                \
	{                                                                      \
		name, PARAM_TYPE_CHOICE, 0, PARAM_FIELD(owner, field, int), 0, \
		    0, names                                                   \
	}
#define PARAM_TIME(owner, field, name)                                       \
	{                                                                    \
		name, PARAM_TYPE_TIME, 0, PARAM_FIELD(owner, field, usec_t), \
		    0, 0, NULL                                               \
	}
/* A bare date means 00:00 of the day after it: the first moment outside. */
#define PARAM_TIME_END(owner, field, name)                        \
	{                                                         \
		name, PARAM_TYPE_TIME, PARAM_DATE_END,            \
		    PARAM_FIELD(owner, field, usec_t), 0, 0, NULL \
	}
#define PARAM_DURATION(owner, field, name, min, max)                  \
	{                                                             \
		name, PARAM_TYPE_DURATION, 0,                         \
		    PARAM_FIELD(owner, field, usec_t), min, max, NULL \
	}
/* Texts and choices that may be given more than once or with a '-'. */
#define PARAM_TEXTS(owner, field, name, max)                                   \
	{                                                                      \
		name, PARAM_TYPE_TEXT, PARAM_LIST | PARAM_NEGATES,             \
		    PARAM_FIELD(owner, field, struct param_list), 1, max, NULL \
	}
#define PARAM_CHOICES(owner, field, name, names)                              \
	{                                                                     \
		name, PARAM_TYPE_CHOICE, PARAM_LIST | PARAM_NEGATES,          \
		    PARAM_FIELD(owner, field, struct param_list), 0, 0, names \
	}
/* Texts that may be given more than once. */
#define PARAM_STRINGS(owner, field, name, max)                                 \
	{                                                                      \
		name, PARAM_TYPE_TEXT, PARAM_LIST,                             \
		    PARAM_FIELD(owner, field, struct param_list), 1, max, NULL \
	}
#define PARAM_END \
	{         \
	}

/* --- for params.c and body.c ---------------------------------------------- */

/* One request being read. */
struct param_reader {
	const struct param *table; /* NULL: nothing may be given */
	struct arena *arena;
	char *ret;		 /* the caller's struct */
	size_t given;		 /* values so far */
	uint64_t seen;		 /* bit i: table[i] was given */
	size_t room[PARAMS_MAX]; /* values that fit into a list's array */
};

/* The row `name`. NULL: ERROR_UNKNOWN_FIELD. */
const struct param *param_find(
    const struct param_reader *reader, struct slice name, struct error *err);

/* `text` is a value of `param`. -1: ERROR_INVALID, ERROR_DUPLICATE_KEY,
 * ERROR_OUT_OF_RANGE, ERROR_TOO_LONG. */
int param_take(struct param_reader *reader, const struct param *param,
    struct slice text, struct error *err);

/* Is all there that must be? -1: ERROR_MISSING_FIELD. */
int param_check_required(const struct param_reader *reader, struct error *err);

/* A name from outside, as it may stand in a sentence. */
const char *param_shown_name(struct slice name, struct arena *arena);

#endif
