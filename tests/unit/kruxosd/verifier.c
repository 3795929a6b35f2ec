#include "collectors/kruxosd/verifier.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/maker.h"

#include <time.h>

struct scene {
	struct maker maker;
	struct verifier *verifier;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	diag_init("", (enum diag_level)0); /* failures are what is tested */
	maker_init(&scene->maker);
	maker_open(&scene->maker, MAKER_DAY, 1);
	maker_fill(&scene->maker, 9); /* 2 … 10 */
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	verifier_free(scene->verifier);
	maker_free(&scene->maker);
	free(scene);
	return 0;
}

static void
start(struct scene *scene, const struct verifier_state *known, uint64_t seq)
{
	struct error err;

	scene->verifier = verifier_new(scene->maker.dir, &clock_system, known);
	verifier_durable(scene->verifier, seq);
	assert_int_equal(verifier_start(scene->verifier, &err), 0);
}

static void
stop(struct scene *scene)
{
	verifier_free(scene->verifier);
	scene->verifier = NULL;
}

/* Wait until it says so, through that seq. */
static struct verifier_state
wait_until(struct scene *scene, enum status_integrity integrity, uint64_t seq)
{
	usec_t deadline = clock_monotonic(&clock_system) + 20 * USEC_PER_SEC;
	struct timespec pause = { 0, 2000000 };
	struct verifier_state state;

	do {
		verifier_get(scene->verifier, &state);
		if (state.integrity == integrity && state.seq >= seq)
			return state;
		nanosleep(&pause, NULL);
	} while (clock_monotonic(&clock_system) < deadline);
	fail_msg("still %d through %llu", (int)state.integrity,
	    (unsigned long long)state.seq);
	return state;
}

static struct verifier_state
wait_until_answered(struct scene *scene)
{
	usec_t deadline = clock_monotonic(&clock_system) + 20 * USEC_PER_SEC;
	struct timespec pause = { 0, 2000000 };
	struct verifier_state state;

	do {
		verifier_get(scene->verifier, &state);
		if (!state.is_asked)
			return state;
		nanosleep(&pause, NULL);
	} while (clock_monotonic(&clock_system) < deadline);
	fail_msg("no answer");
	return state;
}

static void
change_byte(struct scene *scene, uint64_t offset)
{
	char path[128];
	char byte;
	int fd;

	snprintf(
	    path, sizeof(path), "%s/%s", scene->maker.dir, scene->maker.file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	close(fd);
}

static void
a_log_never_read_is_read_whole_and_then_followed(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	struct verifier_state found;

	start(scene, &nothing, 10);
	found = wait_until(scene, STATUS_VERIFIED, 10);
	assert_int_equal(found.seq, 10);
	assert_memory_equal(found.hash, scene->maker.hash, SHA256_BYTES);
	assert_int_not_equal(found.whole_at, 0);
	maker_fill(&scene->maker, 5);
	verifier_durable(scene->verifier, 15);
	found = wait_until(scene, STATUS_VERIFIED, 15);
	assert_memory_equal(found.hash, scene->maker.hash, SHA256_BYTES);
}

static void
it_reads_no_further_than_what_is_durable(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };

	start(scene, &nothing, 7);
	assert_int_equal(wait_until(scene, STATUS_VERIFIED, 7).seq, 7);
	verifier_durable(scene->verifier, 9);
	assert_int_equal(wait_until(scene, STATUS_VERIFIED, 9).seq, 9);
}

static void
an_empty_log_holds(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };

	start(scene, &nothing, 0);
	assert_int_equal(wait_until(scene, STATUS_VERIFIED, 0).whole_at, 0);
}

static void
it_goes_on_from_what_is_known(void **state)
{
	struct scene *scene = *state;
	struct verifier_state known = {
		.seq = 10,
		.whole_at = clock_realtime(&clock_system),
	};

	memcpy(known.hash, scene->maker.hash, SHA256_BYTES);
	/* Known to be good: it is not read again before the day is over. */
	change_byte(scene, 200);
	maker_fill(&scene->maker, 5);
	start(scene, &known, 15);
	assert_int_equal(
	    wait_until(scene, STATUS_VERIFIED, 15).whole_at, known.whole_at);
}

static void
a_day_later_the_whole_is_read_again(void **state)
{
	struct scene *scene = *state;
	struct verifier_state known = {
		.seq = 10,
		.whole_at = clock_realtime(&clock_system) - WHOLE_EVERY,
	};

	memcpy(known.hash, scene->maker.hash, SHA256_BYTES);
	change_byte(scene, 200);
	start(scene, &known, 10);
	assert_non_null(
	    strstr(wait_until(scene, STATUS_DAMAGED, 0).damage, "line 1"));
}

