#include "http/route.h"

#include "base/number.h"
#include "base/text.h"

enum { WORD_BYTES = 128 };

/* Take the segment at the front of `path` off it: what stands before the next
 * '/', or all of it. */
static struct slice
take_segment(struct slice *path)
{
	const char *slash = memchr(path->data, '/', path->len);
	size_t len = slash == NULL ? path->len : (size_t)(slash - path->data);
	struct slice segment = { path->data, len };

	path->data += len;
	path->len -= len;
	return segment;
}

static bool
is_word(struct slice text)
{
	return text.len >= 1 && text.len <= WORD_BYTES &&
	       text_valid_bytes(text) == text.len;
}

/* Match one segment of a pattern, keeping what a placeholder stands for. */
static bool
match_segment(struct slice pattern, struct slice segment, struct request *req)
{
	if (slice_is(pattern, "<number>"))
		return number_parse_u64(segment, 0, UINT64_MAX, &req->number) ==
		       0;
	if (slice_is(pattern, "<word>")) {
		req->word = segment;
		return is_word(segment);
	}
	return slice_equal(pattern, segment);
}

static bool
match(const char *route_path, struct request *req)
{
	struct slice pattern = slice_of(route_path), path = req->path;

	while (pattern.len > 0 && path.len > 0) {
		if (pattern.data[0] != '/' || path.data[0] != '/')
			return false;
		pattern.data++, pattern.len--;
		path.data++, path.len--;
		if (slice_is(pattern, "<word>")) {
			req->word = path;
			return is_word(path);
		}
		struct slice expected = take_segment(&pattern);
		if (!match_segment(expected, take_segment(&path), req))
			return false;
	}
	return pattern.len == 0 && path.len == 0;
}

static bool
allows(const struct route *route, enum method method)
{
	if (method == METHOD_HEAD)
		method = METHOD_GET;
	return (route->methods & (unsigned)method) != 0;
}

int
route_find(const struct route *routes, struct request *req,
    unsigned *ret_allowed, struct error *err)
{
	unsigned allowed = 0;

	for (const struct route *route = routes; route->path != NULL; route++) {
		if (!match(route->path, req))
			continue;
		if (allows(route, req->method)) {
			req->route = route;
			return 0;
		}
		allowed |= route->methods;
	}
	if (allowed == 0) {
		error_set(
		    err, ERROR_NOT_FOUND, "there is nothing at this path");
		return 404;
	}
	if (allowed & METHOD_GET)
		allowed |= METHOD_HEAD;
	*ret_allowed = allowed;
	error_set(err, ERROR_NOT_ALLOWED, "this path does not take %s",
	    method_name(req->method));
	return 405;
}
