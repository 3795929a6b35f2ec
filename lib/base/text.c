#include "base/text.h"

#define REPLACEMENT 0xfffdu

struct range {
	uint32_t first;
	uint32_t last;
};

/* Text that a reader does not see, or sees in another order than it stands.
 * Unicode's own word for it: the general categories Cc, Cf, Zl and Zp
 * (UnicodeData.txt) and Default_Ignorable_Code_Point
 * (DerivedCoreProperties.txt) of Unicode 15.0, put together. What is ignorable
 * by default but stands for nothing yet is a part of it, so a later version
 * finds most of what it adds here already. */
static const struct range hidden[] = {
	{ 0x00, 0x1f },	      /* C0 */
	{ 0x7f, 0x9f },	      /* DEL, C1 */
	{ 0xad, 0xad },	      /* soft hyphen */
	{ 0x034f, 0x034f },   /* combining grapheme joiner */
	{ 0x0600, 0x0605 },   /* Arabic number signs */
	{ 0x061c, 0x061c },   /* Arabic letter mark: bidi */
	{ 0x06dd, 0x06dd },   /* Arabic end of ayah */
	{ 0x070f, 0x070f },   /* Syriac abbreviation mark */
	{ 0x0890, 0x0891 },   /* Arabic pound and piastre marks */
	{ 0x08e2, 0x08e2 },   /* Arabic disputed end of ayah */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors, vowel separator */
	{ 0x200b, 0x200f },   /* zero-width, left-to-right and back */
	{ 0x2028, 0x202e },   /* line separators, bidi */
	{ 0x2060, 0x206f },   /* joiner, invisible operators, bidi */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* zero-width no-break space, BOM */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },   /* reserved, annotations */
	{ 0x110bd, 0x110bd }, /* Kaithi number sign */
	{ 0x110cd, 0x110cd }, /* Kaithi number sign above */
	{ 0x13430, 0x1343f }, /* Egyptian hieroglyphs' joiners */
	{ 0x1bca0, 0x1bca3 }, /* shorthand controls */
	{ 0x1d173, 0x1d17a }, /* musical beams and slurs */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors, reserved */
};

/* Marks that stand on the character before them: the blocks made for them, and
 * the vowels and accents of the scripts in widest use (UnicodeData.txt,
 * categories Mn and Me); second halves of Hangul syllables. */
static const struct range combining[] = {
	{ 0x0300, 0x036f },
	{ 0x0483, 0x0489 },
	{ 0x0591, 0x05bd },
	{ 0x05bf, 0x05bf },
	{ 0x05c1, 0x05c2 },
	{ 0x05c4, 0x05c5 },
	{ 0x05c7, 0x05c7 },
	{ 0x0610, 0x061a },
	{ 0x064b, 0x065f },
	{ 0x0670, 0x0670 },
	{ 0x06d6, 0x06dc },
	{ 0x06df, 0x06e4 },
	{ 0x06e7, 0x06e8 },
	{ 0x06ea, 0x06ed },
	{ 0x0900, 0x0902 },
	{ 0x093a, 0x093a },
	{ 0x093c, 0x093c },
	{ 0x0941, 0x0948 },
	{ 0x094d, 0x094d },
	{ 0x0951, 0x0957 },
	{ 0x0962, 0x0963 },
	{ 0x0981, 0x0981 },
	{ 0x09bc, 0x09bc },
	{ 0x09c1, 0x09c4 },
	{ 0x09cd, 0x09cd },
	{ 0x0bc0, 0x0bc0 },
	{ 0x0bcd, 0x0bcd },
	{ 0x0e31, 0x0e31 },
	{ 0x0e34, 0x0e3a },
	{ 0x0e47, 0x0e4e },
	{ 0x1160, 0x11ff },
	{ 0x1ab0, 0x1ace },
	{ 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20f0 },
	{ 0x302a, 0x302d },
	{ 0x3099, 0x309a },
	{ 0xfe20, 0xfe2f },
};

