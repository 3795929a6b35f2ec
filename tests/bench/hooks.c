/* What a whole process takes, from its start to its end: a program is run again
 * and again, one time after the other.
 *
 *	hooks COUNT PROGRAM [ARGUMENT...] <TEMPLATES
 *
 * Each line of TEMPLATES is its standard input in turn, COUNT times all of
 *them; in it each '@' is the number of the round. A line of output for each:
 *the median and the 99th percentile in µs.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

enum {
	TEMPLATES = 8,
	TEMPLATE_BYTES = 32 << 10, /* of a pipe that nobody reads yet */
};

static void
die(const char *what)
{
	fprintf(stderr, "hooks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
make_input(struct slice template, uint64_t round)
{
	cleanup(buf_free) struct buf input = BUF_INIT;
	int ends[2];

	for (size_t i = 0; i < template.len; i++)
		if (template.data[i] == '@')
			buf_add_u64(&input, round);
		else
			buf_add_char(&input, template.data[i]);
	if (pipe(ends) == -1 ||
	    write(ends[1], input.data, input.len) != (ssize_t)input.len)
		die("pipe");
	close(ends[1]);
	return ends[0];
}

static usec_t
run_once(char **argv, int input)
{
	posix_spawn_file_actions_t actions;
	usec_t begun;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	begun = clock_monotonic(&clock_system);
	errno = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0 || waitpid(pid, &status, 0) == -1)
		die(argv[0]);
	begun = clock_monotonic(&clock_system) - begun;
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0) {
		fprintf(stderr, "hooks: %s failed\n", argv[0]);
		exit(1);
	}
	return begun;
}

static int
compare(const void *a, const void *b)
{
	usec_t first = *(const usec_t *)a, second = *(const usec_t *)b;

	return (first > second) - (first < second);
}

static void
print(usec_t *took, size_t count)
{
	qsort(took, count, sizeof(*took), compare);
	printf("%llu %llu\n", (unsigned long long)took[count / 2],
	    (unsigned long long)took[count - 1 - count / 100]);
}

int
main(int argc, char **argv)
{
	char text[TEMPLATE_BYTES];
	struct slice rest = { text, fread(text, 1, sizeof(text), stdin) };
	struct slice templates[TEMPLATES];
	usec_t *took[TEMPLATES];
	size_t kinds = 0;
	uint64_t count;

	if (argc < 3 ||
	    number_parse_u64(slice_of(argv[1]), 1, 1000000, &count) == -1) {
		fprintf(stderr, "Usage: hooks COUNT PROGRAM [ARGUMENT...]\n");
		return 64;
	}
	while (kinds < TEMPLATES && slice_take_line(&rest, &templates[kinds]))
		took[kinds++] =
		    memory_new(memory_product(count, sizeof(**took)));
	for (uint64_t round = 0; round < count; round++)
		for (size_t i = 0; i < kinds; i++) {
			int input = make_input(templates[i], round);

			took[i][round] = run_once(argv + 2, input);
			close(input);
		}
	for (size_t i = 0; i < kinds; i++) {
		print(took[i], count);
		free(took[i]);
	}
	return 0;
}
