#include "http/caller.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <strings.h>

static bool
may_be_credential(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (!isalnum(c) && c != '-' && c != '_')
			return false;
	}
	return text.len >= 1 && text.len <= CALLER_CREDENTIAL_BYTES;
}

static struct caller
caller(enum caller_via via, struct slice credential)
{
	if (!may_be_credential(credential))
		return (struct caller){ .via = CALLER_UNKNOWN };
	return (struct caller){ via, credential };
}

void
caller_add_cookie_name(struct buf *out, const struct request *req)
{
	buf_add_str(out, "__Host-kruxos-");
	buf_add_slice(out, request_variable(req, "KRUXOS_DASHBOARD_PORT"));
}

/* Take the next "name=value" off a header Cookie (RFC 6265, 4.2.1). */
static struct slice
take_pair(struct slice *cookies)
{
	const char *semicolon = memchr(cookies->data, ';', cookies->len);
	struct slice pair = { cookies->data,
		semicolon == NULL ? cookies->len
				  : (size_t)(semicolon - cookies->data) };
	size_t used = pair.len + (semicolon != NULL);

	cookies->data += used, cookies->len -= used;
	while (pair.len > 0 && pair.data[0] == ' ')
		pair.data++, pair.len--;
	return pair;
}

static struct slice
find_cookie(struct slice cookies, struct slice name)
{
	struct slice found = { NULL, 0 };

	while (cookies.len > 0) {
		struct slice pair = take_pair(&cookies);

		if (!slice_starts_with(pair, name) || pair.len == name.len ||
		    pair.data[name.len] != '=')
			continue;
		if (found.data != NULL)
			return (struct slice){ NULL, 0 };
		found = (struct slice){ pair.data + name.len + 1,
			pair.len - name.len - 1 };
	}
	return found;
}

/* "Bearer krx_user_…": the scheme in any case (RFC 9110, 11.1). */
static struct caller
of_authorization(struct slice header)
{
	static const struct slice scheme = SLICE_LITERAL("Bearer ");

	if (header.len < scheme.len ||
	    strncasecmp(header.data, scheme.data, scheme.len) != 0)
		return (struct caller){ .via = CALLER_UNKNOWN };
	header.data += scheme.len, header.len -= scheme.len;
	return caller(CALLER_BEARER, header);
}

struct caller
caller_of(const struct request *req)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct slice authorization = request_header(req, "Authorization");

	if (authorization.data != NULL)
		return of_authorization(authorization);
	caller_add_cookie_name(&name, req);
	return caller(CALLER_COOKIE,
	    find_cookie(request_header(req, "Cookie"), buf_slice(&name)));
}

bool
caller_is_same_origin(const struct request *req)
{
	struct slice site = request_header(req, "Sec-Fetch-Site");

	return site.data == NULL || slice_is(site, "same-origin");
}

bool
caller_is_foreign(const struct request *req)
{
	return !caller_is_same_origin(req) &&
	       !slice_is(request_header(req, "Sec-Fetch-Site"), "none");
}
