#include "collectors/observer/access_line.h"

#include "base/number.h"

#include <math.h>

/* Longer than any request can last. */
#define SECONDS_MAX 1e9

static int
find(const struct json_reader *reader, const char *key,
    enum json_node_type type, struct slice *ret, struct error *err)
{
	const struct json_node *node =
	    reader->nodes[0].type == JSON_OBJECT
		? json_reader_member(reader, reader->nodes, key)
		: NULL;

	if (node == NULL || node->type != type)
		return error_set_field(
		    err, ERROR_MISSING_FIELD, key, "no %s", key);
	*ret = node->text;
	return 0;
}

int
access_line_parse(struct json_reader *reader, struct slice line,
    struct traffic_answer *ret, struct error *err)
{
	struct slice path, status, seconds;
	uint64_t code;
	double latency;

	if (json_reader_read(reader, line, err) == -1 ||
	    find(reader, "path", JSON_STRING, &path, err) == -1 ||
	    find(reader, "status", JSON_NUMBER, &status, err) == -1 ||
	    find(reader, "seconds", JSON_NUMBER, &seconds, err) == -1)
		return -1;
	/* nginx writes 000 for what it has never answered; JSON has no such
	 * number, so that line is a bad one. */
	if (number_parse_u64(status, 100, 599, &code) == -1)
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, "status", "no status");
	if (number_parse_double(seconds, 0, SECONDS_MAX, &latency) == -1)
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, "seconds", "no time");
	*ret = (struct traffic_answer){
		.path = path,
		.status = (unsigned)code,
		.latency_ms = (uint64_t)llround(latency * 1000),
	};
	return 0;
}
