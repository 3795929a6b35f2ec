#include "collectors/kruxosd/alert_engine.c"

#include <setjmp.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A night in a virtual machine: nothing but what the test turns. */
struct night {
	struct config *config;
	struct alert_engine *engine;
	double figures[FIGURE_COUNT];
	struct alert_service services[2];
	size_t service_count;
	const char *audit_failure;
	usec_t now; /* CLOCK_BOOTTIME, at 1 h at first */
	char told[4096];
	uint64_t told_count; /* of what was told last */
};

static struct alert_time
at(const struct night *night)
{
	return (
	    struct alert_time){ 1000 * USEC_PER_DAY + night->now, night->now };
}

/* "fire Service down/gateway; " */
static void
on_told(void *context, const struct alert *alert, enum alert_event event,
    usec_t realtime)
{
	struct night *night = context;
	size_t len = strlen(night->told);

	assert_int_equal(realtime, at(night).realtime);
	night->told_count = alert->count;
	if (event != ALERT_REPEAT)
		snprintf(night->told + len, sizeof(night->told) - len,
		    "%s %.*s%s%.*s; ", alert_event_name(event),
		    SLICE_ARG(alert->title),
		    alert->service.len + alert->agent_name.len > 0 ? "/" : "",
		    SLICE_ARG(alert->service.data != NULL ? alert->service
							  : alert->agent_name));
}

static void
begin(struct night *night, const char *conf)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;

	*night = (struct night){ .now = USEC_PER_HOUR };
	if (config_parse("/etc/kruxos/kruxos.conf", slice_of(conf),
		&night->config, &problems) == -1)
		fail_msg("%s", problems.data);
	night->engine = alert_engine_new(on_told, night);
	alert_engine_configure(night->engine, night->config);
	figure_clear(night->figures);
}

static void
end(struct night *night)
{
	alert_engine_free(night->engine);
	config_free(night->config);
}

static void
evaluate(struct night *night)
{
	struct alert_input input = {
		.now = at(night),
		.figures = night->figures,
		.services = night->services,
		.service_count = night->service_count,
		.trouble[RULE_AUDIT_WRITE_FAILURE] = night->audit_failure,
	};

	alert_engine_evaluate(night->engine, &input);
}

/* Each second for `seconds`, as they are now. */
static void
pass(struct night *night, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		night->now += USEC_PER_SEC;
		evaluate(night);
	}
}

static void
expect(struct night *night, const char *told)
{
	assert_string_equal(night->told, told);
	night->told[0] = '\0';
}

static const struct alert *
only(const struct night *night)
{
	assert_non_null(alert_engine_at(night->engine, 0));
	assert_null(alert_engine_at(night->engine, 1));
	return alert_engine_at(night->engine, 0);
}

/* --- the conditions of the specification ---------------------------------- */

static void
cpu_fires_after_five_minutes_above_90_percent(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.figures[FIGURE_CPU_PERCENT] = 90.5;
	pass(&night, 1);
	expect(&night, "begin High CPU; ");
	pass(&night, 299);
	expect(&night, "");
	pass(&night, 1);
	expect(&night, "fire High CPU; ");
	assert_int_equal(only(&night)->severity, RULE_WARNING);
	assert_int_equal(only(&night)->state, ALERT_FIRING);
	assert_int_equal(only(&night)->count, 1);
	end(&night);
}

static void
one_quiet_second_begins_the_five_minutes_anew(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.figures[FIGURE_CPU_PERCENT] = 99;
	pass(&night, 299);
	night.figures[FIGURE_CPU_PERCENT] = 50;
	pass(&night, 1);
	expect(&night, "begin High CPU; drop High CPU; ");
	night.figures[FIGURE_CPU_PERCENT] = 99;
	pass(&night, 300);
	expect(&night, "begin High CPU; ");
	end(&night);
}