/* Two columns: EastAsianWidth.txt, W and F, and emoji shown as pictures. Code
 * points that stand for nothing yet are counted with their neighbours. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },
	{ 0x231a, 0x231b },
	{ 0x2329, 0x232a },
	{ 0x23e9, 0x23ec },
	{ 0x23f0, 0x23f0 },
	{ 0x23f3, 0x23f3 },
	{ 0x25fd, 0x25fe },
	{ 0x2614, 0x2615 },
	{ 0x2648, 0x2653 },
	{ 0x267f, 0x267f },
	{ 0x2693, 0x2693 },
	{ 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab },
	{ 0x26bd, 0x26be },
	{ 0x26c4, 0x26c5 },
	{ 0x26ce, 0x26ce },
	{ 0x26d4, 0x26d4 },
	{ 0x26ea, 0x26ea },
	{ 0x26f2, 0x26f3 },
	{ 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa },
	{ 0x26fd, 0x26fd },
	{ 0x2705, 0x2705 },
	{ 0x270a, 0x270b },
	{ 0x2728, 0x2728 },
	{ 0x274c, 0x274c },
	{ 0x274e, 0x274e },
	{ 0x2753, 0x2755 },
	{ 0x2757, 0x2757 },
	{ 0x2795, 0x2797 },
	{ 0x27b0, 0x27b0 },
	{ 0x27bf, 0x27bf },
	{ 0x2b1b, 0x2b1c },
	{ 0x2b50, 0x2b50 },
	{ 0x2b55, 0x2b55 },
	{ 0x2e80, 0x303e },
	{ 0x3041, 0x3247 },
	{ 0x3250, 0x4dbf },
	{ 0x4e00, 0xa4cf },
	{ 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },
	{ 0xfe10, 0xfe19 },
	{ 0xfe30, 0xfe6f },
	{ 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },
	{ 0x16fe0, 0x18d08 },
	{ 0x1aff0, 0x1b2fb },
	{ 0x1f004, 0x1f004 },
	{ 0x1f0cf, 0x1f0cf },
	{ 0x1f18e, 0x1f18e },
	{ 0x1f191, 0x1f19a },
	{ 0x1f200, 0x1f320 },
	{ 0x1f32d, 0x1f335 },
	{ 0x1f337, 0x1f37c },
	{ 0x1f37e, 0x1f393 },
	{ 0x1f3a0, 0x1f3ca },
	{ 0x1f3cf, 0x1f3d3 },
	{ 0x1f3e0, 0x1f3f0 },
	{ 0x1f3f4, 0x1f3f4 },
	{ 0x1f3f8, 0x1f43e },
	{ 0x1f440, 0x1f440 },
	{ 0x1f442, 0x1f4fc },
	{ 0x1f4ff, 0x1f53d },
	{ 0x1f54b, 0x1f54e },
	{ 0x1f550, 0x1f567 },
	{ 0x1f57a, 0x1f57a },
	{ 0x1f595, 0x1f596 },
	{ 0x1f5a4, 0x1f5a4 },
	{ 0x1f5fb, 0x1f64f },
	{ 0x1f680, 0x1f6c5 },
	{ 0x1f6cc, 0x1f6cc },
	{ 0x1f6d0, 0x1f6d2 },
	{ 0x1f6d5, 0x1f6df },
	{ 0x1f6eb, 0x1f6ef },
	{ 0x1f6f4, 0x1f6ff },
	{ 0x1f7e0, 0x1f7f0 },
	{ 0x1f90c, 0x1f93a },
	{ 0x1f93c, 0x1f945 },
	{ 0x1f947, 0x1f9ff },
	{ 0x1fa70, 0x1faff },
	{ 0x20000, 0x3fffd },
};

#define IS_IN(table, character) \
	is_in((table), sizeof(table) / sizeof((table)[0]), (character))

/* Binary search: ranges are in order and do not touch. */
static bool
is_in(const struct range *ranges, size_t count, uint32_t character)
{
	size_t first = 0;

	while (first < count) {
		size_t middle = first + (count - first) / 2;

		if (character < ranges[middle].first)
			count = middle;
		else if (character > ranges[middle].last)
			first = middle + 1;
		else
			return true;
	}
	return false;
}

/* The sequence at the front of a text that is not empty. `bytes`: all of it
 * when it is well formed, else its maximal ill-formed part (Unicode 15 §3.9,
 * U+FFFD substitution), at least 1. */
struct sequence {
	size_t bytes;
	uint32_t character;
	bool well_formed;
};

/* RFC 3629 §4: after some first bytes, the second may not be just any. */
static void
second_byte_bounds(unsigned char first, unsigned char *low, unsigned char *high)
{
	*low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
}

