/* How a function says that it failed.
 *
 * Thin wrappers of a system call return -1 and leave errno. Everything else
 * takes a `struct error *err` as its last argument and returns -1 or NULL
 * after filling it: a code to branch on, and a sentence that names the thing:
 *
 *	audit/2026-11-23.jsonl: fdatasync: No space left on device
 *
 * Success leaves `err` alone; failure leaves the `ret_` arguments alone.
 * `err` is never NULL. Libraries never print: who decides what happens next
 * says it, once. A bug is an assert(), never an error.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/slice.h"

#include <stdarg.h>

enum error_code {
	ERROR_NONE,
	ERROR_SYSTEM,	   /* a system call failed; errnum says how */
	ERROR_INVALID,	   /* an argument, a parameter or a setting is wrong */
	ERROR_NOT_FOUND,   /* there is no such thing */
	ERROR_CORRUPT,	   /* bytes that were ours are not what we wrote */
	ERROR_BUSY,	   /* not now; the same call may succeed later */
	ERROR_UNREACHABLE, /* nobody answers at the other end */

	/* Answers of the door (docs/door.md), named by error_code_name(). */
	ERROR_BAD_JSON,
	ERROR_BAD_UTF8,
	ERROR_MISSING_FIELD,
	ERROR_UNKNOWN_FIELD,
	ERROR_DUPLICATE_KEY,
	ERROR_WRONG_TYPE,
	ERROR_OUT_OF_RANGE,
	ERROR_TOO_LONG,
	ERROR_TOO_DEEP,
	ERROR_NOT_ALLOWED,
	ERROR_AUDIT_UNAVAILABLE,
	ERROR_UNAUTHENTICATED, /* who asks is not known, or not any more */
	ERROR_TOO_MANY,	       /* tried too often; wait_seconds says how long */
	ERROR_CONFLICT,	       /* the thing is not in a state for that */
	/* A person is to approve it before; approval_id says what. */
	ERROR_APPROVAL_REQUIRED,
	ERROR_CODES,
};

enum {
	ERROR_FIELD_SIZE = 64,
	ERROR_SENTENCE_SIZE = 512,
	ERROR_APPROVAL_SIZE = 128 + 1, /* a name of the log, at most */
};

/* A value: `struct error err = { 0 };`. A sentence longer than its room is
 * cut at a whole character and ends in "…": it is for people, no data. Text
 * of outsiders is made visible (text.h) before it is put in. */
struct error {
	enum error_code code;
	int errnum;		      /* errno, with ERROR_SYSTEM; else 0 */
	unsigned wait_seconds;	      /* with ERROR_TOO_MANY; else 0 */
	char field[ERROR_FIELD_SIZE]; /* the field, parameter or key, or "" */
	char sentence[ERROR_SENTENCE_SIZE]; /* never ends in a full stop */
	/* With ERROR_APPROVAL_REQUIRED alone; else it is anything. */
	char approval_id[ERROR_APPROVAL_SIZE];
};

/* Fill `err`; always returns -1, so that one can write
 * `return error_set(err, ERROR_INVALID, "…")`. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, naming the field (a parameter, a key) that is wrong. */
int error_set_field(struct error *err, enum error_code code, const char *field,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ERROR_TOO_MANY: the same may be tried again in so many seconds. */
int error_set_wait(struct error *err, unsigned wait_seconds, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* ERROR_APPROVAL_REQUIRED: the approval that is waited for goes by this id. */
int error_set_approval(struct error *err, struct slice approval_id,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ERROR_SYSTEM of the present errno; ": " and its words follow the sentence. */
int error_set_errno(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "NAME: " before the sentence: the outer function knows the thing's name,
 * the inner one only what is wrong with it. Always returns -1. */
int error_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "bad_json", "not_found", … Static storage; never NULL. */
const char *error_code_name(enum error_code code);

#ifdef __clang_analyzer__
/* It sees one file at a time, and could not know that these return -1. */
#define error_set(...)		(error_set(__VA_ARGS__), -1)
#define error_set_field(...)	(error_set_field(__VA_ARGS__), -1)
#define error_set_wait(...)	(error_set_wait(__VA_ARGS__), -1)
#define error_set_approval(...) (error_set_approval(__VA_ARGS__), -1)
#define error_set_errno(...)	(error_set_errno(__VA_ARGS__), -1)
#define error_prefix(...)	(error_prefix(__VA_ARGS__), -1)
#endif

#endif
