/* JSON Schema, as much of it as the registry says: what may a value be?
 *
 *	type		object, array, string, number, integer, boolean
 *	properties, required, additionalProperties (false)
 *	items, maxItems
 *	enum		strings
 *	minLength, maxLength	in characters
 *	minimum, maximum
 *
 * Their meaning is JSON Schema's (2020-12); what else a schema says of a value,
 * title, description, default and examples, is for its readers. Anything beyond
 * that makes it no schema of ours, so that nothing which it says is passed
 * over.
 */
#ifndef FCGI_SCHEMA_H
#define FCGI_SCHEMA_H

#include "base/cleanup.h"
#include "base/json_reader.h"

struct schema {
	struct json_reader json;
};

/* Read a schema, which outlives what is made of it. ERROR_INVALID; and
 * json_reader_read()'s. */
int schema_read(struct schema *ret, struct slice text, struct error *err);

void schema_free(struct schema *schema);

/* Is the value `node` as `schema` has it? -1: ERROR_MISSING_FIELD,
 * _UNKNOWN_FIELD, _WRONG_TYPE, _OUT_OF_RANGE, _TOO_LONG; err->field is the
 * property, and the sentence names it. */
int schema_check(const struct schema *schema, const struct json_reader *json,
    const struct json_node *node, struct error *err);

#endif
