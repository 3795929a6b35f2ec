#include "collectors/kruxosd/telemetry_report.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>

const struct command_arg telemetry_report_args[] = {
	{ "figures", COMMAND_OBJECT, "what was measured" },
	{ "services", COMMAND_OBJECTS, NULL },
	{ "routes", COMMAND_OBJECTS, NULL },
	{ "programs", COMMAND_OBJECTS, NULL },
	{ NULL, COMMAND_STRING, NULL },
};

/* Beyond it a double is no whole number any more. */
#define COUNT_MAX 9007199254740992.0

enum field_type {
	FIELD_NAME,    /* char[OBSERVED_NAME_BYTES + 1] */
	FIELD_DETAILS, /* char[OBSERVED_DETAILS_BYTES + 1] */
	FIELD_STATUS,  /* enum observed_status */
	FIELD_TIME,    /* usec_t */
	FIELD_COUNT,   /* uint64_t */
	FIELD_NUMBER,  /* double, not negative; NAN: null or left out */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
};

static const struct field service_fields[] = {
	{ "name", FIELD_NAME, offsetof(struct observed_service, name) },
	{ "status", FIELD_STATUS, offsetof(struct observed_service, status) },
	{ "latency_ms", FIELD_NUMBER,
	    offsetof(struct observed_service, latency_ms) },
	{ "details", FIELD_DETAILS,
	    offsetof(struct observed_service, details) },
	{ "checked_at", FIELD_TIME,
	    offsetof(struct observed_service, checked_at) },
	{ NULL, FIELD_NAME, 0 },
};

static const struct field route_fields[] = {
	{ "name", FIELD_NAME, offsetof(struct observed_route, name) },
	{ "requests", FIELD_COUNT, offsetof(struct observed_route, requests) },
	{ "errors", FIELD_COUNT, offsetof(struct observed_route, errors) },
	{ "p50_ms", FIELD_NUMBER, offsetof(struct observed_route, p50_ms) },
	{ "p99_ms", FIELD_NUMBER, offsetof(struct observed_route, p99_ms) },
	{ NULL, FIELD_NAME, 0 },
};

static const struct field program_fields[] = {
	{ "name", FIELD_NAME, offsetof(struct observed_program, name) },
	{ "resident_bytes", FIELD_COUNT,
	    offsetof(struct observed_program, resident_bytes) },
	{ "cpu_seconds", FIELD_NUMBER,
	    offsetof(struct observed_program, cpu_seconds) },
	{ "cpu_percent", FIELD_NUMBER,
	    offsetof(struct observed_program, cpu_percent) },
	{ NULL, FIELD_NAME, 0 },
};

/* --- values --------------------------------------------------------------- */

static int
wrong_type(const char *key, const char *wanted, struct error *err)
{
	return error_set_field(
	    err, ERROR_WRONG_TYPE, key, "%s is %s", key, wanted);
}

static bool
is_visible(struct slice text)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	text_add_visible(&shown, text, TEXT_ONE_LINE);
	return slice_equal(buf_slice(&shown), text);
}

static int
read_name(const char *key, const struct json_node *node,
    char ret[static OBSERVED_NAME_BYTES + 1], struct error *err)
{
	if (node->type != JSON_STRING)
		return wrong_type(key, "a string", err);
	if (node->text.len == 0 || node->text.len > OBSERVED_NAME_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, key,
		    "%s has 1 to %d bytes", key, OBSERVED_NAME_BYTES);
	if (!is_visible(node->text))
		return error_set_field(err, ERROR_OUT_OF_RANGE, key,
		    "%s holds characters that cannot be seen", key);
	memcpy(ret, node->text.data, node->text.len);
	ret[node->text.len] = '\0';
	return 0;
}

void
telemetry_report_details(
    struct slice text, char ret_details[static OBSERVED_DETAILS_BYTES + 1])
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	size_t len;

	text_add_visible(&shown, text, TEXT_ONE_LINE);
	len = text_cut(buf_slice(&shown), OBSERVED_DETAILS_BYTES);
	if (len > 0)
		memcpy(ret_details, shown.data, len);
	ret_details[len] = '\0';
}

static int
read_number(const char *key, const struct json_node *node, double max,
    double *ret, struct error *err)
{
	if (node->type == JSON_NULL) {
		*ret = NAN;
		return 0;
	}
	if (node->type != JSON_NUMBER)
		return wrong_type(key, "a number or null", err);
	if (number_parse_double(node->text, 0, max, ret) == -1)
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, key, "%s is out of range", key);
	return 0;
}

static int
read_count(const char *key, const struct json_node *node, uint64_t *ret,
    struct error *err)
{
	if (node->type != JSON_NUMBER)
		return wrong_type(key, "a number", err);
	if (number_parse_u64(node->text, 0, (uint64_t)COUNT_MAX, ret) == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, key,
		    "%s is a whole number below 2^53", key);
	return 0;
}

