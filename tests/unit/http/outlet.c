#include "lib/http/outlet.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#include <stdlib.h>

enum { EVENT_BYTES = 20000, RING_BYTES = 5 * EVENT_BYTES };

static char payload;

static bool
wants_even(const void *filter, const void *event_payload)
{
	(void)filter;
	return event_payload == NULL;
}

/* An outlet, with its other end in `ret_fd`. */
static struct outlet
outlet_open(int *ret_fd)
{
	struct outlet outlet = { .private = BUF_INIT };
	int ends[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	outlet.fd = ends[0];
	*ret_fd = ends[1];
	return outlet;
}

/* An event of EVENT_BYTES that are its id. */
static void
add(struct ring *ring, uint64_t id, void *event_payload)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	buf_add_chars(&text, (char)('a' + id % 26), EVENT_BYTES);
	ring_add(ring, id, event_payload, buf_slice(&text));
}

/* How many letters of each id are there to read? Records have a head of eight
 * bytes; only letters count. */
static void
read_letters(int fd, size_t counts[26])
{
	char bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < got; i++)
			if (bytes[i] >= 'a' && bytes[i] <= 'z')
				counts[bytes[i] - 'a']++;
}

static void
all_that_stands_ready_goes_and_no_more(void **state)
{
	struct ring ring;
	size_t counts[26] = { 0 }, taken = 0;
	int fd;
	struct outlet outlet = outlet_open(&fd);

	(void)state;
	ring_init(&ring, RING_BYTES, NULL);
	outlet.wants = wants_even;
	outlet_follow(&outlet, &ring);
	for (uint64_t id = 1; id <= 4; id++)
		add(&ring, id, id % 2 == 0 ? NULL : &payload);
	buf_add_str(&outlet.private, "z");
	assert_int_equal(outlet_send(&outlet, &ring, &taken), OUTLET_DRAINED);
	read_letters(fd, counts);
	assert_int_equal(counts['z' - 'a'], 1);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], EVENT_BYTES);
	assert_int_equal(counts[3], 0);
	assert_int_equal(counts[4], EVENT_BYTES);
	assert_true(taken > 2 * EVENT_BYTES);
	/* What it did not want counts as seen. */
	add(&ring, 5, &payload);
	assert_int_equal(outlet_send(&outlet, &ring, &taken), OUTLET_DRAINED);
	assert_int_equal(outlet.after, 5);
	outlet_close(&outlet, &ring);
	ring_free(&ring);
	close(fd);
}

static void
an_event_taken_in_part_is_kept_when_the_ring_moves_on(void **state)
{
	struct ring ring;
	size_t counts[26] = { 0 }, taken = 0;
	int fd, send_buffer = 1;
	struct outlet outlet = outlet_open(&fd);
	uint64_t last;

	(void)state;
	setsockopt(outlet.fd, SOL_SOCKET, SO_SNDBUF, &send_buffer,
	    sizeof(send_buffer));
	ring_init(&ring, RING_BYTES, NULL);
	outlet_follow(&outlet, &ring);
	add(&ring, 1, NULL);
	add(&ring, 2, NULL);
	assert_int_equal(outlet_send(&outlet, &ring, &taken), OUTLET_BLOCKED);
	last = outlet.after;
	assert_in_range(last, 1, 2);
	for (uint64_t id = 3; id <= 25; id++)
		add(&ring, id, NULL);
	assert_true(outlet_is_behind(&outlet, &ring));
	outlet.live = false;
	while (outlet_send(&outlet, &ring, &taken) == OUTLET_BLOCKED)
		read_letters(fd, counts);
	read_letters(fd, counts);
	/* Whole events up to the one where the past goes on, and no more. */
	for (uint64_t id = 1; id < 26; id++)
		assert_int_equal(counts[id], id <= last ? EVENT_BYTES : 0);
	assert_int_equal(outlet.after, last);

	outlet.after = 24; /* as a replay leaves it */
	outlet_follow(&outlet, &ring);
	while (outlet_send(&outlet, &ring, &taken) == OUTLET_BLOCKED)
		read_letters(fd, counts);
	read_letters(fd, counts);
	assert_int_equal(counts[25], EVENT_BYTES);
	assert_int_equal(counts[24], 0);
	assert_int_equal(outlet.after, 25);
	outlet_close(&outlet, &ring);
	ring_free(&ring);
	close(fd);
}

static void
who_has_left_is_gone(void **state)
{
	struct ring ring;
	size_t taken = 0;
	int fd;
	struct outlet outlet = outlet_open(&fd);

	(void)state;
	ring_init(&ring, RING_BYTES, NULL);
	outlet_follow(&outlet, &ring);
	assert_int_equal(outlet_send(&outlet, &ring, &taken), OUTLET_DRAINED);
	close(fd);
	add(&ring, 1, NULL);
	assert_int_equal(outlet_send(&outlet, &ring, &taken), OUTLET_GONE);
	assert_int_equal(taken, 0);
	outlet_close(&outlet, &ring);
	ring_free(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_stands_ready_goes_and_no_more),
		cmocka_unit_test(
		    an_event_taken_in_part_is_kept_when_the_ring_moves_on),
		cmocka_unit_test(who_has_left_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
