#include <unistd.h>

/* Whom the program runs as. */
static uid_t own_uid(void);
#define geteuid own_uid
#include "collectors/observer/access_log.c"
#undef geteuid

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/observer/made_tree.h"
#include "tests/unit/test_clock.h"

#include <math.h>

#define LINE(path, status, seconds)                                \
	"{\"time\":\"2026-11-23T20:15:08+00:00\",\"path\":\"" path \
	"\",\"status\":" #status ",\"bytes\":1,\"seconds\":" #seconds "}\n"

static struct traffic *traffic;
static struct access_log *log_;
static bool nginx_is_anothers;

static uid_t
own_uid(void)
{
	return geteuid() + (nginx_is_anothers ? 1 : 0);
}

static int
set_up(void **state)
{
	if (tree_make(state) == -1)
		return -1;
	test_now = USEC_PER_HOUR;
	traffic = traffic_new(&test_clock);
	return 0;
}

static int
tear_down(void **state)
{
	access_log_free(log_);
	log_ = NULL;
	nginx_is_anothers = false;
	traffic_free(traffic);
	return tree_remove(state);
}

static void
follow(void)
{
	log_ = access_log_new(tree_path("access.log"), tree_path("nginx.pid"),
	    traffic, &test_clock);
	access_log_turn(log_);
}