static int
read_field(const struct field *field, const struct json_node *node,
    void *object, struct error *err)
{
	void *value = (char *)object + field->offset;

	switch (field->type) {
	case FIELD_NAME:
		return read_name(field->key, node, value, err);
	case FIELD_DETAILS:
		if (node->type != JSON_STRING)
			return wrong_type(field->key, "a string", err);
		telemetry_report_details(node->text, value);
		return 0;
	case FIELD_STATUS:
		if (node->type != JSON_STRING)
			return wrong_type(field->key, "a string", err);
		return observed_status_parse(node->text, value, err);
	case FIELD_TIME:
		if (node->type != JSON_STRING)
			return wrong_type(field->key, "a string", err);
		return clock_parse(node->text, value, err);
	case FIELD_COUNT:
		return read_count(field->key, node, value, err);
	case FIELD_NUMBER:
		break;
	}
	return read_number(field->key, node, COUNT_MAX, value, err);
}

/* --- objects -------------------------------------------------------------- */

static const struct field *
find_field(const struct field *fields, struct slice key)
{
	for (; fields->key != NULL; fields++)
		if (slice_is(key, fields->key))
			return fields;
	return NULL;
}

/* All but numbers must be there. */
static int
read_object(const char *what, const struct field *fields,
    const struct json_reader *reader, const struct json_node *object, void *ret,
    struct error *err)
{
	static const double unknown = NAN;
	const struct json_node *node;

	for (const struct field *field = fields; field->key != NULL; field++) {
		node = json_reader_member(reader, object, field->key);
		if (field->type == FIELD_NUMBER)
			memcpy((char *)ret + field->offset, &unknown,
			    sizeof(unknown));
		else if (node == NULL)
			return error_set_field(err, ERROR_MISSING_FIELD,
			    field->key, "%s needs %s", what, field->key);
	}
	for (node = json_reader_first(reader, object); node != NULL;
	     node = json_reader_next(reader, object, node)) {
		const struct field *field = find_field(fields, node->key);

		if (field == NULL)
			return command_unknown_key(
			    what, "field", node->key, err);
		if (read_field(field, node, ret, err) == -1)
			return -1;
	}
	return 0;
}

struct list {
	const char *key;
	const char *what; /* is in it */
	const struct field *fields;
	size_t room, size;
};

static int
read_list(const struct list *list, const struct json_reader *reader,
    const struct json_node *args, void *ret_items, size_t *ret_count,
    struct error *err)
{
	const struct json_node *array =
	    json_reader_member(reader, args, list->key);
	const struct json_node *node;
	size_t count = 0;

	node = array == NULL ? NULL : json_reader_first(reader, array);
	for (; node != NULL; node = json_reader_next(reader, array, node)) {
		if (count == list->room)
			return error_set_field(err, ERROR_TOO_LONG, list->key,
			    "%s: more than %zu", list->key, list->room);
		if (read_object(list->what, list->fields, reader, node,
			(char *)ret_items + count * list->size, err) == -1)
			return -1;
		count++;
	}
	*ret_count = count;
	return 0;
}

static int
read_figures(const struct json_reader *reader, const struct json_node *args,
    double figures[static FIGURE_COUNT], struct error *err)
{
	const struct json_node *object =
	    json_reader_member(reader, args, "figures");
	const struct json_node *node = json_reader_first(reader, object);

	figure_clear(figures);
	for (; node != NULL; node = json_reader_next(reader, object, node)) {
		enum figure figure = figure_find(node->key);

		/* Those behind are the daemon's own. */
		if (figure > FIGURE_HTTP_BAD_LINES_TOTAL)
			return command_unknown_key(
			    "a report", "figure", node->key, err);
		if (read_number(figure_rows[figure].name, node, COUNT_MAX,
			figures + figure, err) == -1)
			return -1;
	}
	return 0;
}

int
telemetry_report_read(const struct json_reader *reader,
    const struct json_node *args, struct observed *ret_observed,
    struct error *err)
{
	static const struct list services = { "services", "a service",
		service_fields, OBSERVED_SERVICES,
		sizeof(struct observed_service) };
	static const struct list routes = { "routes", "a route", route_fields,
		OBSERVED_ROUTES, sizeof(struct observed_route) };
	static const struct list programs = { "programs", "a program",
		program_fields, OBSERVED_PROGRAMS,
		sizeof(struct observed_program) };
	struct observed *observed = ret_observed;

	*observed = (struct observed){ 0 };
	if (read_figures(reader, args, observed->figures, err) == -1 ||
	    read_list(&services, reader, args, observed->services,
		&observed->service_count, err) == -1 ||
	    read_list(&routes, reader, args, observed->routes,
		&observed->route_count, err) == -1)
		return -1;
	return read_list(&programs, reader, args, observed->programs,
	    &observed->program_count, err);
}
