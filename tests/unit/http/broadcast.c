#include "lib/http/broadcast.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/chance.h"
#include "tests/unit/test_clock.h"

#include <errno.h>

/* A log whose entry n is the number n. */

struct fixture {
	struct loop *loop;
	struct broadcast *broadcast;
	struct arena arena;
	uint64_t log_first, log_last; /* entries that replay() can read */
	uint64_t replays;
	uint64_t piece; /* entries in one piece of the past */
	bool replay_fails;
};

/* Filters and payloads: a filter is a divisor, a payload the number. */

static bool
divides(const void *filter, const void *payload)
{
	const uint64_t *divisor = filter, *number = payload;

	return *number % *divisor == 0;
}

static uint64_t *
number_new(uint64_t number)
{
	uint64_t *copy = memory_new(sizeof(*copy));

	*copy = number;
	return copy;
}

static void
add_number(struct buf *text, uint64_t number, size_t padding)
{
	cleanup(buf_free) struct buf data = BUF_INIT;

	buf_add_u64(&data, number);
	buf_add_chars(&data, '.', padding);
	event_add(text, number, "entry", buf_slice(&data));
}

static int
replay(void *context, void *filter, uint64_t *after, struct buf *out)
{
	struct fixture *f = context;

	f->replays++;
	if (f->replay_fails)
		return -1;
	for (uint64_t i = 0; i < f->piece && *after < f->log_last; i++) {
		++*after;
		if (divides(filter, after))
			add_number(out, *after, 0);
	}
	return 0;
}

static void
open_broadcast(struct fixture *f, size_t ring_bytes, uint64_t start)
{
	const struct broadcast_settings settings = {
		.ring_bytes = ring_bytes,
		.kept_bytes = ring_bytes / 4,
		.subscribers_max = 1000,
		.context = f,
		.wants = divides,
		.replay = replay,
		.free_filter = free,
		.free_payload = free,
	};
	struct error err = { 0 };

	f->loop = loop_new(&test_clock, &err);
	f->broadcast = broadcast_new(f->loop, &settings);
	f->piece = 10;
	f->log_last = start;
	broadcast_start(f->broadcast, start);
}

static int
setup(void **state)
{
	*state = memory_new(sizeof(struct fixture));
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	broadcast_free(f->broadcast);
	loop_free(f->loop);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static void
turn(struct fixture *f)
{
	struct error err = { 0 };

	assert_int_equal(loop_turn(f->loop, 0, &err), 0);
}

static void
publish_padded(struct fixture *f, uint64_t number, size_t padding)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	add_number(&text, number, padding);
	f->log_last = number;
	broadcast_publish(
	    f->broadcast, number, number_new(number), buf_slice(&text));
}

static void
publish_number(struct fixture *f, uint64_t number)
{
	publish_padded(f, number, 0);
}

/* The other end of a subscription, as nginx holds it. */
struct client {
	int fd;
	struct buf bytes; /* as received */
	struct buf text;  /* the content of the FCGI_STDOUT records */
	bool ended;	  /* FCGI_END_REQUEST has come */
	bool closed;
};

static int
join_broadcast(struct fixture *f, uint64_t divisor, uint64_t after,
    struct slice first, struct reply *rep)
{
	struct request req = { .arena = &f->arena };
	struct error err = { 0 };

	reply_init(rep);
	reply_begin(rep, &f->arena, NULL, false);
	return broadcast_join(
	    f->broadcast, &req, rep, number_new(divisor), after, first, &err);
}

static void
client_open(struct fixture *f, struct client *client, uint64_t divisor,
    uint64_t after, struct slice first)
{
	struct reply rep;
	int ends[2];

	assert_int_equal(join_broadcast(f, divisor, after, first, &rep), 200);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	rep.take(rep.take_context, ends[0]);
	reply_free(&rep);
	*client = (struct client){ .fd = ends[1] };
	buf_init(&client->bytes);
	buf_init(&client->text);
}

static void
client_close(struct client *client)
{
	close(client->fd);
	buf_free(&client->bytes);
	buf_free(&client->text);
}