static void
append(const char *text)
{
	FILE *file = fopen(tree_path("access.log"), "a");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static double
figure(enum figure wanted)
{
	double figures[FIGURE_COUNT];

	traffic_figures(traffic, figures);
	return figures[wanted];
}

static void
assert_counts(unsigned requests, unsigned bad)
{
	while (access_log_turn(log_))
		;
	assert_int_equal(figure(FIGURE_HTTP_REQUESTS_TOTAL), requests);
	assert_int_equal(figure(FIGURE_HTTP_BAD_LINES_TOTAL), bad);
}

static void
what_was_there_before_is_not_counted(void **state)
{
	(void)state;
	append(LINE("/a", 200, 0.001));
	follow();
	assert_counts(0, 0);
	append(LINE("/a", 200, 0.001) LINE("/a", 503, 0.010));
	assert_counts(2, 0);
	assert_int_equal(figure(FIGURE_HTTP_ERRORS_TOTAL), 1);
	assert_true(figure(FIGURE_HTTP_P50_MS) == 1);
	assert_true(figure(FIGURE_HTTP_P99_MS) == 10);
}

static void
a_file_that_comes_later_is_read_from_its_start(void **state)
{
	(void)state;
	follow();
	append(LINE("/a", 200, 0.001));
	assert_counts(1, 0);
}

static void
a_line_in_two_pieces_is_one(void **state)
{
	(void)state;
	follow();
	append("{\"path\":\"/a\",\"sta");
	assert_counts(0, 0);
	append("tus\":200,\"seconds\":0.5}\n");
	assert_counts(1, 0);
}

static void
broken_lines_are_counted_and_skipped(void **state)
{
	static const char *const broken[] = { "", "junk", "{}", "[1]", "null",
		"{\"path\":1,\"status\":200,\"seconds\":0}",
		"{\"path\":\"/\",\"status\":000,\"seconds\":0}",
		"{\"path\":\"/\",\"status\":99,\"seconds\":0}",
		"{\"path\":\"/\",\"status\":200,\"seconds\":-1}",
		"{\"path\":\"/\",\"status\":200,\"seconds\":\"1\"}",
		"{\"path\":\"/\xff\",\"status\":200,\"seconds\":1}" };
	unsigned count = sizeof(broken) / sizeof(broken[0]);

	(void)state;
	follow();
	for (unsigned i = 0; i < count; i++) {
		append(broken[i]);
		append("\n" LINE("/a", 200, 0.001));
	}
	assert_counts(count, count);
}

static void
a_line_without_end_is_one_broken_line(void **state)
{
	char piece[4097];

	(void)state;
	memset(piece, 'x', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	follow();
	for (int i = 0; i < 100; i++)
		append(piece);
	assert_counts(0, 1);
	append("\n" LINE("/a", 200, 0.001));
	assert_counts(1, 1);
	assert_true(log_->rest.capacity < 4 * PIECE_BYTES);
}

static void
a_file_that_was_cut_is_read_from_its_start(void **state)
{
	(void)state;
	follow();
	append(LINE("/a", 200, 0.001) LINE("/a", 200, 0.001));
	assert_counts(2, 0);
	tree_write("access.log", LINE("/b", 200, 0.001));
	assert_counts(3, 0);
}

static void
a_file_that_was_replaced_is_read_to_its_end_first(void **state)
{
	int old;

	(void)state;
	follow();
	append(LINE("/a", 200, 0.001));
	assert_counts(1, 0);
	old = open(tree_path("access.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(
	    rename(tree_path("access.log"), tree_path("access.log.1")), 0);
	append(LINE("/new", 200, 0.001));
	assert_counts(1, 0);
	/* A worker writes what it still had. */
	assert_int_equal(write(old, LINE("/old", 200, 0.001),
			     strlen(LINE("/old", 200, 0.001))),
	    (ssize_t)strlen(LINE("/old", 200, 0.001)));
	assert_counts(2, 0);
	test_now += ACCESS_LOG_REST;
	assert_counts(3, 0);
	close(old);
}

static void
a_turn_reads_so_much_and_says_that_there_is_more(void **state)
{
	static const char line[] = LINE("/a", 200, 0.001);
	size_t lines = 2 * ACCESS_LOG_TURN_BYTES / (sizeof(line) - 1);
	FILE *file;

	(void)state;
	follow();
	file = fopen(tree_path("access.log"), "a");
	assert_non_null(file);
	for (size_t i = 0; i < lines; i++)
		fputs(line, file);
	fclose(file);
	assert_true(access_log_turn(log_));
	assert_in_range(figure(FIGURE_HTTP_REQUESTS_TOTAL), 1, lines * 2 / 3);
	assert_counts((unsigned)lines, 0);
}

/* Large, without writing all of it. */
static void
make_large(void)
{
	assert_int_equal(
	    truncate(tree_path("access.log"), ACCESS_LOG_MOST_BYTES), 0);
	log_->offset = ACCESS_LOG_MOST_BYTES;
}

static void
a_large_file_stays_where_nginx_cannot_be_told(void **state)
{
	static const char *const numbers[] = { NULL, "", "junk\n", "1\n", "0\n",
		"99999999999\n" };
	char own[32];

	(void)state;
	follow();
	append("");
	access_log_turn(log_);
	snprintf(own, sizeof(own), "%d\n", getpid()); /* this is no nginx */
	for (size_t i = 0; i <= sizeof(numbers) / sizeof(numbers[0]); i++) {
		bool is_own = i == sizeof(numbers) / sizeof(numbers[0]);

		make_large();
		if (is_own || numbers[i] != NULL)
			tree_write("nginx.pid", is_own ? own : numbers[i]);
		test_now += ROTATE_AGAIN;
		access_log_turn(log_);
		assert_int_equal(access(tree_path("access.log"), F_OK), 0);
		assert_int_equal(access(tree_path("access.log.1"), F_OK), -1);
	}
}

static void
anothers_large_log_is_renamed_for_him_to_begin_a_new_one(void **state)
{
	(void)state;
	nginx_is_anothers = true;
	follow();
	append("");
	access_log_turn(log_);
	make_large();
	access_log_turn(log_);
	assert_int_equal(access(tree_path("access.log"), F_OK), -1);
	assert_int_equal(access(tree_path("access.log.1"), F_OK), 0);
	append(LINE("/new", 200, 0.001));
	test_now += ACCESS_LOG_REST;
	assert_counts(1, 0);
}

static void
a_new_log_that_does_not_come_is_said(void **state)
{
	(void)state;
	nginx_is_anothers = true;
	follow();
	append("");
	access_log_turn(log_);
	make_large();
	access_log_turn(log_);
	assert_false(log_->said);
	test_now += ROTATE_AGAIN;
	access_log_turn(log_);
	assert_true(log_->said);
}

static void
assert_route(const char *path, const char *wanted)
{
	struct buf route = BUF_INIT;

	traffic_route(slice_of(path), &route);
	assert_string_equal(route.data, wanted);
	buf_free(&route);
}

static void
ids_in_paths_are_one_route(void **state)
{
	(void)state;
	assert_route("/", "/");
	assert_route("/health", "/health");
	assert_route("/health/live", "/health/live");
	assert_route("/api/audit", "/api/audit");
	assert_route("/api/audit/42", "/api/audit/:id");
	assert_route("/api/audit/42/line", "/api/audit/:id/line");
	assert_route("/api/audit/export", "/api/audit/export");
	assert_route("/api/sessions/main", "/api/sessions/:id");
	assert_route("/api/sessions/a%2Fb", "/api/sessions/:id");
	assert_route(
	    "/api/proxy/writes/mail/cancel", "/api/proxy/writes/:id/cancel");
	assert_route("/api/approvals/call/accept", "/api/approvals/:id/accept");
	assert_route("/api/session", "/api/session");
	assert_route("/assets/main-T75KDBNY.js", "/assets/:id");
	assert_route("/v1/traces", "/v1/traces");
	assert_route("/a//b/", "/a//b/");
	assert_route("-", "");
	assert_route("", "");
}

static void
add(const char *path, unsigned status, uint64_t latency_ms)
{
	traffic_add(traffic,
	    &(struct traffic_answer){ slice_of(path), status, latency_ms });
}

static void
a_stranger_makes_no_names(void **state)
{
	/* As nginx answers for itself, and to what is there by other words. */
	static const struct {
		const char *path;
		unsigned status;
	} asked[] = { { "/none%d", 404 }, { "/plain%d", 308 },
		{ "/unknown%d", 501 }, { "/%%61pi/%d", 200 },
		{ "//api%d", 200 }, { "/./api%d", 200 } };
	enum { ASKED = sizeof(asked) / sizeof(asked[0]), TIMES = 100 };
	struct observed_route routes[OBSERVED_ROUTES];
	char path[32];

	(void)state;
	for (int i = 0; i < ASKED * TIMES; i++) {
		snprintf(path, sizeof(path), asked[i % ASKED].path, i);
		add(path, asked[i % ASKED].status, 1);
	}
	assert_int_equal(traffic_routes(traffic, routes), 1);
	assert_string_equal(routes[0].name, "other");
	assert_int_equal(routes[0].requests, ASKED * TIMES);
}

static void
there_are_so_many_names_and_the_rest_is_other(void **state)
{
	struct observed_route routes[OBSERVED_ROUTES];
	char path[] = "/aa";

	(void)state;
	for (int i = 0; i < 100; i++) {
		path[1] = (char)('a' + i / 10);
		path[2] = (char)('a' + i % 10);
		add(path, 200, 1);
	}
	assert_int_equal(traffic_routes(traffic, routes), OBSERVED_ROUTES);
	assert_string_equal(routes[0].name, "/aa");
	assert_string_equal(routes[OBSERVED_ROUTES - 1].name, "other");
	assert_int_equal(
	    routes[OBSERVED_ROUTES - 1].requests, 100 - (OBSERVED_ROUTES - 1));
}

static void
latencies_are_of_the_last_five_minutes(void **state)
{
	(void)state;
	add("/a", 200, 1000);
	test_now += 4 * USEC_PER_MIN;
	add("/a", 200, 10);
	assert_true(figure(FIGURE_HTTP_P99_MS) > 900);
	test_now += 2 * USEC_PER_MIN;
	assert_true(figure(FIGURE_HTTP_P99_MS) == 10);
	test_now += USEC_PER_DAY;
	assert_true(isnan(figure(FIGURE_HTTP_P99_MS)));
	assert_int_equal(figure(FIGURE_HTTP_REQUESTS_TOTAL), 2);
}

#define in_a_tree(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_tree(what_was_there_before_is_not_counted),
		in_a_tree(a_file_that_comes_later_is_read_from_its_start),
		in_a_tree(a_line_in_two_pieces_is_one),
		in_a_tree(broken_lines_are_counted_and_skipped),
		in_a_tree(a_line_without_end_is_one_broken_line),
		in_a_tree(a_file_that_was_cut_is_read_from_its_start),
		in_a_tree(a_file_that_was_replaced_is_read_to_its_end_first),
		in_a_tree(a_turn_reads_so_much_and_says_that_there_is_more),
		in_a_tree(a_large_file_stays_where_nginx_cannot_be_told),
		in_a_tree(
		    anothers_large_log_is_renamed_for_him_to_begin_a_new_one),
		in_a_tree(a_new_log_that_does_not_come_is_said),
		cmocka_unit_test(ids_in_paths_are_one_route),
		in_a_tree(a_stranger_makes_no_names),
		in_a_tree(there_are_so_many_names_and_the_rest_is_other),
		in_a_tree(latencies_are_of_the_last_five_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
