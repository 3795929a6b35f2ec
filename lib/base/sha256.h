/* SHA-256 (FIPS 180-4), and HMAC (RFC 2104) with it, by OpenSSL. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/slice.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 64 };

struct sha256;

/* A context for one thread, any number of digests. */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *sha256);

void sha256_digest(struct sha256 *sha256, struct slice bytes,
    unsigned char ret_digest[static SHA256_BYTES]);

/* The same of bytes that come piece by piece. */
void sha256_begin(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, struct slice bytes);
void sha256_end(
    struct sha256 *sha256, unsigned char ret_digest[static SHA256_BYTES]);

/* The code that tells that `bytes` are from who has `key`. */
void sha256_hmac(struct slice key, struct slice bytes,
    unsigned char ret_code[static SHA256_BYTES]);

/* 64 lower-case hex digits to bytes; -1 and EINVAL for anything else. */
int sha256_parse_hex(
    struct slice hex, unsigned char ret_digest[static SHA256_BYTES]);

#endif
