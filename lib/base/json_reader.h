/* JSON from outside, strictly by RFC 8259, within bounds.
 *
 * One pass makes an array of nodes in the order of the text, a parent before
 * its children. It is our own reader and not json-c because the log keeps
 * what it was given: numbers keep their digits (json-c's saturate), keys may
 * hold U+0000 (json-c's end there), a key that comes twice is an error at any
 * depth (json-c's last one wins), and an entry costs 0.4 µs instead of 2.
 * json-c is its oracle in the tests.
 *
 * A lone surrogate (\ud800) becomes U+FFFD; bytes that are not UTF-8 are an
 * error. Nothing follows the one value but white space.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum json_node_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_node {
	enum json_node_type type;
	uint32_t next;	   /* index behind this node and all below it */
	uint32_t children; /* members of an object, elements of an array */
	struct slice key;  /* decoded; {NULL, 0} in an array and at the top */

	/* A string, decoded. A number's digits as they stand. Of an array or
	 * object, the bytes from bracket to bracket. */
	struct slice text;
};

/* Grows with the texts read and is used again for the next. What a text of very
 * many values took is given back before that. */
struct json_reader {
	struct json_node *nodes; /* nodes[0] is the value itself */
	size_t count;
	size_t capacity;
	struct buf decoded; /* strings that had escapes */
	size_t *scratch;    /* for finding a key that comes twice */
	size_t scratch_capacity;
};

#define JSON_READER_INIT            \
	{                           \
		.decoded = BUF_INIT \
	}

enum {
	JSON_READER_DEPTH = 32,	     /* arrays and objects within each other */
	JSON_READER_BYTES = 1 << 20, /* of one text */
};

/* Read `text`, which must outlive the nodes. ERROR_BAD_JSON, _BAD_UTF8,
 * _DUPLICATE_KEY (err->field: the key, made visible), _TOO_DEEP, _TOO_LONG; the
 * sentence names the byte, the first being 1, and what should stand there: of a
 * key that comes twice, the byte where its object begins. After a failure there
 * are no nodes. */
int json_reader_read(
    struct json_reader *reader, struct slice text, struct error *err);

void json_reader_free(struct json_reader *reader);

/* The member `key` of the object `parent`, or NULL. */
const struct json_node *json_reader_member(const struct json_reader *reader,
    const struct json_node *parent, const char *key);

/* Walk the children:
 *	for (const struct json_node *n = json_reader_first(r, parent);
 *	    n != NULL; n = json_reader_next(r, parent, n)) */
static inline const struct json_node *
json_reader_first(
    const struct json_reader *reader, const struct json_node *parent)
{
	(void)reader;
	return parent->children == 0 ? NULL : parent + 1;
}

static inline const struct json_node *
json_reader_next(const struct json_reader *reader,
    const struct json_node *parent, const struct json_node *child)
{
	const struct json_node *next = reader->nodes + child->next;

	return child->next < parent->next ? next : NULL;
}

/* "null", "true", "a string", "a number", "an object", … for sentences. */
const char *json_type_name(enum json_node_type type);

#endif
