#include "log/redact_view.h"

#include "base/memory.h"
#include "base/text.h"

enum { COLOUR_BYTES = 32 }; /* ESC [ 38;2;255;255;255 m, with room */

struct range {
	uint32_t first;
	uint32_t last;
};

/* Takes no room on a screen (Unicode's Default_Ignorable_Code_Point). */
static const struct range unseen[] = {
	{ 0x00ad, 0x00ad },
	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x202a, 0x202e },
	{ 0x2060, 0x206f },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xe0000, 0xe0fff },
};

/* Bytes with which something begins that may be taken off. */
static const bool special[256] = {
	['%'] = true,
	['\\'] = true,
	['\x1b'] = true,
	[0xc2] = true, /* U+0080–BF */
	[0xcd] = true, /* U+0340–7F */
	[0xd8] = true, /* U+0600–3F */
	[0xe1] = true, /* U+1000–1FFF */
	[0xe2] = true, /* U+2000–2FFF */
	[0xef] = true, /* U+F000–FFFF */
	[0xf3] = true, /* U+C0000–FFFFF */
};

#define EACH(byte) (0x0101010101010101u * (byte))

/* Has any of the eight bytes its high bit set, or is it one of three? The
 * subtraction borrows into the high bit of a byte that is zero. */
static inline bool
may_be_special(uint64_t eight)
{
	uint64_t percent = eight ^ EACH('%');
	uint64_t backslash = eight ^ EACH('\\');
	uint64_t escape = eight ^ EACH('\x1b');
	uint64_t zero = ((percent - EACH(1)) & ~percent) |
			((backslash - EACH(1)) & ~backslash) |
			((escape - EACH(1)) & ~escape);

	return ((eight | zero) & EACH(0x80)) != 0;
}

static size_t
next_special(struct slice text, size_t at)
{
	for (;;) {
		uint64_t eight;

		while (at + sizeof(eight) <= text.len) {
			memcpy(&eight, text.data + at, sizeof(eight));
			if (may_be_special(eight))
				break;
			at += sizeof(eight);
		}
		for (size_t end = at + sizeof(eight); at < end; at++)
			if (at >= text.len ||
			    special[(unsigned char)text.data[at]])
				return at;
	}
}

/* `digits` hexadecimal digits at `at`; -1: they are none. */
static int32_t
read_hex(struct slice text, size_t at, size_t digits)
{
	int32_t value = 0;

	if (text.len < digits || at > text.len - digits)
		return -1;
	for (size_t end = at + digits; at < end; at++) {
		char c = text.data[at];

		if (!redact_rule_has(REDACT_HEX, c))
			return -1;
		if (redact_rule_has(REDACT_DIGIT, c))
			value = value * 16 + (c - '0');
		else
			value = value * 16 + ((c | 0x20) - 'a' + 10);
	}
	return value;
}

static size_t
peel_backslash(struct slice text, size_t at, struct buf *out)
{
	static const char letters[] = "nrtbfav0", means[] = "\n\r\t     ";
	char c = at + 1 < text.len ? text.data[at + 1] : '\0';
	const char *letter = c == '\0' ? NULL : strchr(letters, c);
	int32_t value;

	if (c == '\n')
		return 2;
	if (c == 'u' && (value = read_hex(text, at + 2, 4)) >= 0) {
		text_add_character(out, (uint32_t)value);
		return 6;
	}
	if (c == 'x' && (value = read_hex(text, at + 2, 2)) >= 0) {
		buf_add_char(out, (char)value);
		return 4;
	}
	if (letter != NULL) {
		buf_add_char(out, means[letter - letters]);
		return 2;
	}
	if (c > ' ' && c < '\x7f' && !redact_rule_has(REDACT_ALNUM, c)) {
		buf_add_char(out, c);
		return 2;
	}
	return 0;
}

static size_t
peel_colour(struct slice text, size_t at)
{
	size_t end = at + 2;

	if (end >= text.len || text.data[at + 1] != '[')
		return 0;
	while (end < text.len && end - at < COLOUR_BYTES &&
	       text.data[end] >= ' ' && text.data[end] <= '?')
		end++;
	if (end == text.len || text.data[end] < '@' || text.data[end] > '~')
		return 0;
	return end + 1 - at;
}

static size_t
peel_unseen(struct slice text, size_t at)
{
	struct slice rest = { text.data + at, text.len - at };
	uint32_t character;
	size_t bytes = text_decode(rest, &character);

	if (bytes == 0)
		return 0;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (unseen[i].first <= character && character <= unseen[i].last)
			return bytes;
	return 0;
}

