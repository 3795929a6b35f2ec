/* FORMAT
 *
 * The page is text, so that `cat` is enough to read it: exactly STATUS_BYTES
 * bytes, lines of "key value\n" in the order of the table below, nothing left
 * out, then spaces and a last '\n':
 *
 *	kruxosd.status 1			the format's version
 *	page 4711				counts the writes of this page
 *	pid 1234
 *	...
 *	crc32c 89abcdef				of all bytes before this line
 *	page 4711				the same again
 *
 * Times are µs, hashes 64 hex digits, fractions have three digits behind the
 * point, truth is 0 or 1, states are their names. Text runs to the end of its
 * line (control characters were made visible).
 *
 * The kernel promises no atomic write of a page to a reader in another
 * process: pages count, at both ends, and a checksum says whether what lies
 * between is of one write. A reader that sees otherwise reads again.
 */
#include "store/status_text.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/number.h"
#include "base/text.h"

#include <stddef.h>

#define FORMAT_LINE "kruxosd.status 1\n"

enum { FRACTION_DIGITS = 1000 };

static const char *const refusals[] = {
	[STATUS_ACCEPTING] = "accepting",
	[STATUS_STARTING] = "starting",
	[STATUS_STOPPING] = "stopping",
	[STATUS_STOPPED] = "stopped",
	[STATUS_WRITE_FAILED] = "write_failed",
	[STATUS_DISK_FULL] = "disk_full",
	[STATUS_READ_ONLY] = "read_only",
};

static const char *const integrities[] = {
	[STATUS_UNKNOWN] = "unknown",
	[STATUS_CHECKING] = "checking",
	[STATUS_VERIFIED] = "verified",
	[STATUS_DAMAGED] = "damaged",
};

static const char *const indexes[] = {
	[STATUS_INDEX_CURRENT] = "current",
	[STATUS_INDEX_CATCHING_UP] = "catching_up",
	[STATUS_INDEX_REBUILDING] = "rebuilding",
	[STATUS_INDEX_FAILING] = "failing",
};

static const char *const states[] = {
	[STATUS_STATE_OK] = "ok",
	[STATUS_STATE_LOST] = "lost",
	[STATUS_STATE_FAILING] = "failing",
};

static const struct {
	const char *const *words;
	size_t count;
} names[] = {
#define NAMES(table)                                    \
	{                                               \
		table, sizeof(table) / sizeof(table[0]) \
	}
	[STATUS_TEXT_REFUSAL] = NAMES(refusals),
	[STATUS_TEXT_INTEGRITY] = NAMES(integrities),
	[STATUS_TEXT_INDEX] = NAMES(indexes),
	[STATUS_TEXT_STATE] = NAMES(states),
};

enum field_type {
	FIELD_U32,
	FIELD_U64,
	FIELD_FRACTION,
	FIELD_HASH,
	FIELD_TEXT,
	FIELD_NAME,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t size;
	enum status_text_kind kind; /* of a name */
};

#define FIELD(type, member)                                     \
	{                                                       \
#member, type, offsetof(struct status, member), \
		    sizeof(((struct status *)NULL)->member)     \
	}
/* An enum, which has the size of an unsigned. */
#define NAME(kind, member)                                            \
	{                                                             \
#member, FIELD_NAME, offsetof(struct status, member), \
		    sizeof(unsigned), kind                            \
	}

static const struct field fields[] = {
	FIELD(FIELD_U32, pid),
	FIELD(FIELD_U64, started_at),
	FIELD(FIELD_U64, heartbeat),
	NAME(STATUS_TEXT_REFUSAL, refusal),
	FIELD(FIELD_TEXT, reason),
	FIELD(FIELD_U64, commits),
	FIELD(FIELD_U64, head_seq),
	FIELD(FIELD_HASH, head_hash),
	FIELD(FIELD_TEXT, head_file),
	FIELD(FIELD_U64, head_bytes),
	FIELD(FIELD_U64, index_seq),
	FIELD(FIELD_U64, index_generation),
	NAME(STATUS_TEXT_INDEX, index),
	FIELD(FIELD_U64, index_behind_since),
	NAME(STATUS_TEXT_STATE, state),
	NAME(STATUS_TEXT_INTEGRITY, integrity),
	FIELD(FIELD_U64, verified_seq),
	FIELD(FIELD_U64, verified_at),
	FIELD(FIELD_U64, sampled_at),
	FIELD(FIELD_FRACTION, cpu_percent),
	FIELD(FIELD_U64, memory_used_bytes),
	FIELD(FIELD_U64, memory_total_bytes),
	FIELD(FIELD_FRACTION, disk_used_percent),
	FIELD(FIELD_U64, entries_accepted),
	FIELD(FIELD_U64, entries_refused),
	FIELD(FIELD_U64, connections),
};
enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

const char *
status_text_name(enum status_text_kind kind, unsigned value)
{
	return value < names[kind].count ? names[kind].words[value] : "unknown";
}

/* --- composing ------------------------------------------------------------ */

/* Text of at most `size` bytes with its NUL, on one line. */
static void
add_text(struct buf *out, const char *text, size_t size)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;

	text_add_visible(&visible, (struct slice){ text, strnlen(text, size) },
	    TEXT_ONE_LINE);
	buf_add(out, visible.data, text_cut(buf_slice(&visible), size - 1));
}

