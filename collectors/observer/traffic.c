#include "collectors/observer/traffic.h"

#include "collectors/observer/histogram.h"

#include "base/memory.h"

#include <math.h>

#define SLICE_SPAN (30 * USEC_PER_SEC)

/* Five minutes, and the half minute that is not over yet. */
enum { SLICES = 11 };

struct route {
	char name[OBSERVED_NAME_BYTES + 1];
	uint64_t requests, errors;
	struct histogram slices[SLICES];
};

struct traffic {
	struct clock *clock;
	uint64_t slice; /* the present one, counted from the clock's zero */
	uint64_t bad_lines;
	struct route all;
	struct route *routes[OBSERVED_ROUTES]; /* the last: "other"; or NULL */
	size_t count;			       /* without "other" */
	struct buf name;		       /* of the request being added */
};

enum { OTHER = OBSERVED_ROUTES - 1 };

struct traffic *
traffic_new(struct clock *clock)
{
	struct traffic *traffic = memory_new(sizeof(*traffic));

	traffic->clock = clock;
	traffic->slice = clock_monotonic(clock) / SLICE_SPAN;
	buf_init(&traffic->name);
	return traffic;
}

void
traffic_free(struct traffic *traffic)
{
	if (traffic == NULL)
		return;
	for (size_t i = 0; i < OBSERVED_ROUTES; i++)
		free(traffic->routes[i]);
	buf_free(&traffic->name);
	free(traffic);
}

/* --- the name of a route ------------------------------------------------- */

static bool
is_word(struct slice part)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];

		if ((c < 'a' || c > 'z') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool
is_before_id(struct slice part)
{
	return slice_is(part, "sessions") || slice_is(part, "agents") ||
	       slice_is(part, "writes") || slice_is(part, "approvals");
}

void
traffic_route(struct slice path, struct buf *out)
{
	struct slice before = { NULL, 0 };
	size_t at = 0;

	while (at < path.len) {
		struct slice part = { path.data + at + 1, 0 };

		if (path.data[at] != '/')
			break;
		while (
		    at + 1 + part.len < path.len && part.data[part.len] != '/')
			part.len++;
		buf_add_char(out, '/');
		if (part.len > 0 && before.data != NULL &&
		    (is_before_id(before) || !is_word(part)))
			buf_add_str(out, ":id");
		else
			buf_add_slice(out, part);
		before = part;
		at += 1 + part.len;
	}
}

/* --- adding -------------------------------------------------------------- */

static void
forget(struct route *route, size_t slice)
{
	if (route != NULL)
		route->slices[slice] = (struct histogram){ 0 };
}

/* Empty the slices that time has come to since the last call. */
static void
move_on(struct traffic *traffic)
{
	uint64_t now = clock_monotonic(traffic->clock) / SLICE_SPAN;

	if (now > traffic->slice + SLICES)
		traffic->slice = now - SLICES;
	while (traffic->slice < now) {
		size_t slice = (size_t)(++traffic->slice % SLICES);

		forget(&traffic->all, slice);
		for (size_t i = 0; i < OBSERVED_ROUTES; i++)
			forget(traffic->routes[i], slice);
	}
}

static struct route *
make_route(struct traffic *traffic, size_t place, struct slice name)
{
	struct route *route = memory_new(sizeof(*route));

	memcpy(route->name, name.data, name.len);
	traffic->routes[place] = route;
	return route;
}

static struct route *
other_route(struct traffic *traffic)
{
	if (traffic->routes[OTHER] != NULL)
		return traffic->routes[OTHER];
	return make_route(traffic, OTHER, SLICE_LITERAL("other"));
}

/* Is there something at the path? nginx itself answers with 3xx (to plain HTTP
 * where TLS is spoken), 4xx, 501 and 505 whatever it is; and 304 is a file's.
 */
static bool
is_of_something(unsigned status)
{
	return (status >= 200 && status < 300) || status == 304 ||
	       (status >= 500 && status != 501 && status != 505);
}

/* nginx takes "//", "/.", "/.." and "%61" away before it looks: there is no end
 * of such names for the same thing. */
static bool
is_canonical(struct slice path)
{
	return memchr(path.data, '%', path.len) == NULL &&
	       memmem(path.data, path.len, "//", 2) == NULL &&
	       memmem(path.data, path.len, "/.", 2) == NULL;
}

static struct route *
find_route(struct traffic *traffic, const struct traffic_answer *answer)
{
	bool is_nameless =
	    !is_of_something(answer->status) || !is_canonical(answer->path);
	struct slice name;

	buf_reset(&traffic->name);
	traffic_route(answer->path, &traffic->name);
	name = buf_slice(&traffic->name);
	for (size_t i = 0; i < traffic->count; i++)
		if (slice_is(name, traffic->routes[i]->name))
			return traffic->routes[i];
	if (is_nameless || traffic->count == OTHER || name.len == 0 ||
	    name.len > OBSERVED_NAME_BYTES)
		return other_route(traffic);
	return make_route(traffic, traffic->count++, name);
}

static void
count_answer(
    struct route *route, size_t slice, const struct traffic_answer *answer)
{
	route->requests++;
	if (answer->status >= 500)
		route->errors++;
	histogram_add(&route->slices[slice], answer->latency_ms);
}

void
traffic_add(struct traffic *traffic, const struct traffic_answer *answer)
{
	size_t slice;

	move_on(traffic);
	slice = (size_t)(traffic->slice % SLICES);
	count_answer(&traffic->all, slice, answer);
	count_answer(find_route(traffic, answer), slice, answer);
}

void
traffic_add_bad_line(struct traffic *traffic)
{
	traffic->bad_lines++;
}

/* --- telling ------------------------------------------------------------- */

static void
tell(const struct route *route, struct observed_route *ret)
{
	struct histogram window = { 0 };

	for (size_t i = 0; i < SLICES; i++)
		histogram_merge(&window, &route->slices[i]);
	*ret = (struct observed_route){
		.requests = route->requests,
		.errors = route->errors,
		.p50_ms = histogram_quantile(&window, 0.50),
		.p99_ms = histogram_quantile(&window, 0.99),
	};
	memcpy(ret->name, route->name, sizeof(ret->name));
}

void
traffic_figures(struct traffic *traffic, double figures[static FIGURE_COUNT])
{
	struct observed_route all;

	move_on(traffic);
	tell(&traffic->all, &all);
	figures[FIGURE_HTTP_REQUESTS_TOTAL] = (double)all.requests;
	figures[FIGURE_HTTP_ERRORS_TOTAL] = (double)all.errors;
	figures[FIGURE_HTTP_P50_MS] = all.p50_ms;
	figures[FIGURE_HTTP_P99_MS] = all.p99_ms;
	figures[FIGURE_HTTP_BAD_LINES_TOTAL] = (double)traffic->bad_lines;
}

size_t
traffic_routes(struct traffic *traffic,
    struct observed_route ret_routes[static OBSERVED_ROUTES])
{
	size_t count = 0;

	move_on(traffic);
	for (size_t i = 0; i < OBSERVED_ROUTES; i++)
		if (traffic->routes[i] != NULL)
			tell(traffic->routes[i], &ret_routes[count++]);
	return count;
}
