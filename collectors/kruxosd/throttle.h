/* How often something may be tried: so many times at once, and as often again
 * in a minute. A bucket for each key; pure, the time is handed in.
 *
 * There is room for THROTTLE_KEYS of them. Where more come, the bucket that is
 * closest to full gives way: who has tried most is forgotten last.
 */
#ifndef KRUXOSD_THROTTLE_H
#define KRUXOSD_THROTTLE_H

#include "base/clock.h"
#include "base/slice.h"

#include <netinet/in.h>

enum { THROTTLE_KEYS = 1024 };

struct throttle;

/* Never NULL. */
struct throttle *throttle_new(unsigned a_minute);
void throttle_free(struct throttle *throttle);

void throttle_set(struct throttle *throttle, unsigned a_minute);

/* May `key` try, at `now` (CLOCK_BOOTTIME)? 0: yes, and that counted; else how
 * long it has to wait. */
usec_t throttle_try(struct throttle *throttle, struct slice key, usec_t now);

/* By what who comes from `address` is counted: who has an IPv6 address has the
 * 2^64 of its network, and who is on this machine all of 127.0.0.0/8; they are
 * one. Lies in `address` or in `room`, or is a constant. */
struct throttle_place {
	struct in6_addr address;
};
struct slice throttle_place(struct slice address, struct throttle_place *room);

/* That try was none that counts. */
void throttle_forgive(struct throttle *throttle, struct slice key, usec_t now);

#endif
