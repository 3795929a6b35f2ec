#include "log/redact_rule.h"

#include "base/memory.h"

#include <stdlib.h>

const uint16_t redact_rule_groups[256] = {
	['0' ... '1'] = REDACT_0_1_8_9,
	['2' ... '7'] = REDACT_2_7,
	['8' ... '9'] = REDACT_0_1_8_9,
	['a' ... 'f'] = REDACT_A_F_LOWER,
	['g' ... 'z'] = REDACT_G_Z_LOWER,
	['A' ... 'F'] = REDACT_A_F_UPPER,
	['G' ... 'Z'] = REDACT_G_Z_UPPER,
	['_'] = REDACT_UNDERSCORE,
	['-'] = REDACT_DASH,
	['.'] = REDACT_DOT,
	['/'] = REDACT_SLASH,
	['+'] = REDACT_PLUS,
	['='] = REDACT_EQUALS,
	[' '] = REDACT_BLANK,
	['\t'] = REDACT_BLANK,
	['\n'] = REDACT_BREAK,
	['\r'] = REDACT_BREAK,
	['"'] = REDACT_QUOTE,
	['\''] = REDACT_QUOTE,
	['`'] = REDACT_QUOTE,
	[';'] = REDACT_SHELL,
	['&'] = REDACT_SHELL,
	['|'] = REDACT_SHELL,
	['<'] = REDACT_SHELL,
	['>'] = REDACT_SHELL,
	['('] = REDACT_SHELL,
	[')'] = REDACT_SHELL,
};

void
redact_rule_spans_free(struct redact_spans *spans)
{
	free(spans->items);
	*spans = (struct redact_spans)REDACT_SPANS_INIT;
}

void
redact_rule_found(struct redact_scan *scan, size_t begin, size_t end)
{
	struct redact_spans *spans = scan->spans;

	spans->items = memory_grow(spans->items, &spans->capacity,
	    spans->count + 1, sizeof(*spans->items));
	spans->items[spans->count++] = (struct redact_span){ begin, end };
	if (end > scan->found_end)
		scan->found_end = end;
}

/* One position of an anchor: `*pattern` moves behind it. */
static bool
position_has(const char **pattern, char c)
{
	const char *p = *pattern;
	bool has = false;

	if (*p != '[') {
		*pattern = p + 1;
		return *p == c;
	}
	for (p++; *p != ']'; p++) {
		if (p[1] == '-' && p[2] != ']') {
			has = has || (p[0] <= c && c <= p[2]);
			p += 2;
		} else {
			has = has || *p == c;
		}
	}
	*pattern = p + 1;
	return has;
}

static char
to_lower(char c)
{
	return redact_rule_has(REDACT_UPPER, c) ? (char)(c + 'a' - 'A') : c;
}

size_t
redact_rule_anchor(const struct redact_rule *rule, struct slice text, size_t at)
{
	const char *pattern = rule->anchor;
	size_t start = at;

	for (; *pattern != '\0'; at++) {
		char c = at < text.len ? text.data[at] : '\0';

		if (rule->flags & REDACT_ANY_CASE)
			c = to_lower(c);
		if (!position_has(&pattern, c))
			return 0;
	}
	return at - start;
}

size_t
redact_rule_anchor_length(const struct redact_rule *rule)
{
	size_t length = 0;

	for (const char *p = rule->anchor; *p != '\0'; length++)
		position_has(&p, '\0');
	return length;
}

void
redact_rule_anchor_set(
    const struct redact_rule *rule, size_t position, bool ret_set[static 256])
{
	for (int c = 0; c < 256; c++) {
		const char *p = rule->anchor;

		for (size_t i = 0; i < position && *p != '\0'; i++)
			position_has(&p, '\0');
		if (*p != '\0')
			ret_set[c] = position_has(&p, (char)c);
		else
			ret_set[c] = rule->alphabet == 0 ||
				     redact_rule_has(rule->alphabet, (char)c);
	}
}

size_t
redact_rule_run(
    const struct redact_scan *scan, unsigned alphabet, size_t at, size_t limit)
{
	size_t end = scan->text.len;

	if (at > end)
		return end;
	if (limit < end - at)
		end = at + limit;
	while (at < end && redact_rule_has(alphabet, scan->text.data[at]))
		at++;
	return at;
}

size_t
redact_rule_word_run(struct redact_scan *scan, size_t at)
{
	if (at < scan->run.begin || at >= scan->run.end) {
		scan->run.begin = at;
		scan->run.end =
		    redact_rule_run(scan, REDACT_WORD_DASH, at, scan->text.len);
	}
	return scan->run.end;
}

size_t
redact_rule_quoted_end(
    const struct redact_scan *scan, size_t at, char quote, size_t limit)
{
	size_t end = scan->text.len - at > limit ? at + limit : scan->text.len;

	for (; at < end; at++) {
		char c = scan->text.data[at];

		if (c == quote || redact_rule_has(REDACT_BREAK, c))
			return at;
		if (c == '\\')
			at++;
	}
	return end;
}

size_t
redact_rule_word_end(
    const struct redact_scan *scan, size_t at, const char *also, size_t limit)
{
	size_t end = scan->text.len - at > limit ? at + limit : scan->text.len;

	for (; at < end; at++) {
		char c = scan->text.data[at];

		if (redact_rule_has(
			REDACT_SPACE | REDACT_QUOTE | REDACT_SHELL, c) ||
		    c == '\\' || strchr(also, c) != NULL)
			break;
	}
	return at;
}

bool
redact_rule_is_cut(const struct redact_scan *scan, size_t at)
{
	struct slice rest = { scan->text.data + at, scan->text.len - at };

	return rest.len == 0 || slice_starts_with(rest, SLICE_LITERAL("...")) ||
	       slice_starts_with(rest, SLICE_LITERAL("…"));
}

size_t
redact_rule_break(const struct redact_scan *scan, size_t at)
{
	size_t start = at;

	if (redact_rule_byte(scan, at) == '\r')
		at++;
	if (redact_rule_byte(scan, at) != '\n')
		return 0;
	return redact_rule_run(scan, REDACT_BLANK, at + 1, 8) - start;
}

unsigned
redact_rule_groups_of(const struct redact_scan *scan, size_t begin, size_t end)
{
	unsigned groups = 0;

	for (size_t i = begin; i < end; i++)
		groups |= redact_rule_groups[(unsigned char)scan->text.data[i]];
	return groups;
}

bool
redact_rule_is_varied(const struct redact_scan *scan, size_t begin, size_t end)
{
	unsigned groups = redact_rule_groups_of(scan, begin, end);

	return (groups & REDACT_DIGIT) != 0 ||
	       ((groups & REDACT_LOWER) != 0 && (groups & REDACT_UPPER) != 0);
}
