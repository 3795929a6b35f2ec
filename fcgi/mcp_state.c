#include "fcgi/mcp_state.h"

#include "base/cleanup.h"
#include "base/number.h"

#include <openssl/crypto.h>

#include <sys/random.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { END_DIGITS = 20 };

void
mcp_state_make_key(struct mcp_state_key *ret_key)
{
	ssize_t got;

	do
		got = getrandom(ret_key->bytes, sizeof(ret_key->bytes), 0);
	while (got == -1 && errno == EINTR);
	if (got != (ssize_t)sizeof(ret_key->bytes))
		abort();
}

/* Each part with its length before it, so that no two calls give the same
 * bytes. */
static void
add_part(struct buf *out, struct slice part)
{
	buf_add_u64(out, part.len);
	buf_add_char(out, ':');
	buf_add_slice(out, part);
}

/* The code of `rest`: the end and the approval. */
static void
code_of(const struct mcp_state_key *key, const struct mcp_state_call *call,
    struct slice rest, struct buf *ret_hex)
{
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	unsigned char code[SHA256_BYTES];

	add_part(
	    &bytes, (struct slice){ (const char *)call->agent, SHA256_BYTES });
	add_part(&bytes, call->capability);
	add_part(&bytes, call->arguments);
	add_part(&bytes, rest);
	sha256_hmac((struct slice){ key->bytes, sizeof(key->bytes) },
	    buf_slice(&bytes), code);
	buf_add_hex(ret_hex, code, sizeof(code));
}

void
mcp_state_write(const struct mcp_state_key *key,
    const struct mcp_state_call *call, struct slice approval, usec_t now,
    struct buf *out)
{
	cleanup(buf_free) struct buf rest = BUF_INIT;

	buf_addf(&rest, "%0*" PRIu64, END_DIGITS, now + MCP_STATE_LIFE);
	buf_add_slice(&rest, approval);
	code_of(key, call, buf_slice(&rest), out);
	buf_add_slice(out, buf_slice(&rest));
}

bool
mcp_state_holds(const struct mcp_state_key *key,
    const struct mcp_state_call *call, struct slice state, usec_t now)
{
	cleanup(buf_free) struct buf code = BUF_INIT;
	struct slice rest;
	uint64_t end;

	if (state.len < SHA256_HEX + END_DIGITS)
		return false;
	rest =
	    (struct slice){ state.data + SHA256_HEX, state.len - SHA256_HEX };
	code_of(key, call, rest, &code);
	if (CRYPTO_memcmp(code.data, state.data, SHA256_HEX) != 0)
		return false;
	return number_parse_u64((struct slice){ rest.data, END_DIGITS }, 0,
		   UINT64_MAX, &end) == 0 &&
	       now < end;
}