/* Take at most `max` bytes of what has come. Returns how many. */
static size_t
client_read(struct client *client, size_t max)
{
	char bytes[4096];
	ssize_t got;
	size_t total = 0;

	while (total < max) {
		size_t want =
		    max - total < sizeof(bytes) ? max - total : sizeof(bytes);
		got = recv(client->fd, bytes, want, MSG_DONTWAIT);
		if (got <= 0)
			break;
		buf_add(&client->bytes, bytes, (size_t)got);
		total += (size_t)got;
	}
	if (total < max)
		client->closed = got == 0 || errno != EAGAIN;
	for (;;) {
		const unsigned char *head =
		    (const unsigned char *)client->bytes.data;
		size_t len;

		if (client->bytes.len < 8)
			break;
		len = (size_t)head[4] << 8 | head[5];
		if (client->bytes.len < 8 + len)
			break;
		if (head[1] == 3)
			client->ended = true;
		if (head[1] == 6)
			buf_add(&client->text, client->bytes.data + 8, len);
		buf_consume(&client->bytes, 8 + len);
	}
	return total;
}

/* The whole events in the client's text are the multiples of `divisor` behind
 * `after`, each once and in order. Returns the last. */
static uint64_t
check_numbers(const struct client *client, uint64_t divisor, uint64_t after)
{
	static const char mark[] = "event: entry\ndata: ";
	uint64_t last = after - after % divisor;
	const char *at = client->text.data, *end = at + client->text.len;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) !=
	       NULL) {
		uint64_t number = strtoull(at += sizeof(mark) - 1, NULL, 10);
		if (number != last + divisor)
			fail_msg("%llu follows %llu",
			    (unsigned long long)number,
			    (unsigned long long)last);
		last = number;
	}
	return last;
}

static const struct slice NOTHING = { NULL, 0 };

static void
head_delay_and_what_is_first_come_before_the_events(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 5);
	client_open(f, &client, 1, 5, SLICE_LITERAL("event: gap\n\n"));
	publish_number(f, 6);
	publish_number(f, 7);
	turn(f);
	client_read(&client, SIZE_MAX);
	const char *retry = strstr(client.text.data, "\r\n\r\nretry: ");
	assert_non_null(retry);
	assert_in_range(strtoull(retry + 11, NULL, 10), 2000, 5000);
	assert_non_null(strstr(retry, "\n\nevent: gap\n\n"
				      "id: 6\nevent: entry\ndata: 6\n\n"
				      "id: 7\nevent: entry\ndata: 7\n\n"));
	assert_int_equal(
	    strncmp(client.text.data,
		"Status: 200 OK\r\nContent-Type: text/event-stream\r\n", 49),
	    0);
	client_close(&client);
}

static void
each_gets_what_its_filter_wants(void **state)
{
	struct fixture *f = *state;
	struct client clients[3];

	open_broadcast(f, 1 << 20, 0);
	for (uint64_t i = 0; i < 3; i++)
		client_open(f, &clients[i], i + 1, 0, NOTHING);
	for (uint64_t number = 1; number <= 2000; number++)
		publish_number(f, number);
	for (int i = 0; i < 20; i++) {
		turn(f);
		for (int c = 0; c < 3; c++)
			client_read(&clients[c], SIZE_MAX);
	}
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(check_numbers(&clients[i], i + 1, 0),
		    2000 - 2000 % (i + 1));
		client_close(&clients[i]);
	}
}

static void
the_ring_continues_what_it_still_holds(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 0);
	for (uint64_t number = 1; number <= 100; number++)
		publish_number(f, number);
	turn(f);
	client_open(f, &client, 1, 40, NOTHING);
	publish_number(f, 101);
	turn(f);
	client_read(&client, SIZE_MAX);
	assert_int_equal(check_numbers(&client, 1, 40), 101);
	assert_int_equal(f->replays, 0);
	client_close(&client);
}

static void
what_everybody_has_goes_within_a_second(void **state)
{
	enum { RING = 1 << 20, EVENT = 1000, EVENTS = RING / EVENT / 2 };
	struct fixture *f = *state;
	const struct ring *ring;
	struct client client;
	uint64_t number = 0;

	open_broadcast(f, RING, 0);
	ring = &f->broadcast->ring;
	client_open(f, &client, 1, 0, NOTHING);
	for (int i = 0; i < EVENTS; i++)
		publish_padded(f, ++number, EVENT);
	turn(f); /* the socket takes less */
	test_now += USEC_PER_SEC;
	turn(f);
	assert_true(ring->bytes > RING / 4);
	assert_int_equal(
	    ring->first, LIST_FIRST(&f->broadcast->subscribers)->outlet.next);

	for (int i = 0; i < EVENTS; i++) {
		client_read(&client, SIZE_MAX);
		turn(f);
	}
	test_now += USEC_PER_SEC;
	turn(f);
	assert_in_range(ring->bytes, RING / 4 - 2 * EVENT, RING / 4);
	assert_int_equal(check_numbers(&client, 1, 0), number);
	assert_int_equal(f->replays, 0);
	client_close(&client);
}