static void
damage_in_what_is_new_is_found_and_stays(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	struct verifier_state found;
	uint64_t offset;

	start(scene, &nothing, 10);
	wait_until(scene, STATUS_VERIFIED, 10);
	offset = scene->maker.bytes + 30;
	maker_fill(&scene->maker, 2);
	change_byte(scene, offset);
	verifier_durable(scene->verifier, 12);
	found = wait_until(scene, STATUS_DAMAGED, 0);
	assert_int_equal(found.seq, 10);
	assert_non_null(strstr(found.damage, "entry 11"));
	stop(scene);
	/* A restart does not forget; what holds again is said to. */
	start(scene, &found, 12);
	verifier_get(scene->verifier, &found);
	assert_int_equal(found.integrity, STATUS_DAMAGED);
	stop(scene);
	change_byte(scene, offset);
	found.whole_at = 0;
	start(scene, &found, 12);
	assert_string_equal(wait_until(scene, STATUS_VERIFIED, 12).damage, "");
}

/* By whom else than retention, which says so in the log. */
static void
a_beginning_taken_away_is_damage(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	char path[128];

	snprintf(
	    path, sizeof(path), "%s/%s", scene->maker.dir, scene->maker.file);
	maker_open(&scene->maker, MAKER_DAY, 2);
	assert_int_equal(unlink(path), 0);
	start(scene, &nothing, 11);
	assert_non_null(strstr(wait_until(scene, STATUS_DAMAGED, 0).damage,
	    "entry 11: log.retention"));
}

static void
an_end_taken_away_is_damage(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };

	start(scene, &nothing, 10);
	wait_until(scene, STATUS_VERIFIED, 10);
	verifier_durable(scene->verifier, 12); /* and is not there */
	assert_non_null(strstr(wait_until(scene, STATUS_DAMAGED, 0).damage,
	    "ends before entry 11"));
}

/* What somebody else has seen counts until the whole was read since. */
static void
damage_that_was_told_stays_until_the_whole_is_read_again(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	struct verifier_state found;

	start(scene, &nothing, 10);
	wait_until(scene, STATUS_VERIFIED, 10);
	verifier_tell_damage(scene->verifier, "the file was removed");
	verifier_get(scene->verifier, &found);
	assert_int_equal(found.integrity, STATUS_DAMAGED);
	assert_string_equal(found.damage, "the file was removed");
	/* What is new is followed, and takes nothing back. */
	maker_fill(&scene->maker, 5);
	verifier_durable(scene->verifier, 15);
	found = wait_until(scene, STATUS_DAMAGED, 15);
	assert_string_equal(found.damage, "the file was removed");
	stop(scene);
	start(scene, &found, 15);
	assert_string_equal(
	    wait_until(scene, STATUS_DAMAGED, 15).damage, found.damage);
	stop(scene);
	found.whole_at = 0;
	start(scene, &found, 15);
	assert_string_equal(wait_until(scene, STATUS_VERIFIED, 15).damage, "");
}

static void
it_ends_at_once(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	usec_t before = clock_monotonic(&clock_system);

	start(scene, &nothing, 10);
	stop(scene);
	assert_true(
	    clock_monotonic(&clock_system) - before < 10 * USEC_PER_SEC);
}

/* What was changed behind its back is found when it is asked for. */
static void
whoever_asks_has_the_whole_read_at_once(void **state)
{
	struct scene *scene = *state;
	struct verifier_state nothing = { 0 };
	struct verifier_state found;
	usec_t first;

	start(scene, &nothing, 10);
	first = wait_until(scene, STATUS_VERIFIED, 10).whole_at;
	verifier_ask(scene->verifier);
	verifier_get(scene->verifier, &found);
	assert_true(found.is_asked || found.whole_at > first);
	found = wait_until_answered(scene);
	assert_true(found.whole_at > first);
	assert_int_equal(found.integrity, STATUS_VERIFIED);
	assert_int_equal(found.seq, 10);
	change_byte(scene, 1000);
	verifier_ask(scene->verifier);
	found = wait_until_answered(scene);
	assert_int_equal(found.integrity, STATUS_DAMAGED);
	change_byte(scene, 1000);
	verifier_ask(scene->verifier);
	found = wait_until_answered(scene);
	assert_int_equal(found.integrity, STATUS_VERIFIED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(whoever_asks_has_the_whole_read_at_once),
		TEST(a_log_never_read_is_read_whole_and_then_followed),
		TEST(it_reads_no_further_than_what_is_durable),
		TEST(an_empty_log_holds),
		TEST(it_goes_on_from_what_is_known),
		TEST(a_day_later_the_whole_is_read_again),
		TEST(damage_in_what_is_new_is_found_and_stays),
		TEST(a_beginning_taken_away_is_damage),
		TEST(an_end_taken_away_is_damage),
		TEST(damage_that_was_told_stays_until_the_whole_is_read_again),
		TEST(it_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
