#include "fcgi/judgement.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config *config;

static int
setup(void **state)
{
	(void)state;
	config = read_config("");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static void
the_page_decides_what_is_healthy(void **state)
{
	static const struct {
		enum status_refusal refusal;
		enum status_integrity integrity;
		enum status_index index;
		enum status_state db;
		enum health audit, state, overall;
	} cases[] = {
		{ STATUS_ACCEPTING, STATUS_UNKNOWN, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_HEALTHY,
		    HEALTH_HEALTHY },
		{ STATUS_ACCEPTING, STATUS_CHECKING, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_HEALTHY,
		    HEALTH_HEALTHY },
		{ STATUS_ACCEPTING, STATUS_DAMAGED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_DEGRADED, HEALTH_HEALTHY,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_FAILING,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_REBUILDING,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_LOST, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_FAILING, HEALTH_HEALTHY, HEALTH_UNHEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_STARTING, STATUS_UNKNOWN, STATUS_INDEX_FAILING,
		    STATUS_STATE_FAILING, HEALTH_DEGRADED, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_STOPPING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_STOPPED, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_WRITE_FAILED, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_DISK_FULL, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_READ_ONLY, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view view = good_view();

		view.status.refusal = cases[i].refusal;
		view.status.integrity = cases[i].integrity;
		view.status.index = cases[i].index;
		view.status.state = cases[i].db;
		assert_int_equal(audit_health(&view), cases[i].audit);
		assert_int_equal(state_health(&view), cases[i].state);
		assert_int_equal(
		    judgement_of_all(config, &view), cases[i].overall);
	}
}

static void
what_is_not_critical_only_degrades(void **state)
{
	struct config *lenient =
	    read_config("[service audit]\ncritical = no\n");
	struct view view = good_view();

	(void)state;
	view.status.refusal = STATUS_DISK_FULL;
	assert_int_equal(judgement_of_all(lenient, &view), HEALTH_DEGRADED);
	/* But a daemon that is gone is never that. */
	view.is_there = false;
	assert_int_equal(judgement_of_all(lenient, &view), HEALTH_UNHEALTHY);
	config_free(lenient);
}

static void
samples_that_stop_are_noticed(void **state)
{
	static const struct {
		usec_t sampled, up; /* seconds ago; 0: never */
		enum health overall;
	} cases[] = {
		{ 1, 100, HEALTH_HEALTHY },
		{ 15, 100, HEALTH_HEALTHY },
		{ 16, 100, HEALTH_UNHEALTHY },
		{ 0, 3, HEALTH_HEALTHY },
		{ 0, 16, HEALTH_UNHEALTHY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct view view = good_view();

		view.status.sampled_at =
		    cases[i].sampled == 0
			? 0
			: BOOT - cases[i].sampled * USEC_PER_SEC;
		view.status.started_at = NOW - cases[i].up * USEC_PER_SEC;
		assert_int_equal(
		    judgement_of_all(config, &view), cases[i].overall);
	}
}

static void
an_observer_that_is_silent_is_never_healthy(void **state)
{
	static const struct {
		usec_t reported, up; /* seconds ago; 0: never */
		enum health overall;
	} cases[] = {
		{ 1, 100, HEALTH_HEALTHY },
		{ 15, 100, HEALTH_HEALTHY },
		{ 16, 100, HEALTH_DEGRADED },
		{ 0, 3, HEALTH_HEALTHY },
		{ 0, 16, HEALTH_DEGRADED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct view view = good_view();

		view.observed.observer_at =
		    cases[i].reported == 0
			? 0
			: BOOT - cases[i].reported * USEC_PER_SEC;
		view.status.started_at = NOW - cases[i].up * USEC_PER_SEC;
		assert_int_equal(
		    judgement_of_all(config, &view), cases[i].overall);
		assert_int_equal(judgement_issues(config, &view),
		    cases[i].overall == HEALTH_DEGRADED);
	}
}

static void
a_service_counts_as_it_is_seen(void **state)
{
	static const struct {
		bool critical;
		enum observed_status seen;
		unsigned ago; /* seconds */
		enum health shown, overall;
	} cases[] = {
		{ false, OBSERVED_HEALTHY, 1, HEALTH_HEALTHY, HEALTH_HEALTHY },
		{ false, OBSERVED_DEGRADED, 1, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ false, OBSERVED_UNHEALTHY, 1, HEALTH_UNHEALTHY,
		    HEALTH_DEGRADED },
		{ true, OBSERVED_DEGRADED, 1, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ true, OBSERVED_UNHEALTHY, 1, HEALTH_UNHEALTHY,
		    HEALTH_UNHEALTHY },
		/* Checked, but silent: it fails, and nobody knows how. */
		{ false, OBSERVED_HEALTHY, 46, HEALTH_UNKNOWN,
		    HEALTH_DEGRADED },
		{ true, OBSERVED_HEALTHY, 46, HEALTH_UNKNOWN,
		    HEALTH_UNHEALTHY },
		{ true, OBSERVED_HEALTHY, 45, HEALTH_HEALTHY, HEALTH_HEALTHY },
		/* New, so that its first check may still come. */
		{ true, OBSERVED_UNKNOWN, 1, HEALTH_UNKNOWN, HEALTH_HEALTHY },
		{ true, OBSERVED_UNKNOWN, 46, HEALTH_UNKNOWN,
		    HEALTH_UNHEALTHY },
	};
	struct config *both[] = {
		read_config("[service mail]\nkind = tcp\ntarget = mail:25\n"),
		read_config("[service mail]\nkind = tcp\ntarget = mail:25\n"
			    "critical = yes\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct config *of = both[cases[i].critical];
		const struct config_service *mail =
		    config_service(of, SLICE_LITERAL("mail"));
		struct view view = good_view();

		add_seen(&view, "mail", cases[i].seen, cases[i].ago);
		assert_int_equal(
		    judgement_of_service(mail, &view), cases[i].shown);
		assert_int_equal(judgement_of_all(of, &view), cases[i].overall);
		assert_int_equal(judgement_issues(of, &view),
		    cases[i].overall != HEALTH_HEALTHY);
	}
	config_free(both[0]);
	config_free(both[1]);
}

static void
a_first_check_may_still_come(void **state)
{
	struct config *of = read_config("[service mail]\nkind = tcp\n"
					"target = mail:25\ncritical = yes\n");
	struct view view = good_view();

	(void)state;
	view.status.started_at = NOW - 10 * USEC_PER_SEC;
	assert_int_equal(judgement_of_all(of, &view), HEALTH_HEALTHY);
	view.status.started_at = NOW - 46 * USEC_PER_SEC;
	assert_int_equal(judgement_of_all(of, &view), HEALTH_UNHEALTHY);
	config_free(of);
}

static void
what_nobody_is_to_check_counts_for_nothing(void **state)
{
	struct view view = good_view();

	(void)state;
	/* An old report of one that is configured otherwise by now. */
	add_seen(&view, "gateway", OBSERVED_UNHEALTHY, 1);
	assert_int_equal(
	    judgement_of_service(&config->services[0], &view), HEALTH_UNKNOWN);
	assert_int_equal(judgement_of_all(config, &view), HEALTH_HEALTHY);
	assert_int_equal(judgement_issues(config, &view), 0);
}

static void
the_issues_of_a_daemon_that_is_gone(void **state)
{
	struct view view = good_view();

	(void)state;
	view.is_there = false;
	/* It does not report, so neither audit nor state can work. */
	assert_int_equal(judgement_issues(config, &view), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_decides_what_is_healthy),
		cmocka_unit_test(what_is_not_critical_only_degrades),
		cmocka_unit_test(samples_that_stop_are_noticed),
		cmocka_unit_test(an_observer_that_is_silent_is_never_healthy),
		cmocka_unit_test(a_service_counts_as_it_is_seen),
		cmocka_unit_test(a_first_check_may_still_come),
		cmocka_unit_test(what_nobody_is_to_check_counts_for_nothing),
		cmocka_unit_test(the_issues_of_a_daemon_that_is_gone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
