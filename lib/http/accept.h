/* Which of several media types a client would rather have: its header Accept
 * (RFC 9110 12.5.1). */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/slice.h"

#include <stddef.h>

/* A type that can be had. */
struct accept_offer {
	const char *type; /* "application/openmetrics-text" */
	/* A parameter that a client may name, and must have right then; NULL:
	 * none. */
	const char *parameter, *value; /* "version", "1.0.0" */
};

/* The index of the offer that `accept` wants most; of equals the first. An
 * offer that it does not name, by itself or by a range, is not wanted; nor is
 * one at q=0. Without the header, or when it wants none of them, the first:
 * an answer in another type is worth more than none. A part that is not as it
 * should be is passed over. */
size_t accept_choose(
    struct slice accept, const struct accept_offer *offers, size_t count);

#endif
