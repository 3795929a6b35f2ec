/* Any bytes as a header Accept: one of the offers is chosen, and never one that
 * is wanted less than another. */
#include "http/accept.h"

#include <assert.h>
#include <stdint.h>

static const struct accept_offer offers[] = {
	{ "text/plain", "version", "0.0.4" },
	{ "application/openmetrics-text", "version", "1.0.0" },
};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct slice accept = { (const char *)data, size };
	const struct accept_offer turned[] = { offers[1], offers[0] };
	size_t chosen = accept_choose(accept, offers, 2);
	size_t other = accept_choose(accept, turned, 2);

	assert(chosen < 2 && other < 2);
	/* The order of the offers decides only between equals. */
	if (chosen == 1)
		assert(other == 0);
	assert(accept_choose(accept, offers, 1) == 0);
	return 0;
}
