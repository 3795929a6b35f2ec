#include "lib/base/memory.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What a child says on stderr while it does `what`, and how it ends. */
static int
in_a_child(void (*what)(void), char *ret_said, size_t size)
{
	int ends[2], status;
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		what();
		_exit(0);
	}
	close(ends[1]);
	len = read(ends[0], ret_said, size - 1);
	ret_said[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
multiply_beyond_all_bounds(void)
{
	memory_product(SIZE_MAX / 2, 3);
}

static void
grow_beyond_all_bounds(void)
{
	size_t capacity = 0;

	memory_grow(NULL, &capacity, SIZE_MAX, 1);
}

#ifdef MEMORY_REPLACES_MALLOC
/* More than there is; the compiler knows no better. */
static volatile size_t too_much = SIZE_MAX / 4;

static void
ask_for_too_much(void)
{
	void *volatile memory = malloc(too_much);

	free(memory);
}

/* By way of libc, as a library might. */
static void
let_a_library_ask_for_too_much(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *lines = fopen("/dev/zero", "r");
	struct rlimit limit = { 64 << 20, 64 << 20 };

	setrlimit(RLIMIT_AS, &limit);
	if (getline(&text, &size, lines) != -1)
		free(text);
}
#endif

static void
a_process_without_memory_says_so_and_ends(void **state)
{
	void (*const ways[])(void) = {
		multiply_beyond_all_bounds,
		grow_beyond_all_bounds,
#ifdef MEMORY_REPLACES_MALLOC
		ask_for_too_much,
		let_a_library_ask_for_too_much,
#endif
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char said[256];
		int status = in_a_child(ways[i], said, sizeof(said));

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
		assert_non_null(strstr(said, ": out of memory ("));
	}
}

static void
new_memory_is_zeroed(void **state)
{
	cleanup(cleanup_free) char *memory = memory_new(1000);
	cleanup(cleanup_free) char *none = memory_new(0);

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(memory[i], 0);
	assert_non_null(none);
}

static void
growing_keeps_elements_and_doubles_the_room(void **state)
{
	cleanup(cleanup_free) uint32_t *numbers = NULL;
	size_t capacity = 0;
	unsigned moved = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		size_t before = capacity;

		numbers =
		    memory_grow(numbers, &capacity, i + 1, sizeof(numbers[0]));
		moved += capacity != before;
		numbers[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(numbers[i], i);
	assert_in_range(moved, 1, 14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_without_memory_says_so_and_ends),
		cmocka_unit_test(new_memory_is_zeroed),
		cmocka_unit_test(growing_keeps_elements_and_doubles_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
