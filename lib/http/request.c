#include "http/request.h"

#include <ctype.h>

static const struct {
	const char *name;
	enum method method;
} methods[] = {
	{ "GET", METHOD_GET },
	{ "HEAD", METHOD_HEAD },
	{ "POST", METHOD_POST },
	{ "DELETE", METHOD_DELETE },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

static enum method
method_of(struct slice name)
{
	for (size_t i = 0; i < METHODS; i++)
		if (slice_is(name, methods[i].name))
			return methods[i].method;
	return METHOD_OTHER;
}

const char *
method_name(enum method method)
{
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "another method";
}

void
request_init(struct request *req, char **variables, struct slice body,
    struct arena *arena)
{
	*req = (struct request){ .body = body,
		.body_bytes = REQUEST_BODY_BYTES,
		.arena = arena,
		.variables = variables };
	req->method = method_of(request_variable(req, "REQUEST_METHOD"));
	req->path = request_variable(req, "PATH_INFO");
	req->query = request_variable(req, "QUERY_STRING");
}

struct slice
request_variable(const struct request *req, const char *name)
{
	size_t len = strlen(name);

	for (char **variable = req->variables; *variable != NULL; variable++)
		if (strncmp(*variable, name, len) == 0 &&
		    (*variable)[len] == '=')
			return slice_of(*variable + len + 1);
	return (struct slice){ NULL, 0 };
}

/* Does `variable` ("HTTP_LAST_EVENT_ID=…") hold the header `name`? Returns
 * where its value begins, or NULL. */
static const char *
header_value(const char *variable, const char *name)
{
	if (strncmp(variable, "HTTP_", 5) != 0)
		return NULL;
	for (variable += 5; *name != '\0'; variable++, name++) {
		int c = *name == '-' ? '_' : toupper((unsigned char)*name);
		if (*variable != c)
			return NULL;
	}
	return *variable == '=' ? variable + 1 : NULL;
}

struct slice
request_header(const struct request *req, const char *name)
{
	for (char **variable = req->variables; *variable != NULL; variable++) {
		const char *value = header_value(*variable, name);
		if (value != NULL)
			return slice_of(value);
	}
	return (struct slice){ NULL, 0 };
}

void
request_resume(const struct request *req)
{
	req->on_resume(req->resume_context);
}

bool
request_gone(const struct request *req)
{
	return req->gone != NULL &&
	       __atomic_load_n(req->gone, __ATOMIC_RELAXED);
}
