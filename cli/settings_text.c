/* The text is read with its comments and its commas too many made blanks, so
 * that the strict reader takes it and each value still stands at its own place
 * of the user's text. One splice is made, and the text is read anew for the
 * next: settings are small, and a place is good for one change only.
 */
#include "cli/settings_text.h"

#include "base/cleanup.h"

#define WHITE_SPACE " \t\r\n"

/* --- reading ------------------------------------------------------------ */

void
settings_text_free(struct settings_text *settings)
{
	buf_free(&settings->text);
	buf_free(&settings->commas);
	buf_free(&settings->bare);
	buf_free(&settings->unit);
	json_reader_free(&settings->reader);
}

void
settings_text_init(struct settings_text *settings)
{
	*settings = (struct settings_text){ .text = BUF_INIT,
		.commas = BUF_INIT,
		.bare = BUF_INIT,
		.unit = BUF_INIT,
		.reader = JSON_READER_INIT };
}

static bool
is_space(char c)
{
	return c != '\0' && strchr(WHITE_SPACE, c) != NULL;
}

/* Where the string that begins at `at` has ended. */
static size_t
string_end(const struct buf *text, size_t at)
{
	for (at++; at < text->len && text->data[at] != '"'; at++)
		at += text->data[at] == '\\' && at + 1 < text->len;
	return at < text->len ? at + 1 : text->len;
}

/* How long the comment at `at` is; 0: there is none. */
static size_t
comment_bytes(const struct buf *text, size_t at)
{
	const char *begin = text->data + at, *end;

	if (strncmp(begin, "//", 2) == 0)
		return strcspn(begin, "\n");
	if (strncmp(begin, "/*", 2) != 0)
		return 0;
	end = strstr(begin + 2, "*/");
	return end == NULL ? 0 : (size_t)(end + 2 - begin);
}

static void
blank(struct buf *text, size_t at, size_t len)
{
	for (size_t i = at; i < at + len; i++)
		if (!is_space(text->data[i]))
			text->data[i] = ' ';
}

static void
blank_comments(struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		size_t len = comment_bytes(text, at);

		blank(text, at, len);
		if (len > 0)
			at += len;
		else
			at = text->data[at] == '"' ? string_end(text, at)
						   : at + 1;
	}
}

static void
blank_last_commas(struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		const char *next = text->data + at + 1;

		if (text->data[at] == '"') {
			at = string_end(text, at);
			continue;
		}
		if (text->data[at] == ',') {
			next += strspn(next, WHITE_SPACE);
			if (*next == ']' || *next == '}')
				text->data[at] = ' ';
		}
		at++;
	}
}

/* What stands before the first value that is indented; else two blanks. */
static void
find_unit(struct settings_text *settings)
{
	const char *line = strchr(settings->text.data, '\n');

	buf_reset(&settings->unit);
	for (; line != NULL; line = strchr(line + 1, '\n')) {
		size_t len = strspn(line + 1, " \t");

		if (len == 0 || is_space(line[1 + len]))
			continue;
		buf_add(&settings->unit, line + 1, len);
		return;
	}
	buf_add_str(&settings->unit, "  ");
}

/* Read `text` anew. */
static int
read_anew(struct settings_text *settings, struct slice text, struct error *err)
{
	struct buf copy = BUF_INIT;

	buf_add_slice(&copy, text);
	buf_free(&settings->text);
	settings->text = copy;
	buf_reset(&settings->commas);
	buf_add_slice(&settings->commas, text);
	blank_comments(&settings->commas);
	buf_reset(&settings->bare);
	buf_add_slice(&settings->bare, buf_slice(&settings->commas));
	blank_last_commas(&settings->bare);
	if (json_reader_read(
		&settings->reader, buf_slice(&settings->bare), err) == -1)
		return -1;
	if (settings->reader.nodes[0].type == JSON_OBJECT)
		return 0;
	return error_set(err, ERROR_WRONG_TYPE,
	    "settings are an object, and this is %s",
	    json_type_name(settings->reader.nodes[0].type));
}

/* The same of what an agent's file may be: it may be empty, too. */
int
settings_text_open(
    struct settings_text *settings, const struct buf *text, struct error *err)
{
	if (strlen(text->data) != text->len)
		return error_set(err, ERROR_BAD_JSON,
		    "a NUL stands in it, at byte %zu", strlen(text->data) + 1);
	if (read_anew(settings,
		strspn(text->data, WHITE_SPACE) == text->len
		    ? SLICE_LITERAL("{}\n")
		    : buf_slice(text),
		err) == -1)
		return -1;
	find_unit(settings);
	return 0;
}

/* --- changing ----------------------------------------------------------- */

static size_t
begin_of(
    const struct settings_text *settings, const struct json_node *container)
{
	return (size_t)(container->text.data - settings->bare.data);
}

static size_t
close_of(
    const struct settings_text *settings, const struct json_node *container)
{
	return begin_of(settings, container) + container->text.len - 1;
}

