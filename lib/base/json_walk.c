#include "base/json_walk.h"

#include "base/json_string.h"

#include <assert.h>

static int
fail(const struct json_walk *walk, enum error_code code, const char *what,
    struct error *err)
{
	return error_set(err, code, "byte %zu: %s",
	    (size_t)(walk->at - walk->start) + 1, what);
}

static void
skip_space(struct json_walk *walk)
{
	while (
	    walk->at < walk->end && (*walk->at == ' ' || *walk->at == '\t' ||
					*walk->at == '\n' || *walk->at == '\r'))
		walk->at++;
}

static bool
take(struct json_walk *walk, char c)
{
	skip_space(walk);
	if (walk->at == walk->end || *walk->at != c)
		return false;
	walk->at++;
	return true;
}

void
json_walk_init(struct json_walk *walk, struct slice text)
{
	const char *start = text.data == NULL ? "" : text.data;

	*walk = (struct json_walk){
		.start = start,
		.at = start,
		.end = start + text.len,
	};
}

bool
json_walk_is_at(struct json_walk *walk, char bracket)
{
	skip_space(walk);
	return walk->at < walk->end && *walk->at == bracket;
}

static bool
is_in_object(const struct json_walk *walk)
{
	return (walk->objects & 1) != 0;
}

/* One level in, behind the bracket at which we stand. */
static int
descend(struct json_walk *walk, struct error *err)
{
	if (walk->depth == JSON_WALK_DEPTH)
		return fail(walk, ERROR_TOO_DEEP,
		    "arrays and objects are nested too deep", err);
	walk->depth++;
	walk->objects = walk->objects << 1 | (*walk->at == '{');
	walk->at++;
	return 0;
}

static void
ascend(struct json_walk *walk)
{
	walk->at++;
	walk->depth--;
	/* What lies 64 levels further out is forgotten, and there is none. */
	walk->objects >>= 1;
}

int
json_walk_enter(struct json_walk *walk, char bracket, struct error *err)
{
	if (!json_walk_is_at(walk, bracket))
		return fail(walk,
		    walk->at == walk->end ? ERROR_BAD_JSON : ERROR_WRONG_TYPE,
		    bracket == '{' ? "an object should stand here"
				   : "an array should stand here",
		    err);
	if (descend(walk, err) == -1)
		return -1;
	walk->is_first = true;
	return 0;
}

/* To the next one in what we have entered. 0: its end was passed. */
static int
next(struct json_walk *walk, struct error *err)
{
	char closing = is_in_object(walk) ? '}' : ']';
	bool is_first = walk->is_first;

	assert(walk->depth > 0);
	walk->is_first = false;
	if (json_walk_is_at(walk, closing)) {
		ascend(walk);
		return 0;
	}
	if (!is_first && !take(walk, ','))
		return fail(walk, ERROR_BAD_JSON,
		    "a comma or the end should stand here", err);
	return 1;
}

/* Behind the string whose opening quote we are at; what stands between. */
static int
take_string(struct json_walk *walk, struct slice *ret, struct error *err)
{
	const char *start = walk->at + 1;
	const char *at = start;

	for (;;) {
		at = json_string_skip_clean(at, walk->end);
		if (at == walk->end) {
			walk->at = at;
			return fail(walk, ERROR_BAD_JSON,
			    "the text ends within a string", err);
		}
		if (*at == '"')
			break;
		at += *at == '\\' && at + 1 < walk->end ? 2 : 1;
	}
	*ret = (struct slice){ start, (size_t)(at - start) };
	walk->at = at + 1;
	return 0;
}

int
json_walk_member(
    struct json_walk *walk, struct slice *ret_key, struct error *err)
{
	struct slice key;
	int more = next(walk, err);

	if (more != 1)
		return more;
	if (!json_walk_is_at(walk, '"'))
		return fail(
		    walk, ERROR_BAD_JSON, "a key should stand here", err);
	if (take_string(walk, &key, err) == -1)
		return -1;
	if (!take(walk, ':'))
		return fail(
		    walk, ERROR_BAD_JSON, "a colon should stand here", err);
	*ret_key = key;
	return 1;
}

int
json_walk_element(struct json_walk *walk, struct error *err)
{
	return next(walk, err);
}

/* A number or a word: up to what may follow a value. */
static int
skip_word(struct json_walk *walk, struct error *err)
{
	const char *start = walk->at;

	while (walk->at < walk->end &&
	       strchr(",]} \t\r\n:\"[{", *walk->at) == NULL)
		walk->at++;
	if (walk->at > start)
		return 0;
	return fail(walk, ERROR_BAD_JSON, "a value should stand here", err);
}

/* One piece of a value, whatever it is: a bracket, a string, a word, what
 * stands between them. */
static int
skip_piece(struct json_walk *walk, struct error *err)
{
	struct slice ignored;

	switch (*walk->at) {
	case '{':
	case '[':
		return descend(walk, err);
	case '}':
	case ']':
		if ((*walk->at == '}') != is_in_object(walk))
			return fail(walk, ERROR_BAD_JSON,
			    "another bracket should stand here", err);
		ascend(walk);
		return 0;
	case '"':
		return take_string(walk, &ignored, err);
	case ',':
	case ':':
		walk->at++;
		return 0;
	default:
		return skip_word(walk, err);
	}
}

int
json_walk_value(
    struct json_walk *walk, struct slice *ret_value, struct error *err)
{
	int depth = walk->depth;
	const char *start;

	skip_space(walk);
	start = walk->at;
	if (start < walk->end && strchr(",:]}", *start) != NULL)
		return fail(
		    walk, ERROR_BAD_JSON, "a value should stand here", err);
	do {
		skip_space(walk);
		if (walk->at == walk->end)
			return fail(walk, ERROR_BAD_JSON,
			    "the text ends within a value", err);
		if (skip_piece(walk, err) == -1)
			return -1;
	} while (walk->depth > depth);
	*ret_value = (struct slice){ start, (size_t)(walk->at - start) };
	return 0;
}

int
json_walk_end(struct json_walk *walk, struct error *err)
{
	skip_space(walk);
	if (walk->at == walk->end)
		return 0;
	return fail(walk, ERROR_BAD_JSON, "something follows the value", err);
}
