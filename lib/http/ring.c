#include "http/ring.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/record.h"

enum { ROOM_MIN = 64 }; /* a power of two */

static void
make_room(struct ring *ring)
{
	size_t room = ring->room == 0 ? ROOM_MIN : 2 * ring->room;
	struct ring_event **slots =
	    memory_new(memory_product(room, sizeof(struct ring_event *)));

	for (uint64_t number = ring->first; number < ring->end; number++)
		slots[number & (room - 1)] =
		    ring->slots[number & (ring->room - 1)];
	free(ring->slots);
	ring->slots = slots;
	ring->room = room;
}

void
ring_init(
    struct ring *ring, size_t bytes_max, void (*free_payload)(void *payload))
{
	*ring = (struct ring){
		.bytes_max = bytes_max,
		.free_payload = free_payload,
	};
	make_room(ring);
}

static size_t
weight(const struct ring_event *event)
{
	return sizeof(*event) + event->len;
}

static void
drop_oldest(struct ring *ring)
{
	struct ring_event *event = ring->slots[ring->first & (ring->room - 1)];

	ring->first++;
	ring->bytes -= weight(event);
	ring->start_id = event->id;
	if (event->payload != NULL && ring->free_payload != NULL)
		ring->free_payload(event->payload);
	event->payload = NULL;
	event->is_out = true;
	if (event->holders == 0)
		free(event);
	else
		ring->held_bytes += weight(event);
}

void
ring_trim(struct ring *ring, size_t bytes, uint64_t before)
{
	while (ring->first < before && ring->bytes > bytes)
		drop_oldest(ring);
}

struct ring_event *
ring_hold(struct ring *ring, uint64_t number)
{
	struct ring_event *event = ring_at(ring, number);

	event->holders++;
	return event;
}

void
ring_release(struct ring *ring, struct ring_event *event)
{
	event->holders--;
	if (!event->is_out || event->holders > 0)
		return;
	ring->held_bytes -= weight(event);
	free(event);
}

void
ring_free(struct ring *ring)
{
	while (ring->first < ring->end)
		drop_oldest(ring);
	free(ring->slots);
	ring->slots = NULL;
	ring->room = 0;
}

static struct ring_event *
event_new(uint64_t id, void *payload, struct slice text)
{
	cleanup(buf_free) struct buf records = BUF_INIT;
	struct ring_event *event;

	record_add_stdout(&records, text);
	event = memory_new(sizeof(*event) + records.len);
	event->id = id;
	event->payload = payload;
	event->len = records.len;
	memcpy(event->records, records.data, records.len);
	return event;
}

size_t
ring_add(struct ring *ring, uint64_t id, void *payload, struct slice text)
{
	struct ring_event *event = event_new(id, payload, text);

	if (ring->end - ring->first == ring->room)
		make_room(ring);
	ring->slots[ring->end & (ring->room - 1)] = event;
	ring->end++;
	ring->bytes += weight(event);
	while (ring->bytes > ring->bytes_max && ring->end - ring->first > 1)
		drop_oldest(ring);
	return weight(event);
}

uint64_t
ring_number_after(const struct ring *ring, uint64_t id)
{
	uint64_t low = ring->first, high = ring->end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (ring_at(ring, middle)->id > id)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
