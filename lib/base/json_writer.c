#include "base/json_writer.h"

#include "base/json_string.h"

#include <assert.h>
#include <math.h>

/* What stands behind the backslash; 'u' for \u00XX. */
static const char escapes[256] = {
	[0x00 ... 0x07] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[0x0b] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e ... 0x1f] = 'u',
	['"'] = '"',
	['\\'] = '\\',
	[0x7f] = 'u',
};

void
json_writer_init(struct json_writer *json, struct buf *out)
{
	*json = (struct json_writer){ .out = out };
}

/* A value comes next. In an object its key stands before it, in an array a
 * comma may be due. */
static void
begin_value(struct json_writer *json)
{
	if (json->depth > 0 && json->open[json->depth - 1] == '{')
		assert(json->out->data[json->out->len - 1] == ':');
	else if (json->comma)
		buf_add_char(json->out, ',');
	json->comma = true;
}

static void
open_bracket(struct json_writer *json, char bracket)
{
	begin_value(json);
	assert(json->depth < JSON_WRITER_DEPTH);
	json->open[json->depth++] = bracket;
	json->comma = false;
	buf_add_char(json->out, bracket);
}

static void
close_bracket(struct json_writer *json, char open, char bracket)
{
	assert(json->depth > 0 && json->open[json->depth - 1] == open);
	json->depth--;
	json->comma = true;
	buf_add_char(json->out, bracket);
}

void
json_writer_object(struct json_writer *json)
{
	open_bracket(json, '{');
}

void
json_writer_end_object(struct json_writer *json)
{
	assert(json->out->data[json->out->len - 1] != ':');
	close_bracket(json, '{', '}');
}

void
json_writer_array(struct json_writer *json)
{
	open_bracket(json, '[');
}

void
json_writer_end_array(struct json_writer *json)
{
	close_bracket(json, '[', ']');
}

static void
add_quoted(struct buf *out, struct slice text)
{
	buf_add_char(out, '"');
	json_writer_escape(out, text);
	buf_add_char(out, '"');
}

void
json_writer_key(struct json_writer *json, const char *key)
{
	json_writer_key_slice(json, slice_of(key));
}

void
json_writer_key_slice(struct json_writer *json, struct slice key)
{
	assert(json->depth > 0 && json->open[json->depth - 1] == '{');
	if (json->comma)
		buf_add_char(json->out, ',');
	add_quoted(json->out, key);
	buf_add_char(json->out, ':');
	json->comma = false;
}

void
json_writer_string(struct json_writer *json, struct slice text)
{
	if (text.data == NULL) {
		json_writer_null(json);
		return;
	}
	begin_value(json);
	add_quoted(json->out, text);
}

void
json_writer_text(struct json_writer *json, const char *text)
{
	json_writer_string(json, slice_of(text));
}

void
json_writer_u64(struct json_writer *json, uint64_t value)
{
	begin_value(json);
	buf_add_u64(json->out, value);
}

void
json_writer_i64(struct json_writer *json, int64_t value)
{
	begin_value(json);
	if (value < 0)
		buf_add_char(json->out, '-');
	/* By way of unsigned: -INT64_MIN has no room in an int64_t. */
	buf_add_u64(
	    json->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* The number from `start` on as JSON has it: what stands between its digits is
 * the locale's point, of one byte or several, and becomes a '.'. */
static void
normalize_point(struct buf *out, size_t start)
{
	static const char others[] = "-0123456789";
	size_t point = start + strspn(out->data + start, others);
	size_t end = point + strcspn(out->data + point, others);

	if (point == end)
		return;
	out->data[point] = '.';
	memmove(out->data + point + 1, out->data + end, out->len - end);
	buf_set_len(out, out->len - (end - point - 1));
}

void
json_writer_fixed(struct json_writer *json, double value, int digits)
{
	size_t start;

	if (!isfinite(value)) {
		json_writer_null(json);
		return;
	}
	begin_value(json);
	start = json->out->len;
	buf_addf(json->out, "%.*f", digits, value);
	normalize_point(json->out, start);
}

void
json_writer_bool(struct json_writer *json, bool value)
{
	begin_value(json);
	buf_add_str(json->out, value ? "true" : "false");
}

void
json_writer_null(struct json_writer *json)
{
	begin_value(json);
	buf_add_str(json->out, "null");
}

void
json_writer_time(struct json_writer *json, usec_t time)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time, text);
	json_writer_text(json, text);
}

void
json_writer_hex(struct json_writer *json, const void *bytes, size_t len)
{
	begin_value(json);
	buf_add_char(json->out, '"');
	buf_add_hex(json->out, bytes, len);
	buf_add_char(json->out, '"');
}

void
json_writer_raw(struct json_writer *json, struct slice value)
{
	begin_value(json);
	buf_add_slice(json->out, value);
}

void
json_writer_pair(struct json_writer *json, const char *key, const char *text)
{
	json_writer_key(json, key);
	json_writer_text(json, text);
}

void
json_writer_pair_slice(
    struct json_writer *json, const char *key, struct slice text)
{
	json_writer_key(json, key);
	json_writer_string(json, text);
}

void
json_writer_pair_u64(struct json_writer *json, const char *key, uint64_t value)
{
	json_writer_key(json, key);
	json_writer_u64(json, value);
}

void
json_writer_pair_time(struct json_writer *json, const char *key, usec_t time)
{
	json_writer_key(json, key);
	json_writer_time(json, time);
}

void
json_writer_pair_time_or_null(
    struct json_writer *json, const char *key, usec_t time)
{
	json_writer_key(json, key);
	if (time != 0)
		json_writer_time(json, time);
	else
		json_writer_null(json);
}

void
json_writer_pair_bool(struct json_writer *json, const char *key, bool value)
{
	json_writer_key(json, key);
	json_writer_bool(json, value);
}

static void
add_escape(struct buf *out, unsigned char byte)
{
	char escape = escapes[byte];

	buf_add_char(out, '\\');
	buf_add_char(out, escape);
	if (escape == 'u') {
		buf_add_str(out, "00");
		buf_add_hex(out, &byte, 1);
	}
}

void
json_writer_escape(struct buf *out, struct slice text)
{
	const char *start = text.data;
	const char *end = text.data + text.len;

	while (start < end) {
		const char *stop = json_string_skip_clean(start, end);

		buf_add(out, start, (size_t)(stop - start));
		if (stop == end)
			break;
		add_escape(out, (unsigned char)*stop);
		start = stop + 1;
	}
}