static void
add_fraction(struct buf *out, double value)
{
	double limit = 1e12;
	uint64_t scaled = 0;

	/* What is no number, or none of ours, is nothing. */
	if (value > 0)
		scaled = (uint64_t)((value < limit ? value : limit) *
					FRACTION_DIGITS +
				    0.5);
	buf_addf(out, "%llu.%03llu",
	    (unsigned long long)(scaled / FRACTION_DIGITS),
	    (unsigned long long)(scaled % FRACTION_DIGITS));
}

static void
add_value(struct buf *out, const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_U32:
		buf_add_u64(out, *(const uint32_t *)value);
		break;
	case FIELD_U64:
		buf_add_u64(out, *(const uint64_t *)value);
		break;
	case FIELD_FRACTION:
		add_fraction(out, *(const double *)value);
		break;
	case FIELD_HASH:
		buf_add_hex(out, value, field->size);
		break;
	case FIELD_TEXT:
		add_text(out, value, field->size);
		break;
	case FIELD_NAME:
		buf_add_str(out,
		    status_text_name(field->kind, *(const unsigned *)value));
		break;
	}
}

void
status_text_compose(
    const struct status *status, uint64_t sequence, struct buf *out)
{
	uint32_t checksum;

	buf_add_str(out, FORMAT_LINE);
	buf_addf(out, "page %llu\n", (unsigned long long)sequence);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		buf_add_str(out, fields[i].key);
		buf_add_char(out, ' ');
		add_value(
		    out, &fields[i], (const char *)status + fields[i].offset);
		buf_add_char(out, '\n');
	}
	checksum = crc32c(0, buf_slice(out));
	buf_addf(out, "crc32c %08x\npage %llu\n", checksum,
	    (unsigned long long)sequence);
	buf_add_chars(out, ' ', STATUS_BYTES - 1 - out->len);
	buf_add_char(out, '\n');
}

/* --- parsing -------------------------------------------------------------- */

/* Take "key value\n" off the front of `rest`. */
static int
take_line(struct slice *rest, const char *key, struct slice *ret_value)
{
	size_t key_len = strlen(key);
	const char *end;

	end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
	if (end == NULL || (size_t)(end - rest->data) < key_len + 1 ||
	    memcmp(rest->data, key, key_len) != 0 || rest->data[key_len] != ' ')
		return -1;
	ret_value->data = rest->data + key_len + 1;
	ret_value->len = (size_t)(end - ret_value->data);
	rest->len -= (size_t)(end + 1 - rest->data);
	rest->data = end + 1;
	return 0;
}

static int
read_name(enum status_text_kind kind, struct slice text, unsigned *ret)
{
	for (size_t i = 0; i < names[kind].count; i++)
		if (slice_is(text, names[kind].words[i])) {
			*ret = (unsigned)i;
			return 0;
		}
	return -1;
}

static int
read_number(struct slice text, uint64_t max, uint64_t *ret)
{
	return number_parse_u64(text, 0, max, ret);
}

static int
read_value(const struct field *field, struct slice text, void *value)
{
	uint64_t number;

	switch (field->type) {
	case FIELD_U32:
		if (read_number(text, UINT32_MAX, &number) == -1)
			return -1;
		*(uint32_t *)value = (uint32_t)number;
		return 0;
	case FIELD_U64:
		return read_number(text, UINT64_MAX, value);
	case FIELD_FRACTION:
		return number_parse_double(text, 0, 1e15, value);
	case FIELD_HASH:
		return sha256_parse_hex(text, value);
	case FIELD_TEXT:
		if (text.len >= field->size)
			return -1;
		memset(value, 0, field->size);
		memcpy(value, text.data, text.len);
		return 0;
	case FIELD_NAME:
		return read_name(field->kind, text, value);
	}
	return -1;
}

/* Spaces, and a last '\n'. */
static bool
is_padding(struct slice rest)
{
	for (size_t i = 0; i + 1 < rest.len; i++)
		if (rest.data[i] != ' ')
			return false;
	return rest.len > 0 && rest.data[rest.len - 1] == '\n';
}

int
status_text_parse(
    struct slice page, struct status *ret_status, uint64_t *ret_sequence)
{
	struct slice rest = page, value, front;
	struct status status = { 0 };
	uint64_t first, last;
	char checksum[9];

	if (page.len != STATUS_BYTES ||
	    !slice_starts_with(rest, SLICE_LITERAL(FORMAT_LINE)))
		return -1;
	rest.data += sizeof(FORMAT_LINE) - 1;
	rest.len -= sizeof(FORMAT_LINE) - 1;
	if (take_line(&rest, "page", &value) == -1 ||
	    read_number(value, UINT64_MAX, &first) == -1)
		return -1;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (take_line(&rest, fields[i].key, &value) == -1 ||
		    read_value(&fields[i], value,
			(char *)&status + fields[i].offset) == -1)
			return -1;
	front = (struct slice){ page.data, (size_t)(rest.data - page.data) };
	snprintf(checksum, sizeof(checksum), "%08x", crc32c(0, front));
	if (take_line(&rest, "crc32c", &value) == -1 ||
	    !slice_is(value, checksum) ||
	    take_line(&rest, "page", &value) == -1 ||
	    read_number(value, UINT64_MAX, &last) == -1 || first != last ||
	    !is_padding(rest))
		return -1;
	*ret_status = status;
	*ret_sequence = first;
	return 0;
}