static void
the_past_and_the_present_meet_without_gap_or_double(void **state)
{
	struct fixture *f = *state;
	struct client client;
	uint64_t number = 5000;

	/* The ring holds few events, so it moves on while the past is read. */
	open_broadcast(f, 4096, number);
	client_open(f, &client, 7, 12, NOTHING);
	for (int i = 0; i < 2000; i++) {
		if (i % 2 == 0)
			publish_number(f, ++number);
		turn(f);
		client_read(&client, SIZE_MAX);
	}
	assert_int_equal(check_numbers(&client, 7, 12), number - number % 7);
	assert_true(f->replays > 400);
	client_close(&client);
}

static void
a_past_that_is_not_there_yet_is_asked_for_each_second(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 50);
	f->log_last = 20;
	client_open(f, &client, 1, 20, NOTHING);
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(f->replays, 1);
	f->log_last = 50;
	test_now += USEC_PER_SEC;
	for (int i = 0; i < 10; i++)
		turn(f);
	client_read(&client, SIZE_MAX);
	assert_int_equal(check_numbers(&client, 1, 20), 50);
	client_close(&client);
}

static void
a_past_that_cannot_be_read_ends_the_subscriber(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 50);
	f->replay_fails = true;
	client_open(f, &client, 1, 20, NOTHING);
	turn(f);
	client_read(&client, SIZE_MAX);
	assert_true(client.closed);
	assert_int_equal(broadcast_count(f->broadcast), 0);
	client_close(&client);
}

/* Events up to `last`, which the reader takes as they come. */
static void
publish_for(struct fixture *f, struct client *reader, uint64_t last)
{
	while (f->log_last < last) {
		publish_padded(f, f->log_last + 1, 1000);
		turn(f);
		while (client_read(reader, SIZE_MAX) > 0)
			turn(f);
	}
}

static void
who_stops_reading_holds_nobody_up_and_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct client stalled, reader;

	open_broadcast(f, 1 << 20, 0);
	client_open(f, &stalled, 1, 0, NOTHING);
	client_open(f, &reader, 1, 0, NOTHING);
	publish_for(f, &reader, 2000);
	assert_int_equal(check_numbers(&reader, 1, 0), 2000);
	assert_int_equal(broadcast_count(f->broadcast), 2);
	assert_int_equal(f->replays, 0);
	for (int i = 0; i < 32; i++) {
		test_now += USEC_PER_SEC;
		turn(f);
	}
	assert_int_equal(broadcast_count(f->broadcast), 1);
	client_read(&stalled, SIZE_MAX);
	assert_true(stalled.closed);
	check_numbers(&stalled, 1, 0);
	client_close(&stalled);
	client_close(&reader);
}

/* It has missed a ring, several times, and stood still in the middle of an
 * event: all of it comes from the past, and then from the ring again. */
static void
who_reads_on_after_a_burst_gets_all_of_it(void **state)
{
	struct fixture *f = *state;
	struct client slow, filtered, reader;

	open_broadcast(f, 1 << 18, 0);
	client_open(f, &slow, 1, 0, NOTHING);
	client_open(f, &filtered, 3, 0, NOTHING);
	client_open(f, &reader, 1, 0, NOTHING);
	for (uint64_t round = 1; round <= 4; round++) {
		uint64_t replays = f->replays;

		publish_for(f, &reader, round * 1000 - 10);
		client_read(&slow, 12345);
		for (int i = 0; i < 500; i++) {
			turn(f);
			client_read(&slow, SIZE_MAX);
			client_read(&filtered, SIZE_MAX);
		}
		assert_true(f->replays > replays);
		replays = f->replays;
		publish_number(f, round * 1000 - 9);
		turn(f);
		client_read(&slow, SIZE_MAX);
		assert_int_equal(check_numbers(&slow, 1, 0), round * 1000 - 9);
		assert_int_equal(f->replays, replays);
	}
	publish_for(f, &reader, 4000);
	client_read(&slow, SIZE_MAX);
	client_read(&filtered, SIZE_MAX);
	assert_int_equal(check_numbers(&slow, 1, 0), 4000);
	assert_int_equal(check_numbers(&filtered, 3, 0), 3999);
	assert_int_equal(check_numbers(&reader, 1, 0), 4000);
	client_close(&slow);
	client_close(&filtered);
	client_close(&reader);
}

