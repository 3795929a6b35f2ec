#include "base/sha256.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/evp.h>

struct sha256 {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

/* OpenSSL fails here for want of memory or of its own installation. */
static _Noreturn void
end(void)
{
	char reason[256];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	fprintf(stderr, "%s: SHA-256 is not to be had: %s\n",
	    program_invocation_short_name, reason);
	abort();
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *sha256 = memory_new(sizeof(*sha256));

	sha256->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha256->context = EVP_MD_CTX_new();
	if (sha256->algorithm == NULL || sha256->context == NULL ||
	    !EVP_DigestInit_ex2(sha256->context, sha256->algorithm, NULL))
		end();
	return sha256;
}

void
sha256_free(struct sha256 *sha256)
{
	if (sha256 == NULL)
		return;
	EVP_MD_CTX_free(sha256->context);
	EVP_MD_free(sha256->algorithm);
	free(sha256);
}

void
sha256_digest(struct sha256 *sha256, struct slice bytes,
    unsigned char ret_digest[static SHA256_BYTES])
{
	/* NULL: the algorithm that the context has already. */
	if (!EVP_DigestInit_ex2(sha256->context, NULL, NULL) ||
	    !EVP_DigestUpdate(sha256->context, bytes.data, bytes.len) ||
	    !EVP_DigestFinal_ex(sha256->context, ret_digest, NULL))
		end();
}

/* One more than the digit's value; 0 for what is no lower-case hex digit. A
 * table and no branch a digit: a verifier reads 192 of them a line. */
static const unsigned char hex_values[256] = {
	/* clang-format off */
	['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	['a'] = 11, 12, 13, 14, 15, 16,
	/* clang-format on */
};

int
sha256_parse_hex(
    struct slice hex, unsigned char ret_digest[static SHA256_BYTES])
{
	const unsigned char *digits = (const unsigned char *)hex.data;
	unsigned char digest[SHA256_BYTES];
	unsigned seen = 0;

	if (hex.len != SHA256_HEX) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		unsigned high = hex_values[digits[2 * i]] - 1U;
		unsigned low = hex_values[digits[2 * i + 1]] - 1U;

		seen |= high | low;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	if (seen >= 16) {
		errno = EINVAL;
		return -1;
	}
	memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}
