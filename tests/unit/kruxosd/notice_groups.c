#include "collectors/kruxosd/notice_groups.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A night in a virtual machine: nothing but what the test turns. */
struct night {
	struct notice_groups *groups;
	struct config *config;
	usec_t now;	   /* CLOCK_BOOTTIME, at 1 h at first */
	uint64_t silenced; /* the id of an alert */
	bool is_full;
	unsigned offered; /* while it is */
	char told[8192];
	char left[256];
};

#define SECOND USEC_PER_SEC

static struct alert_time
at(const struct night *night)
{
	return (
	    struct alert_time){ 1000 * USEC_PER_DAY + night->now, night->now };
}

static bool
is_silenced(void *context, const struct alert *alert)
{
	struct night *night = context;

	return alert->id == night->silenced;
}

/* "ops: firing 1 resolved 2; ", "ops again: …" */
static int
on_due(void *context, const struct notice *notice, usec_t now)
{
	struct night *night = context;
	cleanup(buf_free) struct buf words = BUF_INIT;

	assert_int_equal(now, at(night).realtime);
	assert_true(notice->count > 0 && notice->count <= NOTICE_ALERTS);
	if (night->is_full) {
		night->offered++;
		return -1;
	}
	buf_addf(&words, "%s%s%s:", night->told, notice->channel->name,
	    notice->is_repeat ? " again" : "");
	for (size_t i = 0; i < notice->count; i++)
		buf_addf(&words, " %s %" PRIu64,
		    alert_state_name(notice->alerts[i]->state),
		    notice->alerts[i]->id);
	buf_add_str(&words, "; ");
	snprintf(night->told, sizeof(night->told), "%s", words.data);
	return 0;
}

static void
on_left(void *context, const char *channel, uint64_t alert)
{
	struct night *night = context;
	size_t len = strlen(night->left);

	snprintf(night->left + len, sizeof(night->left) - len,
	    "%s %" PRIu64 "; ", channel, alert);
}

static void
configure(struct night *night, const char *conf)
{
	cleanup(buf_free) struct buf problems = BUF_INIT;
	struct config *old = night->config;

	if (config_parse("/etc/kruxos/kruxos.conf", slice_of(conf),
		&night->config, &problems) == -1)
		fail_msg("%s", problems.data);
	notice_groups_configure(night->groups, night->config->notifies,
	    night->config->notify_count, at(night));
	config_free(old);
}

static void
begin(struct night *night, const char *conf)
{
	struct notice_listener listener = { is_silenced, on_due, on_left,
		night };

	*night = (struct night){ .now = USEC_PER_HOUR };
	night->groups = notice_groups_new(&listener);
	configure(night, conf);
}

static void
end(struct night *night)
{
	notice_groups_free(night->groups);
	config_free(night->config);
}

static void
pass(struct night *night, usec_t duration)
{
	for (usec_t end = night->now + duration; night->now < end;) {
		night->now += SECOND;
		notice_groups_tick(night->groups, at(night));
	}
}

static void
expect(struct night *night, const char *told)
{
	assert_string_equal(night->told, told);
	night->told[0] = '\0';
}

static struct alert
alert_of(uint64_t id, const char *rule, enum alert_state state)
{
	return (struct alert){ .id = id,
		.fingerprint = 0xf0 + id,
		.state = state,
		.severity = RULE_WARNING,
		.rule = slice_of(rule),
		.title = slice_of(rule),
		.first_seen = 1,
		.resolved_at = state == ALERT_RESOLVED ? 2 : 0 };
}

static void
hear(struct night *night, struct alert alert, enum alert_event event)
{
	notice_groups_hear(night->groups, &alert, event, at(night));
}

static void
fire(struct night *night, uint64_t id, const char *rule)
{
	hear(night, alert_of(id, rule, ALERT_FIRING), ALERT_FIRE);
}

static void
resolve(struct night *night, uint64_t id, const char *rule)
{
	hear(night, alert_of(id, rule, ALERT_RESOLVED), ALERT_RESOLVE);
}

#define OPS "[notify ops]\nkind = webhook\nurl = http://localhost/\n"

static void
a_new_group_waits_for_others_then_is_told(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 20 * SECOND);
	fire(&night, 2, "cpu");
	pass(&night, 9 * SECOND);
	expect(&night, "");
	pass(&night, SECOND);
	expect(&night, "ops: firing 1 firing 2; ");
	end(&night);
}

static void
groups_are_told_apart_by_their_labels(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	fire(&night, 2, "disk");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1; ops: firing 2; ");
	end(&night);
	begin(&night, OPS "group_by = severity\n");
	fire(&night, 1, "cpu");
	fire(&night, 2, "disk");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1 firing 2; ");
	end(&night);
}

