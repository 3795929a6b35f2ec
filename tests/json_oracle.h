/* What json_reader made of a text, held against two others: json-c, which reads
 * the same text, and json_writer, whose text must read the same again.
 *
 * json-c, in its strictest setting, is laxer than RFC 8259 and loses a little;
 * these differences are meant, everything else is a defect of ours:
 *
 * - It takes control characters within strings, 'single quotes', NaN and
 *   Infinity, -01, and 1. and -.5 with a digit missing; it stops reading at
 *   a NUL byte; it takes UTF-8 that is longer than need be, surrogates in
 *   UTF-8 and numbers beyond U+10FFFF.
 * - It takes a key twice and keeps the last; it cuts keys at U+0000.
 * - Integers beyond 64 bits become the largest.
 * - It takes the character of an escaped pair of surrogates for a surrogate if
 *   its lower 16 bits look like one: \udb37\uddbb, U+DDDBB.
 * - It nests deeper when told to.
 */
#ifndef TESTS_JSON_ORACLE_H
#define TESTS_JSON_ORACLE_H

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "base/text.h"

#include <json-c/json.h>

static inline struct json_object *
json_oracle_parse(struct json_tokener *tokener, struct slice text)
{
	struct json_object *object =
	    json_tokener_parse_ex(tokener, text.data, (int)text.len);

	/* A number ends where the text does: that takes a NUL to know. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, "", 1);
	return object;
}

static inline bool
json_oracle_same_number(struct slice text, struct json_object *object)
{
	int64_t i64;
	uint64_t u64;

	if (!json_object_is_type(object, json_type_int))
		/* json-c keeps the digits of a double. */
		return json_object_is_type(object, json_type_double) &&
		       slice_is(text, json_object_to_json_string(object));
	if (number_parse_i64(text, INT64_MIN, INT64_MAX, &i64) == 0)
		return json_object_get_int64(object) == i64;
	if (number_parse_u64(text, 0, UINT64_MAX, &u64) == 0)
		return json_object_get_uint64(object) == u64;
	return true;
}

/* Could json-c read `text` right? */
static inline bool
json_oracle_can_read(struct slice text)
{
	uint32_t character;

	for (size_t at = 0; at < text.len;) {
		at +=
		    text_decode((struct slice){ text.data + at, text.len - at },
			&character);
		if (character > 0xffff && (character & 0xf800) == 0xd800)
			return false;
	}
	return true;
}

/* Could json-c tell the keys of `node` apart? */
static inline bool
json_oracle_can_key(
    const struct json_reader *reader, const struct json_node *node)
{
	const struct json_node *child;

	if (node->type != JSON_OBJECT)
		return true;
	for (child = json_reader_first(reader, node); child != NULL;
	     child = json_reader_next(reader, node, child))
		if ((child->key.len > 0 &&
			memchr(child->key.data, '\0', child->key.len)) ||
		    !json_oracle_can_read(child->key))
			return false;
	return true;
}

static inline bool json_oracle_same(const struct json_reader *reader,
    const struct json_node *node, struct json_object *object);

static inline bool
json_oracle_same_children(const struct json_reader *reader,
    const struct json_node *node, struct json_object *object)
{
	const struct json_node *child;
	size_t i = 0;

	if (!json_oracle_can_key(reader, node))
		return true;
	for (child = json_reader_first(reader, node); child != NULL;
	     child = json_reader_next(reader, node, child)) {
		cleanup(buf_free) struct buf key = BUF_INIT;
		struct json_object *other;

		buf_add_slice(&key, child->key);
		if (node->type == JSON_ARRAY)
			other = json_object_array_get_idx(object, i);
		else if (!json_object_object_get_ex(object, key.data, &other))
			return false;
		if (!json_oracle_same(reader, child, other))
			return false;
		i++;
	}
	return i == node->children &&
	       i == (node->type == JSON_ARRAY
			    ? json_object_array_length(object)
			    : (size_t)json_object_object_length(object));
}

static inline bool
json_oracle_same(const struct json_reader *reader, const struct json_node *node,
    struct json_object *object)
{
	static const enum json_type types[] = {
		[JSON_NULL] = json_type_null,
		[JSON_FALSE] = json_type_boolean,
		[JSON_TRUE] = json_type_boolean,
		[JSON_STRING] = json_type_string,
		[JSON_ARRAY] = json_type_array,
		[JSON_OBJECT] = json_type_object,
	};