static struct sequence
sequence_at_front(struct slice text)
{
	const unsigned char *byte = (const unsigned char *)text.data;
	unsigned char low, high;
	struct sequence found = { 1, byte[0], true };
	size_t wanted;

	if (byte[0] < 0x80)
		return found;
	found.well_formed = false;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return found;
	wanted = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	found.character = byte[0] & (0x7fu >> wanted);
	second_byte_bounds(byte[0], &low, &high);
	for (; found.bytes < wanted; found.bytes++) {
		if (found.bytes == text.len || byte[found.bytes] < low ||
		    byte[found.bytes] > high)
			return found;
		found.character =
		    found.character << 6 | (byte[found.bytes] & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	found.well_formed = true;
	return found;
}

static struct slice
rest_of(struct slice text, size_t at)
{
	return (struct slice){ text.data + at, text.len - at };
}

/* From `at` on, how many bytes are ASCII, counted by eights. */
static size_t
ascii_eights(struct slice text, size_t at)
{
	size_t start = at;
	uint64_t eight;

	for (; text.len - at >= sizeof(eight); at += sizeof(eight)) {
		memcpy(&eight, text.data + at, sizeof(eight));
		if ((eight & 0x8080808080808080u) != 0)
			break;
	}
	return at - start;
}

size_t
text_valid_bytes(struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		struct sequence next;

		at += ascii_eights(text, at);
		if (at == text.len)
			break;
		next = sequence_at_front(rest_of(text, at));
		if (!next.well_formed)
			break;
		at += next.bytes;
	}
	return at;
}

void
text_add_valid(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		size_t valid = text_valid_bytes(text);

		buf_add(out, text.data, valid);
		text = rest_of(text, valid);
		if (text.len == 0)
			break;
		text_add_character(out, REPLACEMENT);
		text = rest_of(text, sequence_at_front(text).bytes);
	}
}

size_t
text_decode(struct slice text, uint32_t *ret_character)
{
	struct sequence front;

	if (text.len == 0)
		return 0;
	front = sequence_at_front(text);
	if (!front.well_formed)
		return 0;
	*ret_character = front.character;
	return front.bytes;
}

void
text_add_character(struct buf *out, uint32_t character)
{
	char bytes[4];
	size_t count = 0;

	if (character > 0x10ffff || (character & ~0x7ffu) == 0xd800)
		character = REPLACEMENT;
	if (character < 0x80) {
		bytes[count++] = (char)character;
	} else if (character < 0x800) {
		bytes[count++] = (char)(0xc0 | character >> 6);
		bytes[count++] = (char)(0x80 | (character & 0x3f));
	} else if (character < 0x10000) {
		bytes[count++] = (char)(0xe0 | character >> 12);
		bytes[count++] = (char)(0x80 | (character >> 6 & 0x3f));
		bytes[count++] = (char)(0x80 | (character & 0x3f));
	} else {
		bytes[count++] = (char)(0xf0 | character >> 18);
		bytes[count++] = (char)(0x80 | (character >> 12 & 0x3f));
		bytes[count++] = (char)(0x80 | (character >> 6 & 0x3f));
		bytes[count++] = (char)(0x80 | (character & 0x3f));
	}
	buf_add(out, bytes, count);
}

size_t
text_cut(struct slice text, size_t max)
{
	size_t len = max;

	if (text.len <= max)
		return text.len;
	while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	/* No character is longer than four bytes: this text is not valid. */
	return max - len > 3 ? max : len;
}

static void
add_hidden(struct buf *out, uint32_t character)
{
	switch (character) {
	case '\n':
		buf_add_str(out, "\\n");
		break;
	case '\r':
		buf_add_str(out, "\\r");
		break;
	case '\t':
		buf_add_str(out, "\\t");
		break;
	case 0x1b:
		buf_add_str(out, "\\e");
		break;
	default:
		buf_addf(out, character < 0x80 ? "\\x%02x" : "\\u{%04x}",
		    (unsigned)character);
	}
}

void
text_add_visible(struct buf *out, struct slice text, enum text_visible how)
{
	while (text.len > 0) {
		struct sequence next = sequence_at_front(text);
		uint32_t character = next.character;
		bool stands = how == TEXT_MULTI_LINE &&
			      (character == '\n' || character == '\t');

		if (!next.well_formed)
			for (size_t i = 0; i < next.bytes; i++)
				buf_addf(out, "\\x%02x",
				    (unsigned char)text.data[i]);
		else if (IS_IN(hidden, character) && !stands)
			add_hidden(out, character);
		else
			buf_add(out, text.data, next.bytes);
		text = rest_of(text, next.bytes);
	}
}

void
text_add_quoted(struct buf *out, struct slice text)
{
	struct slice shown = { text.data, text_cut(text, TEXT_QUOTED_BYTES) };

	buf_add_char(out, '"');
	text_add_visible(out, shown, TEXT_ONE_LINE);
	buf_add_str(out, shown.len < text.len ? "…\"" : "\"");
}

static size_t
columns_of(struct sequence shown)
{
	if (!shown.well_formed)
		return 1;
	if (IS_IN(hidden, shown.character) || IS_IN(combining, shown.character))
		return 0;
	return IS_IN(wide, shown.character) ? 2 : 1;
}

size_t
text_columns(struct slice text)
{
	size_t columns = 0;

	while (text.len > 0) {
		struct sequence next = sequence_at_front(text);

		columns += columns_of(next);
		text = rest_of(text, next.bytes);
	}
	return columns;
}
