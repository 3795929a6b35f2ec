#include "collectors/kruxosd/proxy_report.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "log/entry.h"

const struct command_arg proxy_report_args[] = {
	{ "services", COMMAND_OBJECTS, "what is synced" },
	{ "writes", COMMAND_OBJECTS, "what waits to be sent" },
	{ 0 },
};

/* A whole number that every reader of JSON can hold. */
#define COUNT_MAX ((UINT64_C(1) << 53) - 1)

static const char mark[] = "…"; /* of what was cut */

/* Enums are read through an unsigned. */
_Static_assert(sizeof(enum proxy_status) == sizeof(unsigned) &&
		   sizeof(enum proxy_write_state) == sizeof(unsigned),
    "an enum is as large as an unsigned");

enum field_type {
	FIELD_SERVICE, /* struct slice: the name of one */
	FIELD_ID,      /* struct slice: of a write */
	FIELD_AGENT,   /* struct slice: a name */
	FIELD_TEXT,    /* struct slice: what somebody said */
	FIELD_STATUS,  /* enum proxy_status */
	FIELD_STATE,   /* enum proxy_write_state */
	FIELD_TIME,    /* usec_t */
	FIELD_COUNT,   /* uint64_t, or an int64_t that is not negative */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	bool is_needed; /* else it may be null or left out */
};

#define IN_SERVICE(member) offsetof(struct proxy_service, member)
#define IN_WRITE(member)   offsetof(struct proxy_write, member)

static const struct field service_fields[] = {
	{ "name", FIELD_SERVICE, IN_SERVICE(name), true },
	{ "status", FIELD_STATUS, IN_SERVICE(status), true },
	{ "last_started_at", FIELD_TIME, IN_SERVICE(last_started_at), false },
	{ "last_completed_at", FIELD_TIME, IN_SERVICE(last_completed_at),
	    false },
	{ "consecutive_failures", FIELD_COUNT, IN_SERVICE(consecutive_failures),
	    false },
	{ "last_error", FIELD_TEXT, IN_SERVICE(last_error), false },
	{ "items_synced", FIELD_COUNT, IN_SERVICE(items_synced), false },
	{ 0 },
};

static const struct field write_fields[] = {
	{ "id", FIELD_ID, IN_WRITE(id), true },
	{ "service", FIELD_SERVICE, IN_WRITE(service), true },
	{ "summary", FIELD_TEXT, IN_WRITE(summary), true },
	{ "agent_name", FIELD_AGENT, IN_WRITE(agent_name), false },
	{ "state", FIELD_STATE, IN_WRITE(state), true },
	{ "created_at", FIELD_TIME, IN_WRITE(created_at), true },
	{ "sends_at", FIELD_TIME, IN_WRITE(sends_at), false },
	{ "attempts", FIELD_COUNT, IN_WRITE(attempts), false },
	{ "last_error", FIELD_TEXT, IN_WRITE(last_error), false },
	{ 0 },
};

/* What reading needs, and where what is read goes. */
struct reading {
	const struct json_reader *reader;
	const struct redactor *redactor;
	struct arena *arena;
};

/* --- values --------------------------------------------------------------- */

static int
wrong_type(const struct field *field, const struct json_node *node,
    const char *wanted, struct error *err)
{
	return error_set_field(err, ERROR_WRONG_TYPE, field->key,
	    "%s is %s%s, not %s", field->key, wanted,
	    field->is_needed ? "" : " or null", json_type_name(node->type));
}

/* A name (log/entry.h) that is one segment of a path, whoever normalises it. */
static bool
is_id(struct slice text)
{
	return entry_is_name(text) && text.data[0] != '.' &&
	       memchr(text.data, '/', text.len) == NULL;
}

static int
read_name(const struct reading *reading, const struct field *field,
    const struct json_node *node, struct slice *ret, struct error *err)
{
	bool is_name = field->type == FIELD_AGENT ? entry_is_name(node->text)
						  : is_id(node->text);

	if (field->type == FIELD_SERVICE && node->text.len > PROXY_NAME_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, field->key,
		    "%s has %zu bytes, at most %d are allowed", field->key,
		    node->text.len, PROXY_NAME_BYTES);
	if (!is_name)
		return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
		    "%s is 1 to %d of A-Z a-z 0-9 . _ : @ + -%s, and does not "
		    "begin with %s",
		    field->key, ENTRY_NAME_BYTES,
		    field->type == FIELD_AGENT ? " /" : "",
		    field->type == FIELD_AGENT ? "'-'" : "'-' or '.'");
	*ret = arena_slice(reading->arena, node->text);
	return 0;
}

