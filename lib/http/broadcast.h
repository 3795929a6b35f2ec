/* Server-Sent Events to many: one ring of events, a position for each
 * subscriber.
 *
 * The program publishes events in the order of their ids. Each is framed once
 * and kept in the ring; at the end of the loop's turn whatever a subscriber
 * lacks goes to it in one send that never blocks. Who reads slowly is never
 * waited for: when the ring has moved past it, it goes on with the past. Who
 * takes nothing for half a minute is dropped; for a second, while what waits
 *for readers comes to more than 4 MiB: no more of the past is read then,
 *either.
 *
 * Nothing is lost or doubled between the past and the present:
 *
 *	broadcast_start(b, 40)	events after 40 will be published
 *	broadcast_publish(b, 41, …), 42, 43 …
 *
 * A subscriber has seen everything up to `after`. While the ring holds all
 * that is newer, it is *live*. When the ring does not reach back so far, at the
 * beginning or after a burst, it is *catching up*: the program's replay()
 * appends what is newer, a piece at a time and only once the piece before has
 * been taken, and moves `after` on, until the ring takes over behind it.
 *
 * Each subscriber has a filter and each event a payload, both the program's
 * own; wants() decides on the two. All callbacks run in the loop's thread.
 */
#ifndef HTTP_BROADCAST_H
#define HTTP_BROADCAST_H

#include "http/loop.h"
#include "http/reply.h"
#include "http/request.h"

#include <stdint.h>

struct broadcast;

/* replay() stops after about so many bytes. */
enum { BROADCAST_PIECE_BYTES = 32 * 1024 };

struct broadcast_settings {
	size_t ring_bytes; /* the oldest events go when it is full */
	/* Of what everybody has, so much is kept for those who come back: for
	 * a moment they need no replay(). */
	size_t kept_bytes;
	size_t subscribers_max; /* beyond: 503 */
	void *context;		/* for replay() */

	/* Does this event go to a subscriber with this filter? The answer for
	 * the same two never changes. NULL: everything goes to everyone. */
	bool (*wants)(const void *filter, const void *payload);

	/* Append the text (event.h) of the next events after `*after` that
	 * `filter` wants, about BROADCAST_PIECE_BYTES of it and with a bound
	 * on the work done; move `*after` to the last event looked at, wanted
	 * or not. Not moved: there is nothing yet, ask again in a second. -1:
	 * end this subscriber; it comes back. NULL: there is no past, a
	 * subscriber begins with what the ring holds, and is dropped when it
	 * reads on after the ring has moved past it. */
	int (*replay)(
	    void *context, void *filter, uint64_t *after, struct buf *out);

	void (*free_filter)(void *filter);   /* may be NULL */
	void (*free_payload)(void *payload); /* may be NULL */
};

struct broadcast *
broadcast_new(struct loop *loop, const struct broadcast_settings *settings);

/* Ends all subscribers. Takes NULL. */
void broadcast_free(struct broadcast *broadcast);

/* Before anything else: all events after `id` are going to be published. */
void broadcast_start(struct broadcast *broadcast, uint64_t id);

/* The last id published; where to begin for who wants only what comes. */
uint64_t broadcast_head(const struct broadcast *broadcast);

/* `id` is greater than all before it; `payload` becomes the broadcast's; a
 * NULL payload goes to everyone. `text` is the event as event.h writes it. */
void broadcast_publish(
    struct broadcast *broadcast, uint64_t id, void *payload, struct slice text);

/* In a handler: this request becomes a subscriber who has seen everything up
 * to `after`. `first` is text for it alone, before all else (a gap that it
 * has to know of); it may be {NULL, 0}. `filter` becomes the broadcast's, in
 * every case. Returns the handler's status: 200, or 503 when there are too
 * many. */
int broadcast_join(struct broadcast *broadcast, struct request *req,
    struct reply *rep, void *filter, uint64_t after, struct slice first,
    struct error *err);

size_t broadcast_count(const struct broadcast *broadcast);

/* End those whose filter `is_meant`, in as orderly a way as broadcast_end(). */
void broadcast_end_some(struct broadcast *broadcast,
    bool (*is_meant)(const void *filter, void *context), void *context);

/* End every subscriber in an orderly way, as far as it can be done without
 * waiting: the program stops, they come back to the next one. */
void broadcast_end(struct broadcast *broadcast);

#endif
