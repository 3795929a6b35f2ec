/* Secrets by which a caller is known: what they look like, how they are made
 * and how they are compared.
 *
 *	krx_session_ and 43 characters	a sign-in session's cookie
 *	krx_user_    and 43 characters	a token for programs
 *	krx_link_    and 43 characters	a link that signs in once
 *	krx_agent_   and 43 characters	an agent's token
 *
 * The 43 characters are 256 random bits in base64url (RFC 4648, section 5).
 * state.db keeps the SHA-256 of the whole: what has so many bits at random
 * needs no salt and no slow hash.
 */
#ifndef STORE_CREDENTIAL_H
#define STORE_CREDENTIAL_H

#include "base/sha256.h"
#include "store/account.h"

#include <stdbool.h>

enum credential_kind {
	CREDENTIAL_SESSION,
	CREDENTIAL_TOKEN,
	CREDENTIAL_LINK,
	CREDENTIAL_AGENT,
	CREDENTIALS
};

enum {
	CREDENTIAL_RANDOM_BYTES = 32,
	CREDENTIAL_RANDOM_TEXT = 43,
	CREDENTIAL_SIZE = sizeof("krx_session_") + CREDENTIAL_RANDOM_TEXT,
	CREDENTIAL_CSRF_SIZE = 43 + 1,
	CREDENTIAL_NAME_SIZE = sizeof("call-") + 22,
};

/* A new secret of `kind`, its '\0' included, and its digest. */
void credential_make(enum credential_kind kind,
    char ret_text[static CREDENTIAL_SIZE],
    unsigned char ret_digest[static SHA256_BYTES]);

/* What the session or the token goes by in the open, at random. */
void credential_make_id(char ret_id[static ACCOUNT_ID_BYTES + 1]);

/* What else needs a name that nobody guesses and that comes twice by no chance:
 * `prefix` ("call-", "sess-") and 22 characters of base64url, of 128 random
 * bits. */
void credential_make_name(
    const char *prefix, char ret_name[static CREDENTIAL_NAME_SIZE]);

/* The kind of secret that `text` begins like, whatever follows; -1: none. */
int credential_kind_of(struct slice text);

/* Has `text` the form of a secret? Its kind and its digest, or false. */
bool credential_read(struct slice text, enum credential_kind *ret_kind,
    unsigned char ret_digest[static SHA256_BYTES]);

/* In a time that does not tell where they differ. */
bool credential_equal(const unsigned char a[static SHA256_BYTES],
    const unsigned char b[static SHA256_BYTES]);

/* What a page has to send with a change made by this cookie (X-CSRF-Token):
 * base64url of the SHA-256 of "kruxos csrf", NUL and the cookie's value. */
void credential_csrf(
    struct slice cookie, char ret_text[static CREDENTIAL_CSRF_SIZE]);

/* Is `token` that? In a time that tells nothing. */
bool credential_is_csrf(struct slice cookie, struct slice token);

#endif
