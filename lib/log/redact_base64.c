#include "log/redact_base64.h"

enum {
	PADDING = 2,
	/* Bytes side by side that people can read; a multiple of 3. */
	READABLE = 12,
	ALPHABET = REDACT_BASE64 | REDACT_WORD_DASH,
};

static size_t
run_end(struct slice text, size_t at)
{
	while (at < text.len && redact_rule_has(ALPHABET, text.data[at]))
		at++;
	return at;
}

static size_t
padding_end(struct slice text, size_t at)
{
	size_t end = at;

	while (end < text.len && end - at < PADDING && text.data[end] == '=')
		end++;
	return end;
}

static unsigned
groups_of(struct slice text, size_t begin, size_t end)
{
	unsigned groups = 0;

	for (size_t i = begin; i < end; i++)
		groups |= redact_rule_groups[(unsigned char)text.data[i]];
	return groups;
}

/* Behind the line break at `at`, and the run of the next line if that is all
 * that the line has, or is no word; else `at`. */
static size_t
next_line(struct slice text, size_t at)
{
	size_t begin = at, end, line;
	unsigned groups;

	if (begin < text.len && text.data[begin] == '\r')
		begin++;
	if (begin >= text.len || text.data[begin] != '\n')
		return at;
	begin++;
	end = run_end(text, begin);
	line = padding_end(text, end);
	if (end == begin)
		return at;
	groups = groups_of(text, begin, end);
	return line > end || line == text.len ||
		       redact_rule_has(
			   REDACT_BREAK | REDACT_QUOTE, text.data[line]) ||
		       ((groups & REDACT_LOWER) && (groups & REDACT_UPPER))
		   ? end
		   : at;
}

/* Text in base64 has letters of both cases: those of one case are digests,
 * rulers, paths, the names of tests. */
static bool
may_hold_text(struct slice text, struct redact_span run)
{
	unsigned groups = groups_of(text, run.begin, run.end);

	return (groups & REDACT_LOWER) != 0 && (groups & REDACT_UPPER) != 0;
}

/* A run covers one of any 40 places side by side, so only every fortieth is
 * looked at until one is found. */
bool
redact_base64_next(struct slice text, size_t at, struct redact_span *ret_run)
{
	const size_t step = REDACT_BASE64_SHORTEST;

	while (text.len - at >= step) {
		struct redact_span run = { at + step - 1, at + step - 1 };
		size_t line, end;

		if (!redact_rule_has(ALPHABET, text.data[run.begin])) {
			at += step;
			continue;
		}
		while (run.begin > at &&
		       redact_rule_has(ALPHABET, text.data[run.begin - 1]))
			run.begin--;
		run.end = run_end(text, run.end);
		at = run.end;
		if (run.end - run.begin < step || !may_hold_text(text, run))
			continue;
		line = run.begin;
		while (run.end - line >= step &&
		       (end = next_line(text, run.end)) > run.end) {
			line = run.end;
			run.end = end;
		}
		run.end = padding_end(text, run.end);
		*ret_run = run;
		return true;
	}
	return false;
}

#define TWO(c, bits)   [c] = (bits) + 1, [(c) + 1] = (bits) + 2
#define FOUR(c, bits)  TWO(c, bits), TWO((c) + 2, (bits) + 2)
#define EIGHT(c, bits) FOUR(c, bits), FOUR((c) + 4, (bits) + 4)

/* A character's six bits, plus one; 0 for a line break or padding. */
static const unsigned char sextets[256] = {
	EIGHT('A', 0),
	EIGHT('I', 8),
	EIGHT('Q', 16),
	TWO('Y', 24),
	EIGHT('a', 26),
	EIGHT('i', 34),
	EIGHT('q', 42),
	TWO('y', 50),
	EIGHT('0', 52),
	TWO('8', 60),
	['+'] = 63,
	['-'] = 63,
	['/'] = 64,
	['_'] = 64,
};

/* Are some four groups of four characters side by side ASCII? The first byte
 * of a group is ' ' to '~' if its first character is 8 to 31; the second and
 * the third have no high bit if a bit of the second and the third character is
 * not set. One in 12,000 by chance, and a tenth of the cost of decoding. */
bool
redact_base64_may_be_text(struct slice run)
{
	enum { GROUPS = READABLE / 3 };

	for (size_t phase = 0; phase < REDACT_BASE64_PHASES; phase++) {
		int groups = 0;

		for (size_t i = phase; i + 4 <= run.len; i += 4) {
			const char *c = run.data + i;
			unsigned first = sextets[(unsigned char)c[0]];
			unsigned second = sextets[(unsigned char)c[1]];
			unsigned third = sextets[(unsigned char)c[2]];

			/* No branch: chance would mispredict it. */
			bool ascii = (first - 9 < 24) &
				     (((second - 1) & 8) == 0) &
				     (((third - 1) & 2) == 0);

			groups = (groups + 1) * ascii;
			if (groups == GROUPS)
				return true;
		}
	}
	return false;
}

bool
redact_base64_decode(struct slice run, unsigned phase, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t readable = 0, most = 0, len = 0;

	buf_reset(out);
	buf_reserve(out, run.len);
	for (size_t i = phase; i < run.len; i++) {
		unsigned sextet = sextets[(unsigned char)run.data[i]];
		unsigned char byte;

		if (sextet == 0)
			continue;
		bits = bits << 6 | (sextet - 1);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		byte = (unsigned char)(bits >> have);
		out->data[len++] = (char)byte;
		readable = byte >= ' ' && byte < 0x7f ? readable + 1 : 0;
		most = readable > most ? readable : most;
	}
	buf_set_len(out, len);
	return most >= READABLE;
}