static void
figures_without_a_time_fire_at_once(void **state)
{
	static const struct {
		enum figure figure;
		double bound;
		const char *title;
		enum rule_severity severity;
	} cases[] = {
		{ FIGURE_MEMORY_PERCENT, 85, "High memory", RULE_WARNING },
		{ FIGURE_DISK_USED_PERCENT, 90, "Disk space", RULE_CRITICAL },
		{ FIGURE_APPROVAL_WAITING_SECONDS, 1800, "Approval waiting",
		    RULE_INFO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct night night;
		char told[128];

		begin(&night, "");
		night.figures[cases[i].figure] = cases[i].bound;
		pass(&night, 10);
		expect(&night, "");
		night.figures[cases[i].figure] = cases[i].bound + 0.1;
		pass(&night, 1);
		snprintf(told, sizeof(told), "begin %s; fire %s; ",
		    cases[i].title, cases[i].title);
		expect(&night, told);
		assert_int_equal(only(&night)->severity, cases[i].severity);
		end(&night);
	}
}

static void
a_log_that_cannot_be_written_fires_at_once(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.audit_failure = "audit: No space left on device";
	pass(&night, 1);
	expect(&night, "begin Audit write failure; fire Audit write failure; ");
	assert_int_equal(only(&night)->severity, RULE_CRITICAL);
	assert_true(slice_is(only(&night)->message, night.audit_failure));
	night.audit_failure = NULL;
	pass(&night, 15);
	expect(&night, "");
	pass(&night, 1);
	expect(&night, "resolve Audit write failure; ");
	end(&night);
}

static void
a_service_fires_when_it_is_down_and_says_why(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.service_count = 1;
	night.services[0] =
	    (struct alert_service){ "gateway", OBSERVED_UNKNOWN, "", 0 };
	pass(&night, 20);
	expect(&night, "");
	night.services[0].status = OBSERVED_UNHEALTHY;
	night.services[0].details = "connection refused";
	pass(&night, 1);
	expect(
	    &night, "begin Service down/gateway; fire Service down/gateway; ");
	assert_true(slice_is(
	    only(&night)->message, "gateway is down: connection refused"));
	night.services[0].status = OBSERVED_UNKNOWN;
	pass(&night, 600);
	expect(&night, ""); /* not known is not well */
	night.services[0].status = OBSERVED_HEALTHY;
	pass(&night, 6);
	expect(&night, "resolve Service down/gateway; ");
	end(&night);
}

static void
a_rate_limit_is_one_alert_an_agent_and_counts(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	for (int i = 0; i < 10000; i++)
		alert_engine_rate_limit(
		    night.engine, slice_of("crawler"), at(&night));
	expect(&night, "fire Rate limit exceeded/crawler; ");
	assert_int_equal(only(&night)->count, 10000);
	assert_int_equal(only(&night)->severity, RULE_WARNING);
	pass(&night, 299);
	expect(&night, "");
	pass(&night, 1);
	expect(&night, "resolve Rate limit exceeded/crawler; ");
	end(&night);
}

/* --- states --------------------------------------------------------------- */

static void
what_is_not_known_neither_fires_nor_resolves(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	pass(&night, 600);
	expect(&night, "");
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	expect(&night, "begin Disk space; fire Disk space; ");
	figure_clear(night.figures);
	pass(&night, 600);
	expect(&night, "");
	assert_int_equal(only(&night)->state, ALERT_FIRING);
	end(&night);
}

static void
it_resolves_below_a_margin_and_after_a_while(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	night.told[0] = '\0';
	night.figures[FIGURE_DISK_USED_PERCENT] = 89; /* within the margin */
	pass(&night, 600);
	expect(&night, "");
	night.figures[FIGURE_DISK_USED_PERCENT] = 88;
	pass(&night, 15);
	expect(&night, "");
	pass(&night, 1);
	expect(&night, "resolve Disk space; ");
	assert_int_equal(only(&night)->resolved_at, at(&night).realtime);
	end(&night);
}

static void
one_that_comes_back_must_be_clear_for_longer(void **state)
{
	struct night night;
	unsigned seconds[] = { 15, 30, 60, 120, 240, 300, 300 };

	(void)state;
	begin(&night, "");
	for (size_t i = 0; i < COUNT(seconds); i++) {
		night.figures[FIGURE_DISK_USED_PERCENT] = 95;
		pass(&night, 1);
		expect(&night, "begin Disk space; fire Disk space; ");
		assert_int_equal(only(&night)->count, i + 1);
		night.figures[FIGURE_DISK_USED_PERCENT] = 10;
		pass(&night, seconds[i]);
		expect(&night, "");
		pass(&night, 1);
		expect(&night, "resolve Disk space; ");
	}
	assert_int_equal(only(&night)->first_seen,
	    1000 * USEC_PER_DAY + USEC_PER_HOUR + USEC_PER_SEC);
	end(&night);
}

static void
after_a_day_it_is_another_alert(void **state)
{
	struct night night;
	uint64_t id;

	(void)state;
	begin(&night, "");
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	id = only(&night)->id;
	night.figures[FIGURE_DISK_USED_PERCENT] = 10;
	pass(&night, 16);
	night.now += USEC_PER_DAY;
	pass(&night, 1);
	assert_null(alert_engine_at(night.engine, 0));
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	assert_true(only(&night)->id > id);
	assert_int_equal(only(&night)->count, 1);
	end(&night);
}

static void
an_acknowledgement_lasts_until_it_comes_back(void **state)
{
	struct night night;
	struct error err;
	uint64_t id;

	(void)state;
	begin(&night, "");
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	id = only(&night)->id;
	assert_int_equal(
	    alert_engine_acknowledge(night.engine, id, slice_of("alice"),
		slice_of("a disk is ordered"), at(&night), &err),
	    0);
	assert_true(slice_is(only(&night)->acknowledged_by, "alice"));
	expect(&night,
	    "begin Disk space; fire Disk space; acknowledge Disk space; ");
	night.figures[FIGURE_DISK_USED_PERCENT] = 10;
	pass(&night, 16);
	assert_true(slice_is(only(&night)->acknowledged_by, "alice"));
	assert_int_equal(alert_engine_acknowledge(night.engine, id,
			     slice_of("alice"), slice_of(""), at(&night), &err),
	    -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	assert_null(only(&night)->acknowledged_by.data);
	assert_null(only(&night)->note.data);
	end(&night);
}

/* --- floods --------------------------------------------------------------- */

static void
a_child_waits_while_its_parent_is_down(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.service_count = 2;
	night.services[0] = (struct alert_service){ "child", OBSERVED_UNHEALTHY,
		"timed out", 1 << 1 };
	night.services[1] = (struct alert_service){ "parent",
		OBSERVED_UNHEALTHY, "refused", 0 };
	pass(&night, 60);
	expect(&night, "begin Service down/child; begin Service down/parent; "
		       "fire Service down/parent; ");
	night.services[1].status = OBSERVED_HEALTHY;
	pass(&night, 6);
	expect(&night, "resolve Service down/parent; ");
	pass(&night, 1);
	expect(&night, "fire Service down/child; ");
	end(&night);
}

static void
a_child_that_recovers_with_its_parent_was_never_told(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.service_count = 2;
	night.services[0] = (struct alert_service){ "child", OBSERVED_UNHEALTHY,
		"timed out", 1 << 1 };
	night.services[1] = (struct alert_service){ "parent",
		OBSERVED_UNHEALTHY, "refused", 0 };
	pass(&night, 5);
	night.told[0] = '\0';
	night.services[0].status = night.services[1].status = OBSERVED_HEALTHY;
	pass(&night, 6);
	expect(
	    &night, "drop Service down/child; resolve Service down/parent; ");
	end(&night);
}

static void
what_the_log_tells_waits_while_it_stands_still(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.audit_failure = "audit: Input/output error";
	night.figures[FIGURE_APPROVAL_WAITING_SECONDS] = 9999;
	pass(&night, 1);
	expect(&night, "begin Audit write failure; fire Audit write failure; "
		       "begin Approval waiting; ");
	night.audit_failure = NULL;
	pass(&night, 1);
	expect(&night, "fire Approval waiting; ");
	end(&night);
}

static void
an_agent_that_floods_has_one_row_and_a_count(void **state)
{
	struct night night;
	struct alert_words words = {
		.agent_name = slice_of("deployer"),
		.severity = RULE_WARNING,
		.title = slice_of("Deployment failed"),
		.message = slice_of("Tests failed"),
		.seq = 7,
	};

	(void)state;
	begin(&night, "");
	for (int i = 0; i < 10000; i++)
		alert_engine_send(night.engine, &words, at(&night));
	expect(&night, "fire Deployment failed/deployer; ");
	assert_int_equal(only(&night)->count, 10000);
	assert_int_equal(only(&night)->seq, 7);
	assert_int_equal(night.told_count, 1);
	pass(&night, 1);
	assert_int_equal(night.told_count, 10000);
	words.severity = RULE_CRITICAL;
	alert_engine_send(night.engine, &words, at(&night));
	words.severity = RULE_INFO;
	alert_engine_send(night.engine, &words, at(&night));
	assert_int_equal(only(&night)->severity, RULE_CRITICAL);
	night.now += USEC_PER_DAY;
	pass(&night, 1);
	expect(&night, "resolve Deployment failed/deployer; ");
	end(&night);
}

static size_t
count_held(const struct night *night)
{
	size_t count = 0;

	while (alert_engine_at(night->engine, count) != NULL)
		count++;
	return count;
}

static void
titles_by_the_thousand_are_bounded(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	for (int agent = 0; agent < 40; agent++)
		for (int i = 0; i < 1000; i++) {
			char title[32], name[32];
			struct alert_words words = { .severity = RULE_INFO };

			snprintf(title, sizeof(title), "alert %d", i);
			snprintf(name, sizeof(name), "agent-%d", agent);
			words.title = slice_of(title);
			words.agent_name = slice_of(name);
			alert_engine_send(night.engine, &words, at(&night));
		}
	assert_true(count_held(&night) <= ALERT_ENGINE_AGENTS + 41);
	/* There is room for what the machine itself has to say. */
	night.told[0] = '\0';
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	expect(&night, "begin Disk space; fire Disk space; ");
	end(&night);
}

static void
rate_limits_of_agents_by_the_thousand_are_bounded(void **state)
{
	struct night night;
	const struct alert *beyond;

	(void)state;
	begin(&night, "");
	for (int agent = 0; agent < 3 * ALERT_ENGINE_MAX; agent++) {
		char name[32];

		snprintf(name, sizeof(name), "agent-%d", agent);
		alert_engine_rate_limit(
		    night.engine, slice_of(name), at(&night));
		night.told[0] = '\0';
	}
	assert_int_equal(count_held(&night), ALERT_ENGINE_LIMITED + 1);
	beyond = alert_engine_at(night.engine, ALERT_ENGINE_LIMITED);
	assert_null(beyond->agent_name.data);
	assert_int_equal(
	    beyond->count, 3 * ALERT_ENGINE_MAX - ALERT_ENGINE_LIMITED);
	night.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&night, 1);
	expect(&night, "begin Disk space; fire Disk space; ");
	end(&night);
}

static void
long_words_are_cut_and_half_a_context_is_none(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct night night;
	struct alert_words words = { .severity = RULE_INFO };

	(void)state;
	begin(&night, "");
	for (int i = 0; i < 10000; i++)
		buf_add_str(&text, "ä");
	words.agent_name = slice_of("a");
	words.title = words.message = words.context = buf_slice(&text);
	alert_engine_send(night.engine, &words, at(&night));
	assert_int_equal(only(&night)->title.len, ALERT_TITLE_BYTES);
	assert_int_equal(only(&night)->message.len, ALERT_MESSAGE_BYTES);
	assert_null(only(&night)->context.data);
	end(&night);
}

/* --- rules of one's own --------------------------------------------------- */

static void
rules_are_amended_added_and_taken_away(void **state)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct night night;
	struct config *config;

	(void)state;
	begin(&night, "[alert disk-space]\nwhen = disk_used_percent > 50\n"
		      "severity = info\n[alert high-memory]\nenabled = no\n"
		      "[alert slow-http]\nwhen = http_p99_ms > 500 for 5m\n");
	night.figures[FIGURE_DISK_USED_PERCENT] = 60;
	night.figures[FIGURE_MEMORY_PERCENT] = 99;
	night.figures[FIGURE_HTTP_P99_MS] = 600;
	pass(&night, 301);
	expect(&night, "begin Disk space; fire Disk space; begin slow-http; "
		       "fire slow-http; ");
	assert_int_equal(
	    config_parse("/x", slice_of(""), &config, &problems), 0);
	alert_engine_configure(night.engine, config);
	config_free(config);
	pass(&night, 1);
	expect(
	    &night, "begin High memory; fire High memory; resolve slow-http; ");
	pass(&night, 15);
	expect(&night, "resolve Disk space; ");
	end(&night);
}

