#include "base/sha256.h"

#include "base/memory.h"

/* Deprecated since OpenSSL 3.0, where EVP, which is to take its place, makes
 * and frees a context of its own for each digest: a third of the time that a
 * head and a payload take. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/hmac.h>
#include <openssl/sha.h>

struct sha256 {
	SHA256_CTX context;
};

struct sha256 *
sha256_new(void)
{
	return memory_new(sizeof(struct sha256));
}

void
sha256_free(struct sha256 *sha256)
{
	free(sha256);
}

void
sha256_begin(struct sha256 *sha256)
{
	SHA256_Init(&sha256->context);
}

void
sha256_add(struct sha256 *sha256, struct slice bytes)
{
	SHA256_Update(&sha256->context, bytes.data, bytes.len);
}

void
sha256_end(struct sha256 *sha256, unsigned char ret_digest[static SHA256_BYTES])
{
	SHA256_Final(ret_digest, &sha256->context);
}

void
sha256_digest(struct sha256 *sha256, struct slice bytes,
    unsigned char ret_digest[static SHA256_BYTES])
{
	sha256_begin(sha256);
	sha256_add(sha256, bytes);
	sha256_end(sha256, ret_digest);
}

void
sha256_hmac(struct slice key, struct slice bytes,
    unsigned char ret_code[static SHA256_BYTES])
{
	if (HMAC(EVP_sha256(), key.data, (int)key.len,
		(const unsigned char *)bytes.data, bytes.len, ret_code,
		NULL) == NULL)
		memory_end(bytes.len);
}
