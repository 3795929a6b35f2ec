#include "fcgi/schema.h"

#include "base/buf.h"
#include "base/number.h"
#include "base/text.h"

#include <float.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { NAME_BYTES = 40 };

/* A value that is looked at: by which schema, and what it is called. */
struct check {
	const struct json_reader *schema, *json;
	const struct json_node *node;
	struct slice name; /* of the property; empty: the whole */
};

static const char *
shown_name(const struct check *check, struct buf *into)
{
	size_t len = text_cut(check->name, NAME_BYTES);

	buf_reset(into);
	if (check->name.len == 0)
		buf_add_str(into, "the whole");
	text_add_visible(
	    into, (struct slice){ check->name.data, len }, TEXT_ONE_LINE);
	return into->data;
}

/* "NAME must be WORDS"; always -1. */
static int __attribute__((format(printf, 4, 5)))
refuse(const struct check *check, enum error_code code, struct error *err,
    const char *format, ...)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	cleanup(buf_free) struct buf words = BUF_INIT;
	va_list arguments;

	va_start(arguments, format);
	buf_addv(&words, format, arguments);
	va_end(arguments);
	shown_name(check, &name);
	return error_set_field(err, code, check->name.len == 0 ? "" : name.data,
	    "%s %s", name.data, words.data);
}

/* --- the keywords --------------------------------------------------------- */

static int check_node(
    struct check check, const struct json_node *schema, struct error *err);

static bool
is_integer(struct slice digits)
{
	int64_t ignored;

	return number_parse_i64(digits, INT64_MIN, INT64_MAX, &ignored) == 0;
}

static int
check_type(const struct check *check, const struct json_node *wanted,
    struct error *err)
{
	static const struct {
		const char *word, *sentence;
		unsigned types; /* 1 << JSON_… */
	} rows[] = {
		{ "object", "an object", 1 << JSON_OBJECT },
		{ "array", "an array", 1 << JSON_ARRAY },
		{ "string", "a string", 1 << JSON_STRING },
		{ "number", "a number", 1 << JSON_NUMBER },
		{ "integer", "a whole number", 1 << JSON_NUMBER },
		{ "boolean", "true or false",
		    1 << JSON_TRUE | 1 << JSON_FALSE },
	};
	const struct json_node *node = check->node;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!slice_is(wanted->text, rows[i].word))
			continue;
		if ((rows[i].types & 1U << node->type) != 0 &&
		    (!slice_is(wanted->text, "integer") ||
			is_integer(node->text)))
			return 0;
		return refuse(check, ERROR_WRONG_TYPE, err,
		    "must be %s, not %s", rows[i].sentence,
		    node->type == JSON_NUMBER ? "a number like this"
					      : json_type_name(node->type));
	}
	return refuse(check, ERROR_INVALID, err, "has a type that is none");
}

static int
check_enum(
    const struct check *check, const struct json_node *words, struct error *err)
{
	cleanup(buf_free) struct buf list = BUF_INIT;

	for (const struct json_node *word =
		 json_reader_first(check->schema, words);
	     word != NULL;
	     word = json_reader_next(check->schema, words, word)) {
		if (check->node->type == JSON_STRING &&
		    slice_equal(check->node->text, word->text))
			return 0;
		buf_addf(&list, "%s%.*s", list.len > 0 ? ", " : "",
		    SLICE_ARG(word->text));
	}
	return refuse(
	    check, ERROR_OUT_OF_RANGE, err, "must be one of %s", list.data);
}