static void
what_was_there_before_the_start_goes_on(void **state)
{
	struct night before, after;

	(void)state;
	begin(&before, "");
	before.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&before, 1);
	begin(&after, "");
	alert_engine_restore(after.engine, only(&before), at(&after));
	after.figures[FIGURE_DISK_USED_PERCENT] = 95;
	pass(&after, 60);
	expect(&after, "");
	assert_int_equal(only(&after)->id, only(&before)->id);
	after.figures[FIGURE_DISK_USED_PERCENT] = 10;
	pass(&after, 16);
	expect(&after, "resolve Disk space; ");
	after.figures[FIGURE_MEMORY_PERCENT] = 99;
	pass(&after, 1);
	assert_true(alert_engine_at(after.engine, 1)->id > only(&before)->id);
	end(&before);
	end(&after);
}

static void
erased_words_are_gone(void **state)
{
	struct night night;
	struct alert_words words = {
		.agent_name = slice_of("a"),
		.title = slice_of("password"),
		.message = slice_of("hunter2"),
		.seq = 9,
	};

	(void)state;
	begin(&night, "");
	alert_engine_send(night.engine, &words, at(&night));
	alert_engine_erase(night.engine, 8);
	assert_true(slice_is(only(&night)->title, "password"));
	alert_engine_erase(night.engine, 9);
	assert_true(slice_is(only(&night)->title, "(erased)"));
	assert_null(only(&night)->message.data);
	end(&night);
}

