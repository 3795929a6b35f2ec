/* The newest events of a broadcast: each framed once, for all who get it.
 *
 * Events are numbered in the order in which they came; those from `first` to
 * `end` - 1 are here. A number is a place in the ring; an id is the program's,
 * never decreases, and is shared by an event and the comments behind it.
 */
#ifndef HTTP_RING_H
#define HTTP_RING_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct ring_event {
	uint64_t id;
	void *payload;	  /* NULL: for everyone */
	unsigned holders; /* readers who have taken a part of it */
	bool is_out;	  /* of the ring: the last holder frees it */
	size_t len;
	char records[]; /* FCGI_STDOUT */
};

struct ring {
	struct ring_event **slots; /* of number n: slots[n % room] */
	size_t room;		   /* a power of two */
	uint64_t first, end;
	uint64_t start_id; /* all events with a greater id are here */
	size_t bytes, bytes_max;
	size_t held_bytes; /* of events that are out, and held */
	void (*free_payload)(void *payload); /* may be NULL */
};

void ring_init(
    struct ring *ring, size_t bytes_max, void (*free_payload)(void *payload));
void ring_free(struct ring *ring); /* nothing is held any more */

/* Add an event, whose payload becomes the ring's; the oldest go when there
 * are too many bytes, but never this one. Returns the bytes it takes. */
size_t
ring_add(struct ring *ring, uint64_t id, void *payload, struct slice text);

/* The oldest events go, of those before that number, until no more than `bytes`
 * are left. */
void ring_trim(struct ring *ring, size_t bytes, uint64_t before);

/* Keep the event of that number, which is here, for a reader who has taken a
 * part of it; and let it go. However many stop in the midst of an event, it is
 * there once. */
struct ring_event *ring_hold(struct ring *ring, uint64_t number);
void ring_release(struct ring *ring, struct ring_event *event);

/* The event of that number, which is here. */
static inline struct ring_event *
ring_at(const struct ring *ring, uint64_t number)
{
	return ring->slots[number & (ring->room - 1)];
}

/* The number of the first event whose id is greater than `id`; `end` if there
 * is none yet. */
uint64_t ring_number_after(const struct ring *ring, uint64_t id);

#endif