/* Redacted first: half a secret no longer looks like one. */
static struct slice
keep_text(const struct reading *reading, struct slice text)
{
	cleanup(buf_free) struct buf redacted = BUF_INIT;
	cleanup(buf_free) struct buf cut = BUF_INIT;

	if (redact_text(reading->redactor, text, &redacted) > 0)
		text = buf_slice(&redacted);
	if (text.len <= PROXY_TEXT_BYTES)
		return arena_slice(reading->arena, text);
	buf_add(&cut, text.data,
	    text_cut(text, PROXY_TEXT_BYTES - (sizeof(mark) - 1)));
	buf_add_str(&cut, mark);
	return arena_slice(reading->arena, buf_slice(&cut));
}

static int
read_word(const struct field *field, const struct json_node *node,
    const char *const *words, size_t count, unsigned *ret, struct error *err)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	for (unsigned i = 0; i < count; i++)
		if (slice_is(node->text, words[i])) {
			*ret = i;
			return 0;
		}
	text_add_quoted(&shown, node->text);
	return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
	    "%s: %s is none", field->key, shown.data);
}

static int
read_count(const struct field *field, const struct json_node *node,
    uint64_t *ret, struct error *err)
{
	if (number_parse_u64(node->text, 0, COUNT_MAX, ret) == 0)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
	    "%s is a whole number below 2^53", field->key);
}

static int
read_value(const struct reading *reading, const struct field *field,
    const struct json_node *node, void *value, struct error *err)
{
	switch (field->type) {
	case FIELD_SERVICE:
	case FIELD_ID:
	case FIELD_AGENT:
		return read_name(reading, field, node, value, err);
	case FIELD_TEXT:
		*(struct slice *)value = keep_text(reading, node->text);
		return 0;
	case FIELD_STATUS:
		return read_word(
		    field, node, proxy_statuses, PROXY_STATUSES, value, err);
	case FIELD_STATE:
		return read_word(
		    field, node, proxy_states, PROXY_STATES, value, err);
	case FIELD_TIME:
		if (clock_parse(node->text, value, err) == 0)
			return 0;
		return error_set_field(err, ERROR_OUT_OF_RANGE, field->key,
		    "%s is a time as 2026-11-23T20:15:08Z", field->key);
	case FIELD_COUNT:
		break;
	}
	return read_count(field, node, value, err);
}

