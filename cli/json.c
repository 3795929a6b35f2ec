#include "cli/json.h"

/* An answer's own levels around the 32 of an entry's request. */
enum { JSON_DEPTH = 40 };

DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

struct json_object *
json_parse(struct slice text, struct error *err)
{
	cleanup(json_tokener_freep) struct json_tokener *tokener = NULL;
	struct json_object *json = NULL;

	tokener = json_tokener_new_ex(JSON_DEPTH);
	if (tokener != NULL && text.len <= INT32_MAX)
		json = json_tokener_parse_ex(tokener, text.data, (int)text.len);
	if (json_object_is_type(json, json_type_object))
		return json;
	json_object_put(json);
	error_set(
	    err, ERROR_CORRUPT, "the answer is not the JSON it should be");
	return NULL;
}

struct json_object *
json_member(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(json, key, &value);
	return value;
}

struct slice
json_text(struct json_object *json, const char *key)
{
	struct json_object *value = json_member(json, key);

	if (!json_object_is_type(value, json_type_string))
		return (struct slice){ "", 0 };
	return (struct slice){ json_object_get_string(value),
		(size_t)json_object_get_string_len(value) };
}

struct slice
json_word(struct json_object *json, const char *key)
{
	struct json_object *value = json_member(json, key);

	if (json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double))
		return slice_of(json_object_get_string(value));
	return json_text(json, key);
}

size_t
json_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		   ? json_object_array_length(list)
		   : 0;
}

uint64_t
json_number(struct json_object *json, const char *key)
{
	struct json_object *value = json_member(json, key);

	return json_object_is_type(value, json_type_int)
		   ? json_object_get_uint64(value)
		   : 0;
}

double
json_decimal(struct json_object *json, const char *key)
{
	struct json_object *value = json_member(json, key);

	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return -1;
	return json_object_get_double(value);
}
