#include "store/credential.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/diag.h"

#include <openssl/crypto.h>

#include <sys/random.h>

#include <errno.h>

static const char *const prefixes[CREDENTIALS] = {
	[CREDENTIAL_SESSION] = "krx_session_",
	[CREDENTIAL_TOKEN] = "krx_user_",
	[CREDENTIAL_LINK] = "krx_link_",
	[CREDENTIAL_AGENT] = "krx_agent_",
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* Without padding, and a '\0': 43 characters of 32 bytes, 22 of 16. */
static void
encode(const unsigned char *bytes, size_t count, char *ret_text)
{
	unsigned bits = 0, value = 0;
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		value = value << 8 | bytes[i];
		for (bits += 8; bits >= 6; bits -= 6)
			ret_text[len++] = alphabet[value >> (bits - 6) & 63];
	}
	if (bits > 0)
		ret_text[len++] = alphabet[value << (6 - bits) & 63];
	ret_text[len] = '\0';
}

static void
digest(struct slice text, unsigned char ret_digest[static SHA256_BYTES])
{
	struct sha256 *sha256 = sha256_new();

	sha256_digest(sha256, text, ret_digest);
	sha256_free(sha256);
}

/* A secret that can be guessed is no answer to anything. */
static void
fill(unsigned char *bytes, size_t len)
{
	size_t drawn = 0;

	while (drawn < len) {
		ssize_t more = getrandom(bytes + drawn, len - drawn, 0);

		if (more == -1 && errno != EINTR) {
			diag(DIAG_CRITICAL, "getrandom: %m");
			abort();
		}
		drawn += more == -1 ? 0 : (size_t)more;
	}
}

void
credential_make_id(char ret_id[static ACCOUNT_ID_BYTES + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ACCOUNT_ID_BYTES / 2];

	fill(bytes, sizeof(bytes));
	for (size_t i = 0; i < ACCOUNT_ID_BYTES; i++)
		ret_id[i] = digits[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	ret_id[ACCOUNT_ID_BYTES] = '\0';
}

void
credential_make_name(
    const char *prefix, char ret_name[static CREDENTIAL_NAME_SIZE])
{
	unsigned char bytes[16];
	char random[22 + 1];

	fill(bytes, sizeof(bytes));
	encode(bytes, sizeof(bytes), random);
	snprintf(ret_name, CREDENTIAL_NAME_SIZE, "%s%s", prefix, random);
}

void
credential_make(enum credential_kind kind,
    char ret_text[static CREDENTIAL_SIZE],
    unsigned char ret_digest[static SHA256_BYTES])
{
	unsigned char bytes[CREDENTIAL_RANDOM_BYTES];
	char random[CREDENTIAL_RANDOM_TEXT + 1];

	fill(bytes, sizeof(bytes));
	encode(bytes, sizeof(bytes), random);
	snprintf(ret_text, CREDENTIAL_SIZE, "%s%s", prefixes[kind], random);
	digest(slice_of(ret_text), ret_digest);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(random, sizeof(random));
}

static bool
is_random_text(struct slice text)
{
	if (text.len != CREDENTIAL_RANDOM_TEXT)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0' ||
		    strchr(alphabet, text.data[i]) == NULL)
			return false;
	return true;
}

int
credential_kind_of(struct slice text)
{
	for (int kind = 0; kind < CREDENTIALS; kind++)
		if (slice_starts_with(text, slice_of(prefixes[kind])))
			return kind;
	return -1;
}

bool
credential_read(struct slice text, enum credential_kind *ret_kind,
    unsigned char ret_digest[static SHA256_BYTES])
{
	int kind = credential_kind_of(text);
	struct slice random = text;

	if (kind == -1)
		return false;
	random.data += strlen(prefixes[kind]);
	random.len -= strlen(prefixes[kind]);
	if (!is_random_text(random))
		return false;
	*ret_kind = (enum credential_kind)kind;
	digest(text, ret_digest);
	return true;
}

bool
credential_equal(const unsigned char a[static SHA256_BYTES],
    const unsigned char b[static SHA256_BYTES])
{
	return CRYPTO_memcmp(a, b, SHA256_BYTES) == 0;
}

void
credential_csrf(struct slice cookie, char ret_text[static CREDENTIAL_CSRF_SIZE])
{
	static const char purpose[] = "kruxos csrf"; /* and its '\0' */
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	unsigned char sum[SHA256_BYTES];

	buf_add(&text, purpose, sizeof(purpose));
	buf_add_slice(&text, cookie);
	digest(buf_slice(&text), sum);
	encode(sum, sizeof(sum), ret_text);
}

bool
credential_is_csrf(struct slice cookie, struct slice token)
{
	char wanted[CREDENTIAL_CSRF_SIZE];

	credential_csrf(cookie, wanted);
	return token.len == CREDENTIAL_CSRF_SIZE - 1 &&
	       CRYPTO_memcmp(token.data, wanted, token.len) == 0;
}