static void
a_change_is_told_with_the_next_interval(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1; ");
	fire(&night, 2, "cpu");
	pass(&night, 299 * SECOND);
	expect(&night, "");
	pass(&night, SECOND);
	expect(&night, "ops: firing 1 firing 2; ");
	resolve(&night, 1, "cpu");
	pass(&night, 300 * SECOND);
	expect(&night, "ops: resolved 1 firing 2; ");
	resolve(&night, 2, "cpu");
	pass(&night, 300 * SECOND);
	expect(&night, "ops: resolved 2; ");
	assert_true(TAILQ_EMPTY(&night.groups->items));
	assert_true(TAILQ_EMPTY(&night.groups->channels[0].groups));
	end(&night);
}

static void
what_does_not_change_is_repeated(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1; ");
	pass(&night, 4 * USEC_PER_HOUR - SECOND);
	expect(&night, "");
	pass(&night, SECOND);
	expect(&night, "ops again: firing 1; ");
	end(&night);
}

static void
what_was_over_before_it_was_told_is_not(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 10 * SECOND);
	resolve(&night, 1, "cpu");
	pass(&night, USEC_PER_HOUR);
	expect(&night, "");
	assert_true(TAILQ_EMPTY(&night.groups->items));
	end(&night);
}

static void
an_end_may_be_unwanted(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS "send_resolved = no\n");
	fire(&night, 1, "cpu");
	pass(&night, 30 * SECOND);
	resolve(&night, 1, "cpu");
	pass(&night, 300 * SECOND);
	expect(&night, "ops: firing 1; ");
	assert_string_equal(night.left, "ops 1; ");
	end(&night);
}

static void
severities_choose(void **state)
{
	struct night night;
	struct alert alert = alert_of(1, "cpu", ALERT_FIRING);

	(void)state;
	begin(&night, OPS "severity = critical info\n");
	hear(&night, alert, ALERT_FIRE);
	pass(&night, 60 * SECOND);
	expect(&night, "");
	alert.severity = RULE_CRITICAL; /* it has become worse */
	hear(&night, alert, ALERT_REPEAT);
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1; ");
	end(&night);
}

static void
silences_are_looked_at_when_it_is_due(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	night.silenced = 1;
	fire(&night, 1, "cpu");
	fire(&night, 2, "cpu");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 2; ");
	night.silenced = 0;
	pass(&night, 300 * SECOND);
	expect(&night, "ops: firing 1 firing 2; ");
	end(&night);
}

static void
the_end_of_what_was_told_is_told_though_it_is_silenced(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 30 * SECOND);
	night.silenced = 1;
	pass(&night, 8 * USEC_PER_HOUR);
	resolve(&night, 1, "cpu");
	pass(&night, 300 * SECOND);
	expect(&night, "ops: firing 1; ops: resolved 1; ");
	end(&night);
}

static void
what_was_acknowledged_is_not_repeated(void **state)
{
	struct night night;
	struct alert alert = alert_of(1, "cpu", ALERT_FIRING);

	(void)state;
	begin(&night, OPS);
	hear(&night, alert, ALERT_FIRE);
	pass(&night, 30 * SECOND);
	alert.acknowledged_by = slice_of("alice");
	hear(&night, alert, ALERT_ACKNOWLEDGE);
	pass(&night, 24 * USEC_PER_HOUR);
	expect(&night, "ops: firing 1; ");
	fire(&night, 1, "cpu"); /* it has come back: nobody has seen that */
	pass(&night, 300 * SECOND);
	expect(&night, "ops again: firing 1; ");
	end(&night);
}

static void
what_is_pending_is_not_told(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	hear(&night, alert_of(1, "cpu", ALERT_PENDING), ALERT_BEGIN);
	hear(&night, alert_of(1, "cpu", ALERT_RESOLVED), ALERT_DROP);
	pass(&night, USEC_PER_HOUR);
	expect(&night, "");
	end(&night);
}

static void
an_alertmanager_is_told_at_once_and_each_minute(void **state)
{
	struct night night;
	struct alert alert = alert_of(1, "cpu", ALERT_FIRING);

	(void)state;
	begin(&night,
	    "[notify am]\nkind = alertmanager\nurl = http://localhost/\n");
	hear(&night, alert, ALERT_FIRE);
	fire(&night, 2, "cpu");
	pass(&night, SECOND);
	expect(&night, "am: firing 1; am: firing 2; ");
	resolve(&night, 2, "cpu");
	pass(&night, SECOND);
	expect(&night, "am: resolved 2; ");
	alert.acknowledged_by = slice_of("alice"); /* or it would be over */
	hear(&night, alert, ALERT_ACKNOWLEDGE);
	pass(&night, 58 * SECOND);
	expect(&night, "");
	pass(&night, 61 * SECOND);
	expect(&night, "am again: firing 1; am again: firing 1; ");
	night.silenced = 1;
	pass(&night, USEC_PER_HOUR);
	expect(&night, "");
	end(&night);
}

