#include "hook/shorten.h"

#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/text.h"

enum {
	/* A string is never cut to less. */
	SHORTEST = 64,
	/* Room for the mark; a string is only cut where that gains something.
	 */
	MARK_BYTES = sizeof("…[cut 18446744073709551615 bytes]") - 1,
};

/* A walk over the bytes. */
struct walk {
	const char *at;
	const char *end;
	size_t longest; /* strings are cut to about that many bytes */
	size_t deepest; /* what is nested deeper is left out */
	struct buf *out;
};

/* The closing quote of the string whose first byte is `at`, or `end`. */
static const char *
find_quote(const char *at, const char *end)
{
	while ((at = json_string_skip_plain(at, end)) < end) {
		if (*at == '"')
			return at;
		at += *at == '\\' && end - at > 1 ? 2 : 1;
	}
	return end;
}

/* Where to cut the string from `at` to `end`: at most `longest` bytes on, and
 * within no escape and no character. */
static const char *
find_cut(const char *at, const char *end, size_t longest)
{
	const char *limit = at + longest;

	while (at < limit) {
		const char *next = at + 1;

		if (*at == '\\')
			next = end - at > 5 && at[1] == 'u' ? at + 6 : at + 2;
		else
			while (
			    next < end && ((unsigned char)*next & 0xc0) == 0x80)
				next++;
		if (next > limit)
			break;
		at = next;
	}
	return at;
}

/* `walk->at` is behind the opening quote. */
static void
copy_string(struct walk *walk)
{
	const char *begin = walk->at;
	const char *quote = find_quote(begin, walk->end);
	size_t len = (size_t)(quote - begin);

	walk->at = quote < walk->end ? quote + 1 : quote;
	if (len <= walk->longest + MARK_BYTES) {
		buf_add(walk->out, begin, (size_t)(walk->at - begin));
		return;
	}
	quote = find_cut(begin, quote, walk->longest);
	buf_add(walk->out, begin, (size_t)(quote - begin));
	buf_addf(
	    walk->out, "…[cut %zu bytes]\"", len - (size_t)(quote - begin));
}

/* Go behind what the bracket at `walk->at` opens. */
static void
skip_nested(struct walk *walk)
{
	size_t depth = 0;

	while (walk->at < walk->end) {
		char c = *walk->at++;

		if (c == '"') {
			walk->at = find_quote(walk->at, walk->end);
			if (walk->at < walk->end)
				walk->at++;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if ((c == ']' || c == '}') && --depth == 0) {
			return;
		}
	}
}

/* Instead of what the bracket `c` opens. */
static void
add_mark(struct walk *walk, char c)
{
	if (walk->deepest == SHORTEN_DEPTH)
		buf_add_str(walk->out, "\"[nested too deep]\"");
	else if (c == '{')
		buf_add_str(walk->out, "{\"…\":\"[left out]\"}");
	else
		buf_add_str(walk->out, "[\"[left out]\"]");
}

static void
copy(struct walk *walk)
{
	size_t depth = 0;

	while (walk->at < walk->end) {
		char c = *walk->at;

		if ((c == '[' || c == '{') && depth == walk->deepest) {
			skip_nested(walk);
			add_mark(walk, c);
			continue;
		}
		buf_add_char(walk->out, c);
		walk->at++;
		if (c == '"')
			copy_string(walk);
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
	}
}

static size_t
find_depth(struct slice text)
{
	const char *end = text.data + text.len;
	size_t depth = 0, deepest = 0;

	for (const char *at = text.data; at < end; at++)
		if (*at == '"') {
			at = find_quote(at + 1, end);
			if (at == end)
				break;
		} else if (*at == '[' || *at == '{') {
			depth++;
			deepest = depth > deepest ? depth : deepest;
		} else if ((*at == ']' || *at == '}') && depth > 0) {
			depth--;
		}
	return deepest;
}

bool
shorten_is_needed(struct slice text, size_t most)
{
	return text.len > most || text_valid_bytes(text) < text.len ||
	       find_depth(text) > SHORTEN_DEPTH;
}

void
shorten(struct slice text, size_t most, size_t deepest, struct buf *out)
{
	cleanup(buf_free) struct buf valid = BUF_INIT;
	size_t longest = text.len > most ? most / 4 : text.len;
	size_t before = out->len;

	if (text_valid_bytes(text) < text.len) {
		text_add_valid(&valid, text);
		text = buf_slice(&valid);
		longest = text.len > most ? most / 4 : text.len;
	}
	for (;; longest /= 4) {
		struct walk walk = { text.data, text.data + text.len, longest,
			deepest, out };

		buf_set_len(out, before);
		copy(&walk);
		if (out->len - before <= most || longest < SHORTEST)
			return;
	}
}
