#include "base/error.h"

#include "base/text.h"

#include <errno.h>

/* Here they are defined: error.h wraps them for the analyzer. */
#undef error_set
#undef error_set_field
#undef error_set_wait
#undef error_set_approval
#undef error_set_errno
#undef error_prefix

#define ELLIPSIS "…"

static const char *const names[] = {
	[ERROR_NONE] = "none",
	[ERROR_SYSTEM] = "system",
	[ERROR_INVALID] = "invalid",
	[ERROR_NOT_FOUND] = "not_found",
	[ERROR_CORRUPT] = "corrupt",
	[ERROR_BUSY] = "busy",
	[ERROR_UNREACHABLE] = "unreachable",
	[ERROR_BAD_JSON] = "bad_json",
	[ERROR_BAD_UTF8] = "bad_utf8",
	[ERROR_MISSING_FIELD] = "missing_field",
	[ERROR_UNKNOWN_FIELD] = "unknown_field",
	[ERROR_DUPLICATE_KEY] = "duplicate_key",
	[ERROR_WRONG_TYPE] = "wrong_type",
	[ERROR_OUT_OF_RANGE] = "out_of_range",
	[ERROR_TOO_LONG] = "too_long",
	[ERROR_TOO_DEEP] = "too_deep",
	[ERROR_NOT_ALLOWED] = "not_allowed",
	[ERROR_AUDIT_UNAVAILABLE] = "audit_unavailable",
	[ERROR_UNAUTHENTICATED] = "unauthenticated",
	[ERROR_TOO_MANY] = "too_many",
	[ERROR_CONFLICT] = "conflict",
	[ERROR_APPROVAL_REQUIRED] = "approval_required",
};

/* `wanted` bytes were to go into the `size` bytes at `text`. If they did not
 * fit, what is there ends in "…", behind a whole character. */
static void
mark_if_cut(char *text, size_t size, size_t wanted)
{
	size_t kept;

	if (wanted < size)
		return;
	kept =
	    text_cut((struct slice){ text, size - 1 }, size - sizeof(ELLIPSIS));
	memcpy(text + kept, ELLIPSIS, sizeof(ELLIPSIS));
}

/* By way of a copy: an argument may be the old sentence. */
static void
set_sentence(struct error *err, const char *format, va_list arguments)
{
	char sentence[ERROR_SENTENCE_SIZE];
	int wanted = vsnprintf(sentence, sizeof(sentence), format, arguments);

	mark_if_cut(
	    sentence, sizeof(sentence), wanted < 0 ? 0 : (size_t)wanted);
	memcpy(err->sentence, sentence, sizeof(sentence));
}

static void __attribute__((format(printf, 2, 3)))
set_sentence_to(struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
}

static void
set_field(struct error *err, const char *field)
{
	char copy[ERROR_FIELD_SIZE];
	int wanted = snprintf(copy, sizeof(copy), "%s", field);

	mark_if_cut(copy, sizeof(copy), (size_t)wanted);
	memcpy(err->field, copy, sizeof(copy));
}

int
error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	err->code = code;
	err->errnum = 0;
	err->wait_seconds = 0;
	err->field[0] = '\0';
	return -1;
}

int
error_set_field(struct error *err, enum error_code code, const char *field,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	set_field(err, field);
	err->code = code;
	err->errnum = 0;
	err->wait_seconds = 0;
	return -1;
}

int
error_set_wait(
    struct error *err, unsigned wait_seconds, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	err->code = ERROR_TOO_MANY;
	err->errnum = 0;
	err->wait_seconds = wait_seconds;
	err->field[0] = '\0';
	return -1;
}

int
error_set_approval(
    struct error *err, struct slice approval_id, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	err->code = ERROR_APPROVAL_REQUIRED;
	err->errnum = 0;
	err->wait_seconds = 0;
	err->field[0] = '\0';
	snprintf(err->approval_id, sizeof(err->approval_id), "%.*s",
	    SLICE_ARG(approval_id));
	return -1;
}

int
error_set_errno(struct error *err, const char *format, ...)
{
	int errnum = errno;
	va_list arguments;

	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	errno = errnum;
	set_sentence_to(err, "%s: %m", err->sentence);
	err->code = ERROR_SYSTEM;
	err->errnum = errnum;
	err->wait_seconds = 0;
	err->field[0] = '\0';
	return -1;
}

int
error_prefix(struct error *err, const char *format, ...)
{
	char inner[ERROR_SENTENCE_SIZE];
	va_list arguments;

	memcpy(inner, err->sentence, sizeof(inner));
	va_start(arguments, format);
	set_sentence(err, format, arguments);
	va_end(arguments);
	set_sentence_to(err, "%s: %s", err->sentence, inner);
	return -1;
}

const char *
error_code_name(enum error_code code)
{
	size_t index = (size_t)code;

	if (index >= ERROR_CODES)
		return "unknown";
	return names[index];
}
