/* FORMAT
 *
 * The page is text, so that `cat` is enough to read it: exactly OBSERVED_BYTES
 * bytes, lines of words with one space between them, then spaces and a last
 * '\n':
 *
 *	kruxosd.observed 1			the format's version
 *	page 4711				counts the writes of this page
 *	observer_at 123456789
 *	figure cpu_percent 12.5			those that are known
 *	service gateway healthy 1.2 CHECKED REPORTED SINCE HTTP 200
 *	route /api/audit 10 0 1.5 4
 *	program kruxosd 9437184 0.25 0.5	bytes, seconds, percent
 *	...
 *	crc32c 89abcdef				of all bytes before this line
 *	page 4711				the same again
 *
 * Times are µs, an unknown number is "-". A name is one word (a space in it
 * was made '_'); a service's details run to the end of its line (control
 * characters were made visible). A figure that this version does not know is
 * passed over: a program may be older than the daemon for a moment.
 *
 * As with the status page (status_text.c), pages count at both ends, and a
 * checksum says whether what lies between is of one write.
 */
#include "store/observed_text.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/number.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#define FORMAT_LINE  "kruxosd.observed 1\n"
#define NUMBER_LIMIT 1e300

static const char *const statuses[] = {
	[OBSERVED_UNKNOWN] = "unknown",
	[OBSERVED_HEALTHY] = "healthy",
	[OBSERVED_DEGRADED] = "degraded",
	[OBSERVED_UNHEALTHY] = "unhealthy",
};
enum { STATUS_COUNT = sizeof(statuses) / sizeof(statuses[0]) };

const char *
observed_status_name(enum observed_status status)
{
	return (unsigned)status < STATUS_COUNT ? statuses[status] : "unknown";
}

int
observed_status_parse(
    struct slice name, enum observed_status *ret, struct error *err)
{
	for (unsigned i = 0; i < STATUS_COUNT; i++)
		if (slice_is(name, statuses[i])) {
			*ret = (enum observed_status)i;
			return 0;
		}
	return error_set(err, ERROR_INVALID,
	    "a status is healthy, degraded, unhealthy or unknown");
}

/* --- composing ------------------------------------------------------------ */

/* A space, and text of at most `size` bytes with its NUL, on one line. */
static void
add_text(struct buf *out, const char *text, size_t size)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;

	text_add_visible(&visible, (struct slice){ text, strnlen(text, size) },
	    TEXT_ONE_LINE);
	buf_add_char(out, ' ');
	buf_add(out, visible.data, text_cut(buf_slice(&visible), size - 1));
}

static void
add_name(struct buf *out, const char *name)
{
	size_t begin = out->len + 1;

	add_text(out, name, OBSERVED_NAME_BYTES + 1);
	for (size_t i = begin; i < out->len; i++)
		if (out->data[i] == ' ')
			out->data[i] = '_';
}

static void
add_u64(struct buf *out, uint64_t value)
{
	buf_add_char(out, ' ');
	buf_add_u64(out, value);
}

/* 17 digits bring the same number back. */
static void
add_double(struct buf *out, double value)
{
	if (isfinite(value) && fabs(value) <= NUMBER_LIMIT)
		buf_addf(out, " %.17g", value);
	else
		buf_add_str(out, " -");
}

static void
add_service(struct buf *out, const struct observed_service *service)
{
	buf_add_str(out, "service");
	add_name(out, service->name);
	buf_add_char(out, ' ');
	buf_add_str(out, observed_status_name(service->status));
	add_double(out, service->latency_ms);
	add_u64(out, service->checked_at);
	add_u64(out, service->reported_at);
	add_u64(out, service->since);
	add_text(out, service->details, sizeof(service->details));
	buf_add_char(out, '\n');
}

static void
add_route(struct buf *out, const struct observed_route *route)
{
	buf_add_str(out, "route");
	add_name(out, route->name);
	add_u64(out, route->requests);
	add_u64(out, route->errors);
	add_double(out, route->p50_ms);
	add_double(out, route->p99_ms);
	buf_add_char(out, '\n');
}

