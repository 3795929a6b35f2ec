#include "log/payload.h"

#include "base/json_writer.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>

enum { MARK_BYTES = sizeof("…[cut 18446744073709551615 bytes]") - 1 };

/* A key or a string of the request, redacted, in the order of the nodes. */
struct piece {
	const char *data; /* NULL: its bytes stand in payload->redacted */
	size_t offset;
	size_t len;
	bool is_key; /* keys are never cut */
};

struct payload {
	struct redactor *redactor;
	struct buf redacted; /* the pieces that had a secret */
	struct piece *pieces;
	size_t count, capacity;
};

/* Where a walk over the nodes stands, when it writes. */
struct writing {
	struct payload *payload;
	const struct json_reader *reader;
	size_t next;	/* piece */
	size_t longest; /* strings are cut to about that many bytes */
	struct buf *out;
};

struct payload *
payload_new(struct redactor *redactor)
{
	struct payload *payload = memory_new(sizeof(*payload));

	payload->redactor = redactor;
	buf_init(&payload->redacted);
	return payload;
}

void
payload_free(struct payload *payload)
{
	if (payload == NULL)
		return;
	buf_free(&payload->redacted);
	free(payload->pieces);
	free(payload);
}

/* --- first walk: redact --------------------------------------------------- */

/* How redact.h is asked about a string: by its key, or by its place. */
struct surroundings {
	struct slice key;    /* of the object's member it is, or is within */
	bool is_element;     /* of an array that no key makes a secret */
	struct slice first;  /* the array's first element … */
	struct slice before; /* … and the one before this */
};

static void
add_piece(struct payload *payload, struct slice text, size_t replaced,
    size_t offset, bool is_key)
{
	payload->pieces = memory_grow(payload->pieces, &payload->capacity,
	    payload->count + 1, sizeof(*payload->pieces));
	payload->pieces[payload->count++] =
	    replaced == 0 ? (struct piece){ text.data, 0, text.len, is_key }
			  : (struct piece){ NULL, offset,
				    payload->redacted.len - offset, is_key };
}

/* The keys of an object stay different from each other: one that has the mark
 * of a secret ends in its place among them. */
static void
redact_key(struct payload *payload, struct slice key, unsigned place)
{
	static const struct slice mark = SLICE_LITERAL(REDACT_MARKER);
	struct buf *out = &payload->redacted;
	size_t offset = out->len;
	size_t replaced = redact_text(payload->redactor, key, out);

	if (replaced == 0 &&
	    memmem(key.data, key.len, mark.data, mark.len) != NULL) {
		buf_add_slice(out, key);
		replaced = 1;
	}
	if (replaced > 0)
		buf_addf(out, "#%u", place);
	add_piece(payload, key, replaced, offset, true);
}

static void
redact_string(struct payload *payload, struct slice text,
    const struct surroundings *around)
{
	struct buf *out = &payload->redacted;
	size_t offset = out->len;
	size_t replaced =
	    around->is_element
		? redact_element(payload->redactor, around->first,
		      around->before, text, out)
		: redact_member(payload->redactor, around->key, text, out);

	add_piece(payload, text, replaced, offset, false);
}

static struct slice
string_of(const struct json_node *node)
{
	return node != NULL && node->type == JSON_STRING
		   ? node->text
		   : (struct slice){ NULL, 0 };
}

static void
redact_node(struct payload *payload, const struct json_reader *reader,
    const struct json_node *node, const struct surroundings *around)
{
	const struct json_node *first = json_reader_first(reader, node);
	const struct json_node *before = NULL;
	bool is_secret = redact_is_secret_name(around->key);
	unsigned place = 0;

	for (const struct json_node *child = first; child != NULL;
	     child = json_reader_next(reader, node, child)) {
		struct surroundings inner = *around;

		if (node->type == JSON_OBJECT) {
			redact_key(payload, child->key, ++place);
			/* What stands below a secret's name is one. */
			if (!is_secret)
				inner.key = child->key;
			inner.is_element = false;
		} else if (!is_secret) {
			inner.is_element = true;
			inner.first = string_of(first);
			inner.before = string_of(before);
		}
		if (child->type == JSON_STRING)
			redact_string(payload, child->text, &inner);
		else
			redact_node(payload, reader, child, &inner);
		before = child;
	}
}

/* --- second walk: write --------------------------------------------------- */

static struct slice
piece_text(const struct payload *payload, const struct piece *piece)
{
	return (struct slice){ piece->data != NULL
				   ? piece->data
				   : payload->redacted.data + piece->offset,
		piece->len };
}

/* Append `text` within quotes; what is much longer than `longest` bytes is cut
 * there. Cutting never makes it longer. */
