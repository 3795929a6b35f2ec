#include "config/reader.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

void
reader_init(struct reader *reader, struct slice text)
{
	*reader = (struct reader){ .rest = text };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice
trim(struct slice text)
{
	while (text.len > 0 && is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* The bytes of `text` before and behind `at`, each trimmed. */
static struct slice
before(struct slice text, const char *at)
{
	return trim((struct slice){ text.data, (size_t)(at - text.data) });
}

static struct slice
behind(struct slice text, const char *at)
{
	const char *end = text.data + text.len;

	return trim((struct slice){ at + 1, (size_t)(end - at - 1) });
}

/* The next line without its end; false when there is none. */
static bool
take_line(struct reader *reader, struct slice *ret)
{
	struct slice line = reader->rest;
	const char *end;

	if (line.len == 0)
		return false;
	end = memchr(line.data, '\n', line.len);
	if (end != NULL)
		line.len = (size_t)(end - line.data);
	reader->rest.data += line.len + (end != NULL);
	reader->rest.len -= line.len + (end != NULL);
	reader->line++;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	*ret = line;
	return true;
}

static int
check_line(struct slice line, struct error *err)
{
	if (line.len > READER_LINE_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "the line has %zu bytes, more than %d", line.len,
		    READER_LINE_BYTES);
	if (text_valid_bytes(line) < line.len)
		return error_set(err, ERROR_BAD_UTF8, "the line is not UTF-8");
	for (size_t i = 0; i < line.len; i++) {
		unsigned char byte = (unsigned char)line.data[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return error_set(err, ERROR_INVALID,
			    "the line has a control character, \\x%02x", byte);
	}
	return 0;
}

static int
fail_line(struct error *err, struct slice line, const char *what)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, line);
	return error_set(err, ERROR_INVALID, "%s %s", quoted.data, what);
}

/* "[section]" or "[section name]" */
static int
read_section(struct slice line, struct reader_item *ret, struct error *err)
{
	struct slice inside = { line.data + 1, line.len - 2 };
	const char *space;

	if (line.data[line.len - 1] != ']')
		return fail_line(
		    err, line, "begins with '[' but has no ']' at its end");
	inside = trim(inside);
	*ret = (struct reader_item){ .section = inside };
	for (space = inside.data; space < inside.data + inside.len; space++)
		if (is_space(*space)) {
			ret->section = before(inside, space);
			ret->name = behind(inside, space);
			break;
		}
	if (ret->section.len == 0)
		return fail_line(err, line, "names no section");
	return 0;
}

static int
read_pair(struct slice line, struct reader_item *ret, struct error *err)
{
	const char *sign = memchr(line.data, '=', line.len);

	if (sign == NULL)
		return fail_line(err, line,
		    "is neither [section] nor key = value nor a # comment");
	*ret = (struct reader_item){
		.key = before(line, sign),
		.value = behind(line, sign),
	};
	if (ret->key.len == 0)
		return fail_line(err, line, "has no key before its '='");
	return 0;
}

enum reader_kind
reader_next(struct reader *reader, struct reader_item *ret, struct error *err)
{
	struct slice line;

	while (take_line(reader, &line)) {
		if (check_line(line, err) == -1)
			return READER_BAD;
		line = trim(line);
		if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
			continue;
		if (line.data[0] != '[')
			return read_pair(line, ret, err) == -1 ? READER_BAD
							       : READER_PAIR;
		return read_section(line, ret, err) == -1 ? READER_BAD
							  : READER_SECTION;
	}
	return READER_END;
}