static void
who_takes_nothing_for_half_a_minute_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 100 << 20, 0);
	client_open(f, &client, 1, 0, NOTHING);
	for (uint64_t number = 1; number <= 300; number++)
		publish_padded(f, number, 1000);
	turn(f);
	for (int i = 0; i < 29; i++) {
		test_now += USEC_PER_SEC;
		turn(f);
	}
	assert_int_equal(broadcast_count(f->broadcast), 1);
	client_read(&client, SIZE_MAX); /* it was only slow */
	for (int i = 0; i < 40; i++) {
		turn(f);
		client_read(&client, SIZE_MAX);
	}
	assert_int_equal(check_numbers(&client, 1, 0), 300);

	for (uint64_t number = 301; number <= 600; number++)
		publish_padded(f, number, 1000);
	for (int i = 0; i < 33; i++) {
		test_now += USEC_PER_SEC;
		turn(f);
	}
	assert_int_equal(broadcast_count(f->broadcast), 0);
	client_close(&client);
}

static void
a_burst_within_one_turn_is_not_washed_away(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 16384, 0);
	client_open(f, &client, 100, 0, NOTHING);
	for (uint64_t number = 1; number <= 10000; number++)
		publish_number(f, number);
	turn(f);
	client_read(&client, SIZE_MAX);
	assert_int_equal(check_numbers(&client, 100, 0), 10000);
	client_close(&client);
}

static void
leaving_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 0);
	client_open(f, &client, 1, 0, NOTHING);
	assert_int_equal(broadcast_count(f->broadcast), 1);
	client_close(&client);
	turn(f);
	assert_int_equal(broadcast_count(f->broadcast), 0);
}

static void
a_comment_comes_every_15_seconds(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 3);
	client_open(f, &client, 1, 3, NOTHING);
	turn(f);
	client_read(&client, SIZE_MAX);
	buf_reset(&client.text);
	test_now += 14 * USEC_PER_SEC;
	turn(f);
	client_read(&client, SIZE_MAX);
	assert_int_equal(client.text.len, 0);
	test_now += USEC_PER_SEC;
	turn(f);
	client_read(&client, SIZE_MAX);
	assert_string_equal(client.text.data, ":\n\n");
	client_close(&client);
}

static void
the_number_of_subscribers_has_a_bound(void **state)
{
	struct fixture *f = *state;
	struct client client;
	struct reply rep;

	open_broadcast(f, 1 << 20, 0);
	f->broadcast->settings.subscribers_max = 1;
	client_open(f, &client, 1, 0, NOTHING);
	assert_int_equal(join_broadcast(f, 1, 0, NOTHING, &rep), 503);
	assert_null(rep.take);
	assert_non_null(strstr(rep.headers.data, "Retry-After: 10\r\n"));
	reply_free(&rep);
	client_close(&client);
}

static void
the_end_is_orderly(void **state)
{
	struct fixture *f = *state;
	struct client client;

	open_broadcast(f, 1 << 20, 0);
	client_open(f, &client, 1, 0, NOTHING);
	publish_number(f, 1);
	turn(f);
	broadcast_end(f->broadcast);
	client_read(&client, SIZE_MAX);
	assert_true(client.ended);
	assert_true(client.closed);
	assert_int_equal(check_numbers(&client, 1, 0), 1);
	client_close(&client);
}

static bool
is_even(const void *filter, void *calls)
{
	++*(unsigned *)calls;
	return *(const uint64_t *)filter % 2 == 0;
}

static void
some_can_be_ended_and_the_others_go_on(void **state)
{
	struct fixture *f = *state;
	struct client clients[4];
	unsigned calls = 0;

	open_broadcast(f, 1 << 20, 0);
	for (uint64_t i = 0; i < 4; i++)
		client_open(f, &clients[i], i + 1, 0, NOTHING);
	publish_number(f, 12);
	turn(f);
	broadcast_end_some(f->broadcast, is_even, &calls);
	assert_int_equal(calls, 4);
	assert_int_equal(broadcast_count(f->broadcast), 2);
	publish_number(f, 24);
	turn(f);
	for (uint64_t i = 0; i < 4; i++) {
		bool is_meant = i % 2 == 1;

		client_read(&clients[i], SIZE_MAX);
		assert_int_equal(clients[i].ended, is_meant);
		assert_int_equal(clients[i].closed, is_meant);
		assert_non_null(strstr(clients[i].text.data, "data: 12"));
		assert_int_equal(
		    strstr(clients[i].text.data, "data: 24") == NULL, is_meant);
		client_close(&clients[i]);
	}
}