static void
what_cannot_be_kept_comes_again(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	night.is_full = true;
	fire(&night, 1, "cpu");
	pass(&night, USEC_PER_HOUR);
	night.is_full = false;
	pass(&night, SECOND);
	expect(&night, "ops: firing 1; ");
	night.is_full = true;
	resolve(&night, 1, "cpu");
	pass(&night, USEC_PER_HOUR);
	night.is_full = false;
	pass(&night, SECOND);
	expect(&night, "ops: resolved 1; ");
	end(&night);
}

static void
what_cannot_be_kept_is_offered_once_a_tick(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	for (uint64_t id = 1; id <= 100; id++) {
		char rule[16];

		snprintf(rule, sizeof(rule), "rule-%d", (int)id);
		fire(&night, id, rule);
	}
	night.is_full = true;
	pass(&night, 29 * SECOND);
	assert_int_equal(night.offered, 0);
	pass(&night, 10 * SECOND);
	assert_int_equal(night.offered, 10);
	end(&night);
}

static void
many_alerts_are_many_notices_and_none_is_left_out(void **state)
{
	struct night night;
	unsigned notices = 0, alerts = 0;

	(void)state;
	begin(&night, OPS);
	for (uint64_t id = 1; id <= 2 * NOTICE_ALERTS + 1; id++)
		fire(&night, id, "cpu");
	pass(&night, 30 * SECOND);
	for (const char *at = night.told; *at != '\0'; at++) {
		notices += *at == ';';
		alerts += *at == 'f'; /* of "firing" */
	}
	assert_int_equal(notices, 3);
	assert_int_equal(alerts, 2 * NOTICE_ALERTS + 1);
	end(&night);
}

static void
a_restart_tells_nothing_twice_and_forgets_no_end(void **state)
{
	struct night night;
	struct alert firing = alert_of(1, "cpu", ALERT_FIRING);
	struct alert over = alert_of(2, "disk", ALERT_RESOLVED);
	struct alert fresh = alert_of(3, "load", ALERT_FIRING);

	(void)state;
	begin(&night, OPS);
	notice_groups_restore(night.groups, &firing, "ops",
	    at(&night).realtime - 4 * USEC_PER_HOUR + 600 * SECOND, at(&night));
	notice_groups_restore(night.groups, &over, "ops",
	    at(&night).realtime - 10 * SECOND, at(&night));
	notice_groups_restore(night.groups, &firing, NULL, 0, at(&night));
	notice_groups_restore(night.groups, &fresh, NULL, 0, at(&night));
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 3; ");
	pass(&night, 260 * SECOND);
	expect(&night, "ops: resolved 2; ");
	pass(&night, 311 * SECOND);
	expect(&night, "ops again: firing 1; ");
	end(&night);
}

static void
another_configuration_keeps_what_was_told(void **state)
{
	struct night night;

	(void)state;
	begin(&night, OPS);
	fire(&night, 1, "cpu");
	pass(&night, 30 * SECOND);
	expect(&night, "ops: firing 1; ");
	configure(&night, OPS "group_by = severity\n[notify new]\n"
			      "kind = webhook\nurl = http://localhost/\n");
	pass(&night, 60 * SECOND);
	expect(&night, "new: firing 1; ");
	configure(&night, "");
	pass(&night, 60 * SECOND);
	expect(&night, "");
	end(&night);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_group_waits_for_others_then_is_told),
		cmocka_unit_test(groups_are_told_apart_by_their_labels),
		cmocka_unit_test(a_change_is_told_with_the_next_interval),
		cmocka_unit_test(what_does_not_change_is_repeated),
		cmocka_unit_test(what_was_over_before_it_was_told_is_not),
		cmocka_unit_test(an_end_may_be_unwanted),
		cmocka_unit_test(severities_choose),
		cmocka_unit_test(silences_are_looked_at_when_it_is_due),
		cmocka_unit_test(
		    the_end_of_what_was_told_is_told_though_it_is_silenced),
		cmocka_unit_test(what_was_acknowledged_is_not_repeated),
		cmocka_unit_test(what_is_pending_is_not_told),
		cmocka_unit_test(
		    an_alertmanager_is_told_at_once_and_each_minute),
		cmocka_unit_test(what_cannot_be_kept_comes_again),
		cmocka_unit_test(what_cannot_be_kept_is_offered_once_a_tick),
		cmocka_unit_test(
		    many_alerts_are_many_notices_and_none_is_left_out),
		cmocka_unit_test(
		    a_restart_tells_nothing_twice_and_forgets_no_end),
		cmocka_unit_test(another_configuration_keeps_what_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