static void
add_program(struct buf *out, const struct observed_program *program)
{
	buf_add_str(out, "program");
	add_name(out, program->name);
	add_u64(out, program->resident_bytes);
	add_double(out, program->cpu_seconds);
	add_double(out, program->cpu_percent);
	buf_add_char(out, '\n');
}

static void
add_figures(struct buf *out, const double figures[static FIGURE_COUNT])
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		if (!isfinite(figures[i]))
			continue;
		buf_addf(out, "figure %s", figure_rows[i].name);
		add_double(out, figures[i]);
		buf_add_char(out, '\n');
	}
}

void
observed_text_compose(
    const struct observed *observed, uint64_t sequence, struct buf *out)
{
	size_t begin = out->len;
	struct slice front;

	buf_add_str(out, FORMAT_LINE);
	buf_addf(out, "page %llu\nobserver_at %llu\n",
	    (unsigned long long)sequence,
	    (unsigned long long)observed->observer_at);
	add_figures(out, observed->figures);
	for (size_t i = 0; i < observed->service_count; i++)
		add_service(out, &observed->services[i]);
	for (size_t i = 0; i < observed->route_count; i++)
		add_route(out, &observed->routes[i]);
	for (size_t i = 0; i < observed->program_count; i++)
		add_program(out, &observed->programs[i]);
	front = (struct slice){ out->data + begin, out->len - begin };
	buf_addf(out, "crc32c %08x\npage %llu\n", crc32c(0, front),
	    (unsigned long long)sequence);
	/* All that there may be takes half of it: the bounds of observed.h. */
	assert(out->len - begin < OBSERVED_BYTES);
	buf_add_chars(out, ' ', OBSERVED_BYTES - 1 - (out->len - begin));
	buf_add_char(out, '\n');
}

/* --- parsing -------------------------------------------------------------- */

/* Take a word off the front of `line`, and the space behind it. */
static struct slice
take_word(struct slice *line)
{
	const char *space =
	    line->len == 0 ? NULL : memchr(line->data, ' ', line->len);
	size_t len = space == NULL ? line->len : (size_t)(space - line->data);
	size_t taken = space == NULL ? len : len + 1;
	struct slice word = { line->data, len };

	line->data += taken;
	line->len -= taken;
	return word;
}

static int
take_u64(struct slice *line, uint64_t *ret)
{
	return number_parse_u64(take_word(line), 0, UINT64_MAX, ret);
}

static int
take_double(struct slice *line, double *ret)
{
	struct slice word = take_word(line);

	if (slice_is(word, "-")) {
		*ret = (double)NAN;
		return 0;
	}
	return number_parse_double(word, -NUMBER_LIMIT, NUMBER_LIMIT, ret);
}

/* `room` counts the NUL, too. */
static int
copy_text(struct slice text, char *ret, size_t room)
{
	if (text.len >= room)
		return -1;
	memset(ret, 0, room);
	if (text.len > 0)
		memcpy(ret, text.data, text.len);
	return 0;
}

static int
take_name(struct slice *line, char ret[OBSERVED_NAME_BYTES + 1])
{
	return copy_text(take_word(line), ret, OBSERVED_NAME_BYTES + 1);
}

static int
parse_figure(struct slice line, struct observed *observed)
{
	enum figure figure = figure_find(take_word(&line));
	double value;

	if (take_double(&line, &value) == -1 || line.len != 0)
		return -1;
	if (figure != FIGURE_COUNT)
		observed->figures[figure] = value;
	return 0;
}

static int
parse_service(struct slice line, struct observed *observed)
{
	struct observed_service *service =
	    &observed->services[observed->service_count];
	struct error ignored;

	if (observed->service_count == OBSERVED_SERVICES ||
	    take_name(&line, service->name) == -1 ||
	    observed_status_parse(
		take_word(&line), &service->status, &ignored) == -1 ||
	    take_double(&line, &service->latency_ms) == -1 ||
	    take_u64(&line, &service->checked_at) == -1 ||
	    take_u64(&line, &service->reported_at) == -1 ||
	    take_u64(&line, &service->since) == -1 ||
	    copy_text(line, service->details, sizeof(service->details)) == -1)
		return -1;
	observed->service_count++;
	return 0;
}