/* Put `with` in the place of `len` bytes at `at`. */
static int
splice(struct settings_text *settings, size_t at, size_t len, struct slice with,
    struct error *err)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_add(&out, settings->text.data, at);
	buf_add_slice(&out, with);
	buf_add(&out, settings->text.data + at + len,
	    settings->text.len - at - len);
	return read_anew(settings, buf_slice(&out), err);
}

/* The first place behind `at` towards `end` where `text` is not blank. */
static size_t
skip_space(const struct buf *text, size_t at, size_t end)
{
	while (at < end && is_space(text->data[at]))
		at++;
	return at;
}

/* The same backwards: what stands before the place returned is not blank. */
static size_t
skip_space_back(const struct buf *text, size_t at, size_t begin)
{
	while (at > begin && is_space(text->data[at - 1]))
		at--;
	return at;
}

static void
add_line(const struct settings_text *settings, size_t depth, struct slice words,
    struct buf *out)
{
	buf_add_char(out, '\n');
	for (size_t i = 0; i < depth; i++)
		buf_add_slice(out, buf_slice(&settings->unit));
	buf_add_slice(out, words);
}

int
settings_text_append(struct settings_text *settings,
    const struct json_node *container, size_t depth, struct slice child,
    struct error *err)
{
	size_t begin = begin_of(settings, container) + 1;
	size_t close = close_of(settings, container);
	size_t last = skip_space_back(&settings->bare, close, begin);
	size_t comma = skip_space(&settings->commas, last, close);
	cleanup(buf_free) struct buf added = BUF_INIT;

	if (container->children == 0) { /* but there may be comments */
		last = skip_space_back(&settings->text, close, begin);
		add_line(settings, depth + 1, child, &added);
		add_line(settings, depth, SLICE_LITERAL(""), &added);
		return splice(
		    settings, last, close - last, buf_slice(&added), err);
	}
	/* Where the last has a comma, so has the new one. */
	if (comma < close)
		last = comma + 1;
	else
		buf_add_char(&added, ',');
	add_line(settings, depth + 1, child, &added);
	if (comma < close)
		buf_add_char(&added, ',');
	return splice(settings, last, 0, buf_slice(&added), err);
}

/* Where the member begins whose value begins at `value`: at its key's quote. */
static size_t
key_begin(const struct settings_text *settings, size_t value)
{
	const struct buf *bare = &settings->bare;
	size_t at = skip_space_back(bare, value, 0) - 1; /* the colon */

	at = skip_space_back(bare, at, 0) - 1; /* the last quote */
	for (at--; at > 0; at--) {
		size_t slashes = 0;

		while (slashes < at && bare->data[at - 1 - slashes] == '\\')
			slashes++;
		if (bare->data[at] == '"' && slashes % 2 == 0)
			break;
	}
	return at;
}

/* The only child goes, and the blanks around it. */
static int
take_only(struct settings_text *settings, const struct json_node *container,
    size_t begin, size_t end, struct error *err)
{
	size_t first = begin_of(settings, container) + 1;
	size_t close = close_of(settings, container);

	begin = skip_space_back(&settings->text, begin, first);
	if (skip_space(&settings->commas, end, close) < close)
		end = skip_space(&settings->commas, end, close) + 1;
	if (begin == first && skip_space(&settings->text, end, close) == close)
		end = close;
	return splice(settings, begin, end - begin, SLICE_LITERAL(""), err);
}

/* The last child goes, and the comma before it; one behind it stays, as there
 * was one. */
static int
take_last(
    struct settings_text *settings, size_t begin, size_t end, struct error *err)
{
	size_t comma = skip_space_back(&settings->bare, begin, 0) - 1;
	size_t close = skip_space(&settings->commas, end, settings->text.len);

	begin = skip_space_back(&settings->text, begin, 0);
	if (settings->commas.data[close] == ',')
		return splice(
		    settings, begin, close + 1 - begin, SLICE_LITERAL(""), err);
	if (comma + 1 == begin)
		return splice(
		    settings, comma, end - comma, SLICE_LITERAL(""), err);
	/* A comment stands between them. */
	if (splice(settings, begin, end - begin, SLICE_LITERAL(""), err) == -1)
		return -1;
	if (settings->commas.data[comma] != ',')
		return 0;
	return splice(settings, comma, 1, SLICE_LITERAL(""), err);
}

int
settings_text_take(struct settings_text *settings,
    const struct json_node *container, const struct json_node *child,
    struct error *err)
{
	size_t begin = (size_t)(child->text.data - settings->bare.data);
	size_t end = begin + child->text.len;
	size_t next;

	if (container->type == JSON_OBJECT)
		begin = key_begin(settings, begin);
	if (container->children == 1)
		return take_only(settings, container, begin, end, err);
	if (json_reader_next(&settings->reader, container, child) == NULL)
		return take_last(settings, begin, end, err);
	next = skip_space(&settings->commas, end, settings->text.len) + 1;
	next = skip_space(&settings->text, next, settings->text.len);
	return splice(settings, begin, next - begin, SLICE_LITERAL(""), err);
}