static int
read_field(const struct reading *reading, const struct field *field,
    const struct json_node *node, void *object, struct error *err)
{
	bool is_count = field->type == FIELD_COUNT;

	if (node->type == JSON_NULL && !field->is_needed)
		return 0;
	if (is_count && node->type != JSON_NUMBER)
		return wrong_type(field, node, "a number", err);
	if (!is_count && node->type != JSON_STRING)
		return wrong_type(field, node, "a string", err);
	return read_value(
	    reading, field, node, (char *)object + field->offset, err);
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

static int
read_object(const struct reading *reading, const char *what,
    const struct field *fields, const struct json_node *object, void *ret,
    struct error *err)
{
	const struct json_reader *reader = reading->reader;
	const struct json_node *node;

	for (const struct field *field = fields; field->key != NULL; field++)
		if (field->is_needed &&
		    json_reader_member(reader, object, field->key) == NULL)
			return error_set_field(err, ERROR_MISSING_FIELD,
			    field->key, "%s needs %s", what, field->key);
	for (node = json_reader_first(reader, object); node != NULL;
	     node = json_reader_next(reader, object, node)) {
		const struct field *field = find_field(fields, node->key);

		if (field == NULL)
			return command_unknown_key(
			    what, "field", node->key, err);
		if (read_field(reading, field, node, ret, err) == -1)
			return -1;
	}
	return 0;
}

/* How many there are, none more than `most`; -1. */
static int
count_objects(const struct json_node *array, const char *key, size_t most,
    size_t *ret, struct error *err)
{
	if (array->children > most)
		return error_set_field(err, ERROR_TOO_LONG, key,
		    "%s: %u are more than %zu", key, array->children, most);
	*ret = array->children;
	return 0;
}

static int
read_services(const struct reading *reading, const struct json_node *array,
    struct proxy_report *report, struct error *err)
{
	const struct json_node *node =
	    json_reader_first(reading->reader, array);
	size_t count = 0;

	if (count_objects(array, "services", PROXY_SERVICES, &count, err) == -1)
		return -1;
	report->services =
	    arena_array(reading->arena, count, sizeof(report->services[0]));
	for (; node != NULL;
	     node = json_reader_next(reading->reader, array, node)) {
		struct proxy_service *service =
		    report->services + report->service_count++;

		service->items_synced = -1;
		if (read_object(reading, "a service", service_fields, node,
			service, err) == -1)
			return -1;
	}
	return 0;
}

static int
read_writes(const struct reading *reading, const struct json_node *array,
    struct proxy_report *report, struct error *err)
{
	const struct json_node *node =
	    json_reader_first(reading->reader, array);
	size_t count = 0;

	if (count_objects(array, "writes", PROXY_WRITES, &count, err) == -1)
		return -1;
	report->writes =
	    arena_array(reading->arena, count, sizeof(report->writes[0]));
	for (; node != NULL;
	     node = json_reader_next(reading->reader, array, node))
		if (read_object(reading, "a write", write_fields, node,
			report->writes + report->write_count++, err) == -1)
			return -1;
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

struct proxy_service *
proxy_report_service(const struct proxy_report *report, struct slice name)
{
	for (size_t i = 0; i < report->service_count; i++)
		if (slice_equal(report->services[i].name, name))
			return report->services + i;
	return NULL;
}

struct proxy_write *
proxy_report_write(const struct proxy_report *report, struct slice id)
{
	for (size_t i = 0; i < report->write_count; i++)
		if (slice_equal(report->writes[i].id, id))
			return report->writes + i;
	return NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct proxy_write *const *left = a, *const *right = b;
	struct slice one = (*left)->id, other = (*right)->id;
	size_t len = one.len < other.len ? one.len : other.len;
	int order = memcmp(one.data, other.data, len);

	return order != 0 ? order
			  : (one.len > other.len) - (one.len < other.len);
}

static int
check_services(const struct proxy_report *report, struct error *err)
{
	for (size_t i = 0; i < report->service_count; i++) {
		const struct proxy_service *service = report->services + i;

		if (proxy_report_service(report, service->name) != service)
			return error_set_field(err, ERROR_OUT_OF_RANGE, "name",
			    "the service %.*s comes twice",
			    SLICE_ARG(service->name));
	}
	return 0;
}

/* Each by an id of its own, and of a service that is in the report. */
static int
check_writes(const struct reading *reading, const struct proxy_report *report,
    struct error *err)
{
	size_t count = report->write_count;
	const struct proxy_write **sorted =
	    arena_array(reading->arena, count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		sorted[i] = report->writes + i;
		if (proxy_report_service(report, sorted[i]->service) == NULL)
			return error_set_field(err, ERROR_OUT_OF_RANGE,
			    "service",
			    "the write %.*s is of %.*s, which is none of the "
			    "services",
			    SLICE_ARG(sorted[i]->id),
			    SLICE_ARG(sorted[i]->service));
	}
	qsort(sorted, count, sizeof(*sorted), compare_ids);
	for (size_t i = 1; i < count; i++)
		if (slice_equal(sorted[i - 1]->id, sorted[i]->id))
			return error_set_field(err, ERROR_OUT_OF_RANGE, "id",
			    "the write %.*s comes twice",
			    SLICE_ARG(sorted[i]->id));
	return 0;
}

int
proxy_report_read(const struct json_reader *reader,
    const struct json_node *args, const struct redactor *redactor,
    struct arena *arena, struct proxy_report *ret_report, struct error *err)
{
	struct reading reading = { reader, redactor, arena };
	struct proxy_report report = { 0 };

	if (read_services(&reading,
		json_reader_member(reader, args, "services"), &report,
		err) == -1 ||
	    read_writes(&reading, json_reader_member(reader, args, "writes"),
		&report, err) == -1 ||
	    check_services(&report, err) == -1 ||
	    check_writes(&reading, &report, err) == -1)
		return -1;
	*ret_report = report;
	return 0;
}
