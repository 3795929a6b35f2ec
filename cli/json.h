/* What the daemon answers, looked into by json-c: for people's eyes only, so
 * whatever is missing or of another type is simply not there. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/slice.h"

#include <json-c/json.h>

#include <stdint.h>

static inline void
json_put(struct json_object *json)
{
	json_object_put(json);
}

DEFINE_CLEANUP(struct json_object *, json_put);

/* The object that `text` is; give it back with json_put(). NULL:
 * ERROR_CORRUPT. */
struct json_object *json_parse(struct slice text, struct error *err);

/* A member, or NULL. */
struct json_object *json_member(struct json_object *json, const char *key);

/* Of a string; "" where there is none. Lives as long as the object. */
struct slice json_text(struct json_object *json, const char *key);

/* Of a string or a number as it stands there, such as an id; "" where there is
 * none. Lives as long as the object. */
struct slice json_word(struct json_object *json, const char *key);

/* How many elements an array has; 0 of what is none. */
size_t json_length(struct json_object *list);

/* Of a whole number; 0 where there is none. */
uint64_t json_number(struct json_object *json, const char *key);

/* Of any number; -1 where there is none. */
double json_decimal(struct json_object *json, const char *key);

#endif