static int
parse_route(struct slice line, struct observed *observed)
{
	struct observed_route *route = &observed->routes[observed->route_count];

	if (observed->route_count == OBSERVED_ROUTES ||
	    take_name(&line, route->name) == -1 ||
	    take_u64(&line, &route->requests) == -1 ||
	    take_u64(&line, &route->errors) == -1 ||
	    take_double(&line, &route->p50_ms) == -1 ||
	    take_double(&line, &route->p99_ms) == -1 || line.len != 0)
		return -1;
	observed->route_count++;
	return 0;
}

static int
parse_program(struct slice line, struct observed *observed)
{
	struct observed_program *program =
	    &observed->programs[observed->program_count];

	if (observed->program_count == OBSERVED_PROGRAMS ||
	    take_name(&line, program->name) == -1 ||
	    take_u64(&line, &program->resident_bytes) == -1 ||
	    take_double(&line, &program->cpu_seconds) == -1 ||
	    take_double(&line, &program->cpu_percent) == -1 || line.len != 0)
		return -1;
	observed->program_count++;
	return 0;
}

static const struct {
	const char *word;
	int (*parse)(struct slice line, struct observed *observed);
} records[] = {
	{ "figure", parse_figure },
	{ "service", parse_service },
	{ "route", parse_route },
	{ "program", parse_program },
};

static int
parse_record(struct slice word, struct slice line, struct observed *observed)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (slice_is(word, records[i].word))
			return records[i].parse(line, observed);
	return -1;
}

/* A line of `word` and one number. */
static int
take_number_line(struct slice *rest, const char *word, uint64_t *ret)
{
	struct slice line;

	if (!slice_take_line(rest, &line) ||
	    !slice_is(take_word(&line), word) || take_u64(&line, ret) == -1 ||
	    line.len != 0)
		return -1;
	return 0;
}

/* The records, up to the checksum, which must hold for all before it. */
static int
parse_records(struct slice page, struct slice *rest, struct observed *observed)
{
	struct slice front, line, word;
	char checksum[9];

	for (;;) {
		front = (struct slice){ page.data,
			(size_t)(rest->data - page.data) };
		if (!slice_take_line(rest, &line))
			return -1;
		word = take_word(&line);
		if (slice_is(word, "crc32c"))
			break;
		if (parse_record(word, line, observed) == -1)
			return -1;
	}
	snprintf(checksum, sizeof(checksum), "%08x", crc32c(0, front));
	return slice_is(line, checksum) ? 0 : -1;
}

/* Spaces, and a last '\n'. */
static bool
is_padding(struct slice rest)
{
	if (rest.len == 0 || rest.data[rest.len - 1] != '\n')
		return false;
	for (size_t i = 0; i + 1 < rest.len; i++)
		if (rest.data[i] != ' ')
			return false;
	return true;
}

int
observed_text_parse(
    struct slice page, struct observed *ret_observed, uint64_t *ret_sequence)
{
	struct observed observed = { 0 };
	struct slice rest = page;
	uint64_t first, last;

	if (page.len != OBSERVED_BYTES ||
	    !slice_starts_with(page, SLICE_LITERAL(FORMAT_LINE)))
		return -1;
	rest.data += sizeof(FORMAT_LINE) - 1;
	rest.len -= sizeof(FORMAT_LINE) - 1;
	figure_clear(observed.figures);
	if (take_number_line(&rest, "page", &first) == -1 ||
	    take_number_line(&rest, "observer_at", &observed.observer_at) ==
		-1 ||
	    parse_records(page, &rest, &observed) == -1 ||
	    take_number_line(&rest, "page", &last) == -1 || first != last ||
	    !is_padding(rest))
		return -1;
	*ret_observed = observed;
	*ret_sequence = first;
	return 0;
}