	if (node->type == JSON_NUMBER)
		return json_oracle_same_number(node->text, object);
	if (!json_object_is_type(object, types[node->type]))
		return false;
	switch (node->type) {
	case JSON_STRING:
		return !json_oracle_can_read(node->text) ||
		       slice_equal(node->text,
			   (struct slice){ json_object_get_string(object),
			       (size_t)json_object_get_string_len(object) });
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_oracle_same_children(reader, node, object);
	case JSON_NULL:
		return true;
	default:
		return json_object_get_boolean(object) ==
		       (node->type == JSON_TRUE);
	}
}

/* json-c took a text that the reader refused at `byte`: one of the reasons at
 * the head of this file? */
static inline bool
json_oracle_is_lax(
    struct slice text, const struct error *err, unsigned long long byte)
{
	unsigned char here, before;

	if (err->code == ERROR_DUPLICATE_KEY || err->code == ERROR_TOO_DEEP ||
	    err->code == ERROR_TOO_LONG)
		return true;
	if (byte < 1 || byte > text.len + 1)
		return false;
	here = byte <= text.len ? (unsigned char)text.data[byte - 1] : 0;
	before = byte > 1 ? (unsigned char)text.data[byte - 2] : 0;
	if (err->code == ERROR_BAD_UTF8)
		return here >= 0xc0;
	if (before == '.' || (before == '-' && here == '.') ||
	    (before == '0' && here >= '0' && here <= '9'))
		return true;
	return byte <= text.len &&
	       (here < 0x20 || here == '\'' || here == 'N' || here == 'I');
}

/* What is wrong with the reader's answer on `text` (`result`, and the nodes or
 * `err`), or NULL. */
static inline const char *
json_oracle_objects(const struct json_reader *reader, struct slice text,
    int result, const struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(128);
	const char *objection = NULL;
	struct json_object *object;
	unsigned long long byte = 0;
	bool taken;

	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_oracle_parse(tokener, text);
	taken = json_tokener_get_error(tokener) == json_tokener_success;
	sscanf(err->sentence, "byte %llu", &byte);
	if (result == 0 && !taken)
		objection = "json-c refuses what was taken";
	else if (result == 0 &&
		 !json_oracle_same(reader, reader->nodes, object))
		objection = "json-c reads something else";
	else if (result == -1 && taken && !json_oracle_is_lax(text, err, byte))
		objection = "json-c takes what was refused";
	json_object_put(object);
	json_tokener_free(tokener);
	return objection;
}

static inline void
json_oracle_write(struct json_writer *json, const struct json_reader *reader,
    const struct json_node *node)
{
	const struct json_node *child;

	if (node->type == JSON_OBJECT)
		json_writer_object(json);
	else if (node->type == JSON_ARRAY)
		json_writer_array(json);
	else if (node->type == JSON_STRING)
		json_writer_string(json, node->text);
	else
		json_writer_raw(json, node->text);
	for (child = json_reader_first(reader, node); child != NULL;
	     child = json_reader_next(reader, node, child)) {
		if (node->type == JSON_OBJECT)
			json_writer_key_slice(json, child->key);
		json_oracle_write(json, reader, child);
	}
	if (node->type == JSON_OBJECT)
		json_writer_end_object(json);
	else if (node->type == JSON_ARRAY)
		json_writer_end_array(json);
}

/* The nodes, written and read again by `again`, are the same nodes. */
static inline bool
json_oracle_reads_back(
    const struct json_reader *reader, struct json_reader *again)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;
	struct error err = { 0 };

	json_writer_init(&json, &text);
	json_oracle_write(&json, reader, reader->nodes);
	if (json_reader_read(again, buf_slice(&text), &err) == -1 ||
	    again->count != reader->count)
		return false;
	for (size_t i = 0; i < reader->count; i++) {
		const struct json_node *a = reader->nodes + i;
		const struct json_node *b = again->nodes + i;
		bool nested = a->type == JSON_ARRAY || a->type == JSON_OBJECT;

		if (a->type != b->type || a->next != b->next ||
		    a->children != b->children ||
		    !slice_equal(a->key, b->key) ||
		    (!nested && !slice_equal(a->text, b->text)))
			return false;
	}
	return true;
}

#endif