/* Printed, not judged: how long 200 rules take. */
static void
two_hundred_rules_are_evaluated(void **state)
{
	cleanup(buf_free) struct buf conf = BUF_INIT;
	struct night night;
	struct timespec begun, ended;

	(void)state;
	for (int i = 0; i < 193; i++)
		buf_addf(&conf, "[alert r%d]\nwhen = %s > 1\n", i,
		    figure_rows[i % FIGURE_COUNT].name);
	begin(&night, conf.data);
	for (int i = 0; i < FIGURE_COUNT; i++)
		night.figures[i] = 2;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < 1000; i++) {
		night.now += USEC_PER_SEC;
		night.told[0] = '\0';
		evaluate(&night);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true(count_held(&night) >= 193);
	print_message("200 rules: %.3f ms\n",
	    (double)(ended.tv_sec - begun.tv_sec) +
		(double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
	end(&night);
}

/* The dependent was looked at first. */
static void
a_dependent_waits_until_its_parent_was_looked_at(void **state)
{
	struct night night;

	(void)state;
	begin(&night, "");
	night.services[0] = (struct alert_service){
		.name = "web", .status = OBSERVED_HEALTHY, .details = ""
	};
	night.services[1] = (struct alert_service){ .name = "shop",
		.status = OBSERVED_UNHEALTHY,
		.details = "",
		.depends_on = 1,
		.patience = 17 * USEC_PER_SEC };
	night.service_count = 2;
	pass(&night, 16);
	expect(&night, "begin Service down/shop; ");
	night.services[0].status = OBSERVED_UNHEALTHY;
	pass(&night, 60);
	expect(&night, "begin Service down/web; fire Service down/web; ");
	night.services[0].status = OBSERVED_HEALTHY;
	pass(&night, 60);
	expect(&night, "resolve Service down/web; fire Service down/shop; ");
	end(&night);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_dependent_waits_until_its_parent_was_looked_at),
		cmocka_unit_test(cpu_fires_after_five_minutes_above_90_percent),
		cmocka_unit_test(one_quiet_second_begins_the_five_minutes_anew),
		cmocka_unit_test(figures_without_a_time_fire_at_once),
		cmocka_unit_test(a_log_that_cannot_be_written_fires_at_once),
		cmocka_unit_test(a_service_fires_when_it_is_down_and_says_why),
		cmocka_unit_test(a_rate_limit_is_one_alert_an_agent_and_counts),
		cmocka_unit_test(what_is_not_known_neither_fires_nor_resolves),
		cmocka_unit_test(it_resolves_below_a_margin_and_after_a_while),
		cmocka_unit_test(one_that_comes_back_must_be_clear_for_longer),
		cmocka_unit_test(after_a_day_it_is_another_alert),
		cmocka_unit_test(an_acknowledgement_lasts_until_it_comes_back),
		cmocka_unit_test(a_child_waits_while_its_parent_is_down),
		cmocka_unit_test(
		    a_child_that_recovers_with_its_parent_was_never_told),
		cmocka_unit_test(
		    what_the_log_tells_waits_while_it_stands_still),
		cmocka_unit_test(an_agent_that_floods_has_one_row_and_a_count),
		cmocka_unit_test(titles_by_the_thousand_are_bounded),
		cmocka_unit_test(
		    rate_limits_of_agents_by_the_thousand_are_bounded),
		cmocka_unit_test(long_words_are_cut_and_half_a_context_is_none),
		cmocka_unit_test(rules_are_amended_added_and_taken_away),
		cmocka_unit_test(what_was_there_before_the_start_goes_on),
		cmocka_unit_test(erased_words_are_gone),
		cmocka_unit_test(two_hundred_rules_are_evaluated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