static void
write_string(struct buf *out, struct slice text, size_t longest)
{
	size_t kept = text.len;

	if (text.len > MARK_BYTES && text.len - MARK_BYTES > longest)
		kept = text_cut(text, longest);
	buf_add_char(out, '"');
	json_writer_escape(out, (struct slice){ text.data, kept });
	if (kept < text.len)
		buf_addf(out, "…[cut %zu bytes]", text.len - kept);
	buf_add_char(out, '"');
}

static void
write_piece(struct writing *writing)
{
	const struct piece *piece = &writing->payload->pieces[writing->next++];

	write_string(writing->out, piece_text(writing->payload, piece),
	    piece->is_key ? SIZE_MAX : writing->longest);
}

static void
write_node(struct writing *writing, const struct json_node *node)
{
	static const char *const words[] = {
		[JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
	};
	bool is_object = node->type == JSON_OBJECT;

	if (node->type <= JSON_TRUE) {
		buf_add_str(writing->out, words[node->type]);
		return;
	}
	if (node->type == JSON_NUMBER) {
		buf_add_slice(writing->out, node->text);
		return;
	}
	if (node->type == JSON_STRING) {
		write_piece(writing);
		return;
	}
	buf_add_char(writing->out, is_object ? '{' : '[');
	for (const struct json_node *child =
		 json_reader_first(writing->reader, node);
	     child != NULL;
	     child = json_reader_next(writing->reader, node, child)) {
		if (child != node + 1)
			buf_add_char(writing->out, ',');
		if (is_object) {
			write_piece(writing);
			buf_add_char(writing->out, ':');
		}
		write_node(writing, child);
	}
	buf_add_char(writing->out, is_object ? '}' : ']');
}

/* Append the request with its strings cut to `longest`; its bytes. */
static size_t
write_request(struct payload *payload, const struct json_reader *reader,
    const struct json_node *request, size_t longest, struct buf *out)
{
	struct writing writing = {
		.payload = payload,
		.reader = reader,
		.longest = longest,
		.out = out,
	};
	size_t before = out->len;

	write_node(&writing, request);
	return out->len - before;
}

/* The request is too long: cut its strings from the longest down, that is, all
 * to the greatest length with which it fits. */
static void
write_cut_request(struct payload *payload, const struct json_reader *reader,
    const struct json_node *request, size_t full_bytes, struct buf *out)
{
	size_t before = out->len;
	size_t fits = 0, too_long = ENTRY_REQUEST_BYTES;

	if (write_request(payload, reader, request, fits, out) >
	    ENTRY_REQUEST_BYTES) {
		buf_set_len(out, before);
		buf_addf(out, "{\"cut_bytes\":%zu}", full_bytes);
		return;
	}
	while (too_long - fits > 1) {
		size_t middle = fits + (too_long - fits) / 2;

		buf_set_len(out, before);
		if (write_request(payload, reader, request, middle, out) <=
		    ENTRY_REQUEST_BYTES)
			fits = middle;
		else
			too_long = middle;
	}
	buf_set_len(out, before);
	write_request(payload, reader, request, fits, out);
}

static void
add_request(struct payload *payload, const struct json_reader *reader,
    const struct json_node *request, struct buf *out)
{
	static const struct surroundings none;
	size_t before, bytes;

	assert(request->type == JSON_OBJECT);
	redact_node(payload, reader, request, &none);
	buf_add_str(out, ",\"request\":");
	before = out->len;
	bytes = write_request(payload, reader, request, SIZE_MAX, out);
	if (bytes > ENTRY_REQUEST_BYTES) {
		buf_set_len(out, before);
		write_cut_request(payload, reader, request, bytes, out);
	}
}

static void
add_summary(
    struct payload *payload, const struct json_node *summary, struct buf *out)
{
	static const struct surroundings none;
	struct slice text;

	assert(summary->type == JSON_STRING);
	redact_string(payload, summary->text, &none);
	text = piece_text(payload, &payload->pieces[payload->count - 1]);
	buf_add_str(out, ",\"summary\":");
	write_string(out, text,
	    text.len > ENTRY_SUMMARY_BYTES ? ENTRY_SUMMARY_BYTES - MARK_BYTES
					   : SIZE_MAX);
}

void
payload_compose(struct payload *payload, const struct json_reader *reader,
    const unsigned char salt[static ENTRY_SALT_BYTES],
    const struct json_node *summary, const struct json_node *request,
    struct buf *out)
{
	buf_add_str(out, "\"salt\":\"");
	buf_add_hex(out, salt, ENTRY_SALT_BYTES);
	buf_add_char(out, '"');
	payload->count = 0;
	buf_reset(&payload->redacted);
	if (summary != NULL)
		add_summary(payload, summary, out);
	payload->count = 0;
	buf_reset(&payload->redacted);
	if (request != NULL)
		add_request(payload, reader, request, out);
}