/* Clients of every kind, who read as much as chance has it, while the ring
 * wraps again and again: each sees all of its numbers. */
static void
chance_finds_no_gap_and_no_double(void **state)
{
	enum { CLIENTS = 40, ROUNDS = 6000 };
	struct fixture *f = *state;
	struct client clients[CLIENTS];
	uint64_t divisor[CLIENTS], after[CLIENTS], number = 1000;
	uint64_t chance = 4711;
	size_t opened = 0;

	open_broadcast(f, 600000, number);
	for (int round = 0; round < ROUNDS; round++) {
		if (opened < CLIENTS && chance_one_in(&chance, 20)) {
			divisor[opened] = 1 + chance_below(&chance, 5);
			after[opened] =
			    number - chance_below(&chance, number / 2);
			client_open(f, &clients[opened], divisor[opened],
			    after[opened], NOTHING);
			opened++;
		}
		for (size_t i = chance_below(&chance, 4); i > 0; i--)
			publish_padded(f, ++number,
			    chance_one_in(&chance, 100) ? 70000 : 30);
		turn(f);
		for (size_t i = 0; i < opened; i++)
			if (chance_one_in(&chance, 3))
				client_read(&clients[i],
				    chance_below(&chance, i * 9000 + 10));
	}
	for (int i = 0; i < 2000; i++) {
		turn(f);
		for (size_t c = 0; c < opened; c++)
			client_read(&clients[c], SIZE_MAX);
	}
	for (size_t i = 0; i < opened; i++) {
		uint64_t last =
		    check_numbers(&clients[i], divisor[i], after[i]);

		assert_false(clients[i].closed);
		assert_int_equal(last, number - number % divisor[i]);
		client_close(&clients[i]);
	}
	assert_int_equal(opened, CLIENTS);
	assert_true(f->replays > 0);
}

static void
a_subscriber_costs_less_than_half_a_kilobyte(void **state)
{
	(void)state;
	assert_in_range(sizeof(struct subscriber), 1, 256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Each of them stops in the midst of another event. */
static void
what_waits_for_stopped_readers_has_a_bound(void **state)
{
	enum { READERS = 20, EVENT_BYTES = 1 << 20 };
	struct fixture *f = *state;
	struct client stopped[READERS];
	struct broadcast *b;
	size_t left;

	open_broadcast(f, 2 * EVENT_BYTES, 0);
	b = f->broadcast;
	for (uint64_t i = 0; i < READERS; i++) {
		client_open(f, &stopped[i], 1, i, NOTHING);
		turn(f);
		test_now += USEC_PER_SEC;
		publish_padded(f, i + 1, EVENT_BYTES);
		turn(f);
		assert_true(
		    b->waiting_bytes + b->ring.held_bytes <= WAITING_BYTES_MAX);
	}
	left = broadcast_count(b);
	assert_in_range(left, 4, 6); /* 2 of them in the ring */

	/* Those who stopped first had to go, and nobody else. */
	for (size_t i = 0; i < READERS; i++) {
		client_read(&stopped[i], SIZE_MAX);
		assert_int_equal(stopped[i].closed, i < READERS - left);
		client_close(&stopped[i]);
	}
	turn(f);
	assert_int_equal(b->ring.held_bytes, 0);
	assert_int_equal(b->waiting_bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(head_delay_and_what_is_first_come_before_the_events),
		TEST(each_gets_what_its_filter_wants),
		TEST(the_ring_continues_what_it_still_holds),
		TEST(what_everybody_has_goes_within_a_second),
		TEST(the_past_and_the_present_meet_without_gap_or_double),
		TEST(a_past_that_is_not_there_yet_is_asked_for_each_second),
		TEST(a_past_that_cannot_be_read_ends_the_subscriber),
		TEST(who_stops_reading_holds_nobody_up_and_is_dropped),
		TEST(who_reads_on_after_a_burst_gets_all_of_it),
		TEST(what_waits_for_stopped_readers_has_a_bound),
		TEST(who_takes_nothing_for_half_a_minute_is_dropped),
		TEST(a_burst_within_one_turn_is_not_washed_away),
		TEST(leaving_is_noticed),
		TEST(a_comment_comes_every_15_seconds),
		TEST(the_number_of_subscribers_has_a_bound),
		TEST(the_end_is_orderly),
		TEST(some_can_be_ended_and_the_others_go_on),
		TEST(chance_finds_no_gap_and_no_double),
		cmocka_unit_test(a_subscriber_costs_less_than_half_a_kilobyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
