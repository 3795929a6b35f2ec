#include "http/outlet.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

enum { PARTS_A_SEND = 256 }; /* of one sendmsg(): events, mostly */

static void
release_rest(struct outlet *outlet, struct ring *ring)
{
	if (outlet->rest != NULL)
		ring_release(ring, outlet->rest);
	outlet->rest = NULL;
	outlet->rest_sent = 0;
}

void
outlet_close(struct outlet *outlet, struct ring *ring)
{
	shutdown(outlet->fd, SHUT_RDWR);
	close(outlet->fd);
	release_rest(outlet, ring);
	buf_free(&outlet->private);
}

void
outlet_follow(struct outlet *outlet, const struct ring *ring)
{
	outlet->live = true;
	outlet->next = ring_number_after(ring, outlet->after);
}

bool
outlet_is_behind(const struct outlet *outlet, const struct ring *ring)
{
	return outlet->live && outlet->next < ring->first;
}

static bool
wants(const struct outlet *outlet, const struct ring_event *event)
{
	return event->payload == NULL || outlet->wants == NULL ||
	       outlet->wants(outlet->filter, event->payload);
}

/* What one send is made of. */
struct parts {
	struct iovec vector[PARTS_A_SEND];
	uint64_t number[PARTS_A_SEND]; /* of the event; PRIVATE, REST */
	size_t count;
	size_t bytes;
	uint64_t looked_at; /* all events before this one are in, or unwanted */
};

static const uint64_t PRIVATE = UINT64_MAX;
static const uint64_t REST = UINT64_MAX - 1;

static void
parts_add(struct parts *parts, uint64_t number, const char *bytes, size_t len)
{
	parts->vector[parts->count] =
	    (struct iovec){ (void *)(uintptr_t)bytes, len };
	parts->number[parts->count++] = number;
	parts->bytes += len;
}

static void
gather(
    const struct outlet *outlet, const struct ring *ring, struct parts *parts)
{
	parts->count = parts->bytes = 0;
	if (outlet->private.len > 0)
		parts_add(parts, PRIVATE,
		    outlet->private.data + outlet->private_sent,
		    outlet->private.len - outlet->private_sent);
	if (outlet->rest != NULL)
		parts_add(parts, REST,
		    outlet->rest->records + outlet->rest_sent,
		    outlet->rest->len - outlet->rest_sent);
	parts->looked_at = outlet->next;
	if (!outlet->live)
		return;
	while (parts->looked_at < ring->end && parts->count < PARTS_A_SEND) {
		const struct ring_event *event =
		    ring_at(ring, parts->looked_at);

		if (wants(outlet, event))
			parts_add(parts, parts->looked_at, event->records,
			    event->len);
		parts->looked_at++;
	}
}

/* It is through with the events before `number`, which are still here. */
static void
move_to(struct outlet *outlet, const struct ring *ring, uint64_t number)
{
	if (number > outlet->next)
		outlet->after = ring_at(ring, number - 1)->id;
	outlet->next = number;
}

/* All of a part has gone. */
static void
account_whole(struct outlet *outlet, struct ring *ring, uint64_t number)
{
	if (number == PRIVATE) {
		buf_free(&outlet->private);
		outlet->private_sent = 0;
	} else if (number == REST) {
		release_rest(outlet, ring);
	} else {
		move_to(outlet, ring, number + 1);
	}
}

/* The first `sent` bytes of a part have gone. */
static void
account_piece(
    struct outlet *outlet, struct ring *ring, uint64_t number, size_t sent)
{
	if (number == PRIVATE) {
		outlet->private_sent += sent;
	} else if (number == REST) {
		outlet->rest_sent += sent;
	} else if (sent == 0) {
		move_to(outlet, ring, number);
	} else {
		outlet->rest = ring_hold(ring, number);
		outlet->rest_sent = sent;
		move_to(outlet, ring, number + 1);
	}
}

/* `sent` bytes of the parts have gone: move the reader on. */
static void
account(struct outlet *outlet, struct ring *ring, const struct parts *parts,
    size_t sent)
{
	for (size_t i = 0; i < parts->count; i++) {
		const struct iovec *part = &parts->vector[i];

		if (sent < part->iov_len)
			return account_piece(
			    outlet, ring, parts->number[i], sent);
		account_whole(outlet, ring, parts->number[i]);
		sent -= part->iov_len;
	}
	move_to(outlet, ring, parts->looked_at);
}

enum outlet_state
outlet_send(struct outlet *outlet, struct ring *ring, size_t *ret_taken)
{
	struct parts parts;

	for (;;) {
		gather(outlet, ring, &parts);
		if (parts.count == 0) {
			move_to(outlet, ring, parts.looked_at);
			return OUTLET_DRAINED;
		}
		struct msghdr message = { .msg_iov = parts.vector,
			.msg_iovlen = parts.count };
		ssize_t sent =
		    sendmsg(outlet->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno != EAGAIN)
			return OUTLET_GONE;
		if (sent == -1)
			return OUTLET_BLOCKED;
		*ret_taken += (size_t)sent;
		account(outlet, ring, &parts, (size_t)sent);
		if ((size_t)sent < parts.bytes)
			return OUTLET_BLOCKED;
	}
}