/* Take off what stands at `at`: its bytes in the text, 0 if it is to stay; what
 * it means is appended to `out`. */
static size_t
peel(struct slice text, size_t at, struct buf *out)
{
	int32_t value;

	switch (text.data[at]) {
	case '\\':
		return peel_backslash(text, at, out);
	case '\x1b':
		return peel_colour(text, at);
	case '%':
		value = read_hex(text, at + 1, 2);
		if (value < 0)
			return 0;
		buf_add_char(out, (char)value);
		return 3;
	default:
		return peel_unseen(text, at);
	}
}

static void
add_part(struct redact_view *view, size_t before, size_t text)
{
	size_t here = view->bytes.len;

	if (view->count > 0 && view->parts[view->count - 1].view == here) {
		view->parts[view->count - 1].text = text;
		return;
	}
	view->parts = memory_grow(view->parts, &view->capacity, view->count + 1,
	    sizeof(*view->parts));
	view->parts[view->count++] =
	    (struct redact_view_part){ here, before, text };
}

/* The first place from `at` on where something is to be taken off; text.len:
 * none. */
static size_t
next_escape(struct redact_view *view, struct slice text, size_t at)
{
	while ((at = next_special(text, at)) < text.len) {
		size_t taken = peel(text, at, &view->bytes);

		buf_reset(&view->bytes);
		if (taken > 0)
			return at;
		at++;
	}
	return text.len;
}

/* Behind the line in which `at` stands, and those that continue it. */
static size_t
line_end(struct slice text, size_t at)
{
	for (;;) {
		const char *newline =
		    memchr(text.data + at, '\n', text.len - at);
		size_t end =
		    newline == NULL ? text.len : (size_t)(newline - text.data);

		if (newline == NULL)
			return end;
		at = end + 1;
		if (end == 0 || text.data[end - 1] != '\\')
			return at;
	}
}

/* The first byte of the line in which `at` stands, not before `floor`. */
static size_t
line_begin(struct slice text, size_t floor, size_t at)
{
	const char *newline = memrchr(text.data + floor, '\n', at - floor);

	return newline == NULL ? floor : (size_t)(newline - text.data) + 1;
}

static void
peel_stretch(
    struct redact_view *view, struct slice text, struct redact_span stretch)
{
	struct slice front = { text.data, stretch.end };
	size_t copied = stretch.begin, at = stretch.begin;

	while ((at = next_special(front, at)) < front.len) {
		size_t mark, taken;

		buf_add(&view->bytes, text.data + copied, at - copied);
		mark = view->bytes.len;
		copied = at;
		taken = peel(front, at, &view->bytes);
		if (taken == 0) {
			at++;
			continue;
		}
		copied = at + taken;
		add_part(view, view->bytes.len == mark ? at : copied, copied);
		at = copied;
	}
	buf_add(&view->bytes, text.data + copied, front.len - copied);
}

bool
redact_view_next(struct redact_view *view, struct slice text, size_t at,
    struct redact_span *ret_stretch)
{
	size_t escape;
	struct slice next;

	buf_reset(&view->bytes);
	view->count = 0;
	escape = next_escape(view, text, at);
	if (escape == text.len)
		return false;
	ret_stretch->begin = line_begin(text, at, escape);
	do {
		ret_stretch->end = line_end(text, escape);
		next = (struct slice){ text.data,
			line_end(text, ret_stretch->end) };
		escape = next_escape(view, next, ret_stretch->end);
	} while (escape < next.len);
	add_part(view, ret_stretch->begin, ret_stretch->begin);
	peel_stretch(view, text, *ret_stretch);
	return true;
}

void
redact_view_free(struct redact_view *view)
{
	buf_free(&view->bytes);
	free(view->parts);
}

/* The last part that begins at or before `at`; NULL: `at` is before all. */
static const struct redact_view_part *
find_part(const struct redact_view *view, size_t at)
{
	size_t low = 0, high = view->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->parts[middle].view <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &view->parts[low - 1];
}

struct redact_span
redact_view_outer(const struct redact_view *view, struct redact_span span)
{
	const struct redact_view_part *begin = find_part(view, span.begin);
	const struct redact_view_part *end = find_part(view, span.end);

	if (begin != NULL)
		span.begin = begin->text + (span.begin - begin->view);
	if (end != NULL)
		span.end = span.end == end->view
			       ? end->before
			       : end->text + (span.end - end->view);
	return span;
}