static size_t
characters_of(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

static double
number_of(const struct json_node *node)
{
	double value = 0;

	number_parse_double(node->text, -DBL_MAX, DBL_MAX, &value);
	return value;
}

static int
check_min_length(
    const struct check *check, const struct json_node *limit, struct error *err)
{
	if (check->node->type != JSON_STRING ||
	    (double)characters_of(check->node->text) >= number_of(limit))
		return 0;
	return refuse(check, ERROR_OUT_OF_RANGE, err,
	    "must have at least %.*s characters", SLICE_ARG(limit->text));
}

static int
check_max_length(
    const struct check *check, const struct json_node *limit, struct error *err)
{
	if (check->node->type != JSON_STRING ||
	    (double)characters_of(check->node->text) <= number_of(limit))
		return 0;
	return refuse(check, ERROR_TOO_LONG, err,
	    "must have at most %.*s characters", SLICE_ARG(limit->text));
}

/* A number that has no room in a double is out of every range. */
static int
check_range(const struct check *check, double minimum, double maximum,
    const struct json_node *limit, const char *words, struct error *err)
{
	double value;

	if (check->node->type != JSON_NUMBER ||
	    number_parse_double(check->node->text, minimum, maximum, &value) ==
		0)
		return 0;
	return refuse(check, ERROR_OUT_OF_RANGE, err, "must be %s %.*s", words,
	    SLICE_ARG(limit->text));
}

static int
check_minimum(
    const struct check *check, const struct json_node *limit, struct error *err)
{
	return check_range(
	    check, number_of(limit), DBL_MAX, limit, "at least", err);
}

static int
check_maximum(
    const struct check *check, const struct json_node *limit, struct error *err)
{
	return check_range(
	    check, -DBL_MAX, number_of(limit), limit, "at most", err);
}

static int
check_required(
    const struct check *check, const struct json_node *names, struct error *err)
{
	if (check->node->type != JSON_OBJECT)
		return 0;
	for (const struct json_node *name =
		 json_reader_first(check->schema, names);
	     name != NULL;
	     name = json_reader_next(check->schema, names, name)) {
		struct check missing = *check;
		bool is_there = false;

		for (const struct json_node *member =
			 json_reader_first(check->json, check->node);
		     member != NULL && !is_there;
		     member =
			 json_reader_next(check->json, check->node, member))
			is_there = slice_equal(member->key, name->text);
		missing.name = name->text;
		if (!is_there)
			return refuse(
			    &missing, ERROR_MISSING_FIELD, err, "is missing");
	}
	return 0;
}

/* The schema of the property `key`, or NULL. */
static const struct json_node *
find_property(const struct check *check, const struct json_node *properties,
    struct slice key)
{
	for (const struct json_node *property =
		 json_reader_first(check->schema, properties);
	     property != NULL;
	     property = json_reader_next(check->schema, properties, property))
		if (slice_equal(property->key, key))
			return property;
	return NULL;
}

static int
check_properties(const struct check *check, const struct json_node *properties,
    struct error *err)
{
	if (check->node->type != JSON_OBJECT)
		return 0;
	for (const struct json_node *member =
		 json_reader_first(check->json, check->node);
	     member != NULL;
	     member = json_reader_next(check->json, check->node, member)) {
		const struct json_node *property =
		    find_property(check, properties, member->key);
		struct check inner = *check;

		inner.node = member;
		inner.name = member->key;
		if (property != NULL && check_node(inner, property, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_items(
    const struct check *check, const struct json_node *items, struct error *err)
{
	if (check->node->type != JSON_ARRAY)
		return 0;
	for (const struct json_node *item =
		 json_reader_first(check->json, check->node);
	     item != NULL;
	     item = json_reader_next(check->json, check->node, item)) {
		struct check inner = *check;

		inner.node = item;
		if (check_node(inner, items, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_max_items(
    const struct check *check, const struct json_node *limit, struct error *err)
{
	if (check->node->type != JSON_ARRAY ||
	    check->node->children <= number_of(limit))
		return 0;
	return refuse(check, ERROR_TOO_LONG, err,
	    "must have at most %.*s elements", SLICE_ARG(limit->text));
}

/* `additionalProperties` is beside `properties`, and nothing without it. */
static int
check_no_others(const struct check *check, const struct json_node *schema,
    struct error *err)
{
	const struct json_node *properties =
	    json_reader_member(check->schema, schema, "properties");

	if (check->node->type != JSON_OBJECT)
		return 0;
	for (const struct json_node *member =
		 json_reader_first(check->json, check->node);
	     member != NULL;
	     member = json_reader_next(check->json, check->node, member)) {
		struct check other = *check;

		other.name = member->key;
		if (properties == NULL ||
		    find_property(check, properties, member->key) == NULL)
			return refuse(&other, ERROR_UNKNOWN_FIELD, err,
			    "is not known here");
	}
	return 0;
}

/* Each keyword, what stands behind it, and what it asks for; those without a
 * function are for people, or looked at by another one. */
static const struct keyword {
	const char *name;
	enum json_node_type type, elements;
	int (*check)(const struct check *check, const struct json_node *node,
	    struct error *err);
} keywords[] = {
	{ "type", JSON_STRING, JSON_NULL, check_type },
	{ "enum", JSON_ARRAY, JSON_STRING, check_enum },
	{ "minLength", JSON_NUMBER, JSON_NULL, check_min_length },
	{ "maxLength", JSON_NUMBER, JSON_NULL, check_max_length },
	{ "minimum", JSON_NUMBER, JSON_NULL, check_minimum },
	{ "maximum", JSON_NUMBER, JSON_NULL, check_maximum },
	{ "required", JSON_ARRAY, JSON_STRING, check_required },
	{ "properties", JSON_OBJECT, JSON_OBJECT, check_properties },
	{ "items", JSON_OBJECT, JSON_NULL, check_items },
	{ "maxItems", JSON_NUMBER, JSON_NULL, check_max_items },
	{ "additionalProperties", JSON_FALSE, JSON_NULL, NULL },
	{ "title", JSON_STRING, JSON_NULL, NULL },
	{ "description", JSON_STRING, JSON_NULL, NULL },
	{ "default", JSON_NULL, JSON_NULL, NULL },
	{ "examples", JSON_ARRAY, JSON_NULL, NULL },
};

static const struct keyword *
find_keyword(struct slice name)
{
	for (size_t i = 0; i < COUNT(keywords); i++)
		if (slice_is(name, keywords[i].name))
			return &keywords[i];
	return NULL;
}

static int
check_node(
    struct check check, const struct json_node *schema, struct error *err)
{
	for (const struct json_node *node =
		 json_reader_first(check.schema, schema);
	     node != NULL;
	     node = json_reader_next(check.schema, schema, node)) {
		const struct keyword *keyword = find_keyword(node->key);

		if (keyword->check != NULL &&
		    keyword->check(&check, node, err) == -1)
			return -1;
	}
	if (json_reader_member(check.schema, schema, "additionalProperties") ==
	    NULL)
		return 0;
	return check_no_others(&check, schema, err);
}

int
schema_check(const struct schema *schema, const struct json_reader *json,
    const struct json_node *node, struct error *err)
{
	struct check check = { &schema->json, json, node, { "", 0 } };

	return check_node(check, schema->json.nodes, err);
}

/* --- is it a schema? ------------------------------------------------------ */

static int read_schema(const struct json_reader *json,
    const struct json_node *schema, struct error *err);

/* What stands behind a keyword: its type, that of its elements, and the schemas
 * in it. */
static int
read_value(const struct json_reader *json, const struct keyword *keyword,
    const struct json_node *node, struct error *err)
{
	bool is_any = keyword->type == JSON_NULL;
	bool is_map = keyword->check == check_properties;

	if (!is_any && node->type != keyword->type)
		return error_set_field(err, ERROR_INVALID, keyword->name,
		    "%s cannot be %s", keyword->name,
		    json_type_name(node->type));
	if (keyword->check == check_items)
		return read_schema(json, node, err);
	if (keyword->elements == JSON_NULL)
		return 0;
	for (const struct json_node *item = json_reader_first(json, node);
	     item != NULL; item = json_reader_next(json, node, item)) {
		if (item->type != keyword->elements)
			return error_set_field(err, ERROR_INVALID,
			    keyword->name, "%s cannot hold %s", keyword->name,
			    json_type_name(item->type));
		if (is_map && read_schema(json, item, err) == -1)
			return -1;
	}
	return 0;
}

static int
read_schema(const struct json_reader *json, const struct json_node *schema,
    struct error *err)
{
	for (const struct json_node *node = json_reader_first(json, schema);
	     node != NULL; node = json_reader_next(json, schema, node)) {
		const struct keyword *keyword = find_keyword(node->key);

		if (keyword == NULL)
			return error_set(err, ERROR_INVALID,
			    "a keyword that is not known here");
		if (read_value(json, keyword, node, err) == -1)
			return -1;
	}
	return 0;
}

int
schema_read(struct schema *ret, struct slice text, struct error *err)
{
	ret->json = (struct json_reader)JSON_READER_INIT;
	if (json_reader_read(&ret->json, text, err) == -1)
		goto fail;
	if (ret->json.nodes[0].type != JSON_OBJECT) {
		error_set(err, ERROR_INVALID, "a schema is an object");
		goto fail;
	}
	if (read_schema(&ret->json, ret->json.nodes, err) == -1)
		goto fail;
	return 0;

fail:
	schema_free(ret);
	return -1;
}

void
schema_free(struct schema *schema)
{
	json_reader_free(&schema->json);
	schema->json = (struct json_reader)JSON_READER_INIT;
}
