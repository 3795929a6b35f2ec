#include "http/credential.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/sha256.h"

#include <openssl/crypto.h>
#include <strings.h>

static const struct slice session_prefix = SLICE_LITERAL("krx_session_");
static const struct slice token_prefix = SLICE_LITERAL("krx_user_");

static bool
is_secret(struct slice text, struct slice prefix)
{
	return text.len == prefix.len + CREDENTIAL_SECRET_BYTES &&
	       slice_starts_with(text, prefix) &&
	       base64_is_url((struct slice){
		   text.data + prefix.len, CREDENTIAL_SECRET_BYTES });
}

void
credential_add_cookie_name(struct buf *out, const struct request *req)
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
static struct credential
of_authorization(struct slice header)
{
	static const struct slice scheme = SLICE_LITERAL("Bearer ");
	struct credential credential = { .via = CREDENTIAL_NONE };

	if (header.len < scheme.len ||
	    strncasecmp(header.data, scheme.data, scheme.len) != 0)
		return credential;
	header.data += scheme.len, header.len -= scheme.len;
	if (is_secret(header, token_prefix))
		credential = (struct credential){ CREDENTIAL_BEARER, header };
	return credential;
}

struct credential
credential_of(const struct request *req)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct slice authorization = request_header(req, "Authorization");
	struct credential credential = { .via = CREDENTIAL_NONE };

	if (authorization.data != NULL)
		return of_authorization(authorization);
	credential_add_cookie_name(&name, req);
	struct slice cookie =
	    find_cookie(request_header(req, "Cookie"), buf_slice(&name));
	if (is_secret(cookie, session_prefix))
		credential = (struct credential){ CREDENTIAL_COOKIE, cookie };
	return credential;
}

void
credential_add_csrf(struct buf *out, struct slice secret)
{
	static const struct slice purpose = { "kruxos csrf",
		12 }; /* NUL, too */
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	unsigned char digest[SHA256_BYTES];
	struct sha256 *sha256 = sha256_new();

	buf_add_slice(&bytes, purpose);
	buf_add_slice(&bytes, secret);
	sha256_digest(sha256, buf_slice(&bytes), digest);
	base64_add_url(out, digest, sizeof(digest));
	sha256_free(sha256);
}

bool
credential_csrf_matches(struct slice secret, struct slice token)
{
	cleanup(buf_free) struct buf wanted = BUF_INIT;

	credential_add_csrf(&wanted, secret);
	return token.len == wanted.len &&
	       CRYPTO_memcmp(token.data, wanted.data, wanted.len) == 0;
}

bool
credential_is_same_origin(const struct request *req)
{
	struct slice site = request_header(req, "Sec-Fetch-Site");

	return site.data == NULL || slice_is(site, "same-origin");
}
