/* A query string into a struct, by a table.
 *
 *	struct audit_filter {
 *		struct param_list agent_names;
 *		usec_t from, to;
 *		uint64_t limit;
 *	};
 *	static const struct param audit_params[] = {
 *		PARAM_TEXTS(struct audit_filter, agent_names, "agent", 128),
 *		PARAM_TIME(struct audit_filter, from, "from"),
 *		PARAM_TIME_END(struct audit_filter, to, "to"),
 *		PARAM_U64(struct audit_filter, limit, "limit", 1, 200),
 *		PARAM_END
 *	};
 *
 *	struct audit_filter filter = { .limit = 50 };
 *
 *	if (params_read(req, &filter, err) == -1)
 *		return 400;
 *
 * The table stands in the route (route.h). What the query does not name keeps
 * the value that the caller gave it. Everything the table does not foresee is
 * an error that names the parameter: an unknown name, a second value where one
 * is allowed, a bad %-escape, NUL, bytes that are not UTF-8, an empty value.
 * A '+' is a space, as forms write it; only in a time, where RFC 3339 needs
 * the plus itself, a space before the offset is taken for one.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include "base/clock.h"
#include "base/error.h"
#include "http/request.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PARAMS_MAX = 64, /* parameters in one query, and rows in a table */
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
#define PARAM_END \
	{         \
	}

/* Read the request's query by its route's table. -1: ERROR_INVALID,
 * ERROR_UNKNOWN_FIELD, ERROR_DUPLICATE_KEY, ERROR_OUT_OF_RANGE with err->field
 * the parameter, or ERROR_TOO_LONG; `ret` may then be half filled. */
int params_read(struct request *req, void *ret, struct error *err);

/* The same for any query and table; a NULL table allows no parameter. */
int params_parse(struct slice query, const struct param *table,
    struct arena *arena, void *ret, struct error *err);

#endif
