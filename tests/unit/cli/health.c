#include "cli/health.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct terminal plain = { 0 };

static const struct health nothing = HEALTH_NOTHING;

static struct health
read_answer(const char *text, struct json_object **ret_json)
{
	struct health health = nothing;
	struct error err = { 0 };

	*ret_json = json_parse(slice_of(text), &err);
	assert_non_null(*ret_json);
	assert_int_equal(health_of_answer(*ret_json, &health), 0);
	return health;
}

static void
the_text_is_that_of_the_specification(void **state)
{
	struct json_object *json;
	struct health health = read_answer(
	    "{\"status\":\"healthy\",\"version\":\"1.0.0\","
	    "\"uptime_seconds\":14400,\"services\":{\"gateway\":\"healthy\","
	    "\"vault\":\"healthy\",\"proxy\":\"healthy\",\"audit\":"
	    "\"healthy\",\"state\":\"healthy\"},\"resources\":{"
	    "\"cpu_percent\":12.5,\"memory_used_mb\":256,"
	    "\"memory_total_mb\":2048,\"disk_used_percent\":34.2}}",
	    &json);
	struct buf out = BUF_INIT;

	(void)state;
	health.synced_ago = 2 * USEC_PER_MIN + 5 * USEC_PER_SEC;
	health.chain = "verified";
	health_report_add_text(&health, &plain, &out);
	assert_string_equal(out.data, "System Health: HEALTHY\n"
				      "━━━━━━━━━━━━━━━━━━━━━━━\n"
				      "CPU: 12.5% (ok)\n"
				      "Memory: 256 MB / 2048 MB (ok)\n"
				      "Disk: 34.2% (ok)\n"
				      "Gateway: running\n"
				      "Vault: unlocked\n"
				      "Proxy: syncing (last: 2m ago)\n"
				      "Audit: writing (chain: verified)\n");
	assert_int_equal(health_exit(health.state), 0);
	buf_free(&out);
	json_object_put(json);
}

static void
what_is_wrong_is_told_by_words(void **state)
{
	struct json_object *json;
	struct health health = read_answer(
	    "{\"status\":\"unhealthy\",\"services\":{\"gateway\":\"degraded\","
	    "\"vault\":\"degraded\",\"proxy\":\"degraded\",\"audit\":"
	    "\"unhealthy\",\"state\":\"unhealthy\",\"mine\\u001b[2J\":"
	    "\"unhealthy\"},\"resources\":{\"cpu_percent\":90.1,"
	    "\"memory_used_mb\":851,\"memory_total_mb\":1000,"
	    "\"disk_used_percent\":90.1}}",
	    &json);
	struct buf out = BUF_INIT;

	(void)state;
	health.chain = "damaged";
	health_report_add_text(&health, &plain, &out);
	assert_string_equal(out.data, "System Health: UNHEALTHY\n"
				      "━━━━━━━━━━━━━━━━━━━━━━━\n"
				      "CPU: 90.1% (high)\n"
				      "Memory: 851 MB / 1000 MB (high)\n"
				      "Disk: 90.1% (critical)\n"
				      "Gateway: slow\n"
				      "Vault: locked\n"
				      "Proxy: stalled\n"
				      "Audit: failing (chain: damaged)\n"
				      "State: damaged\n"
				      "mine\\e[2J: down\n");
	assert_int_equal(health_exit(health.state), 2);
	buf_free(&out);
	json_object_put(json);
}

static void
what_nobody_knows_is_unknown(void **state)
{
	struct json_object *json;
	struct health health = read_answer(
	    "{\"status\":\"new\",\"services\":{\"gateway\":7},"
	    "\"resources\":{\"cpu_percent\":null,\"memory_used_mb\":\"x\"}}",
	    &json);
	struct buf out = BUF_INIT;

	(void)state;
	health_report_add_text(&health, &plain, &out);
	assert_string_equal(out.data, "System Health: UNKNOWN\n"
				      "━━━━━━━━━━━━━━━━━━━━━━━\n"
				      "CPU: unknown\n"
				      "Memory: unknown\n"
				      "Disk: unknown\n"
				      "Gateway: unknown\n"
				      "Vault: unknown\n"
				      "Proxy: unknown\n"
				      "Audit: unknown (chain: unknown)\n");
	assert_int_equal(health_exit(health.state), 3);
	buf_free(&out);
	json_object_put(json);
}

static void
nginx_speaking_for_a_program_that_is_gone_tells_nothing(void **state)
{
	static const char *const answers[] = {
		"{\"status\":\"unhealthy\",\"services\":{},\"detail\":\"gone\"}",
		"{\"type\":\"about:blank\",\"status\":503,\"detail\":\"gone\"}",
		"{}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct health health = nothing;
		struct error err = { 0 };
		struct json_object *json =
		    json_parse(slice_of(answers[i]), &err);

		assert_int_equal(health_of_answer(json, &health), -1);
		json_object_put(json);
	}
}

static void
without_nginx_the_page_tells(void **state)
{
	static const struct {
		enum status_refusal refusal;
		enum status_integrity integrity;
		enum status_index index;
		enum status_state db;
		enum health_state audit, state, health;
	} cases[] = {
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_HEALTHY,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_DAMAGED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_DEGRADED, HEALTH_HEALTHY,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_FAILING,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_LOST, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_FAILING, HEALTH_HEALTHY, HEALTH_UNHEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_DISK_FULL, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct health health = nothing;
		struct status page = {
			.refusal = cases[i].refusal,
			.integrity = cases[i].integrity,
			.index = cases[i].index,
			.state = cases[i].db,
			.sampled_at = clock_boottime(&clock_system),
			.cpu_percent = 1.5,
			.memory_used_bytes = 3 << 20,
			.memory_total_bytes = 4 << 20,
			.disk_used_percent = 5,
		};

		health_of_page(&page, HEALTH_DEGRADED, &health);
		assert_int_equal(health.services[HEALTH_AUDIT], cases[i].audit);
		assert_int_equal(health.services[HEALTH_STATE], cases[i].state);
		assert_int_equal(health.state, cases[i].health);
		assert_true(health.memory_total_mb > 3.9);
	}
}

static void
who_may_not_ask_hears_what_is_bad_and_nothing_of_the_rest(void **state)
{
	static const struct {
		enum status_integrity integrity;
		enum health_state health;
	} cases[] = {
		{ STATUS_VERIFIED, HEALTH_UNKNOWN },
		{ STATUS_DAMAGED, HEALTH_DEGRADED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct health health = nothing;
		struct status page = {
			.refusal = STATUS_ACCEPTING,
			.integrity = cases[i].integrity,
			.index = STATUS_INDEX_CURRENT,
			.state = STATUS_STATE_OK,
		};

		health_of_page(&page, HEALTH_UNKNOWN, &health);
		assert_int_equal(health.state, cases[i].health);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_that_of_the_specification),
		cmocka_unit_test(what_is_wrong_is_told_by_words),
		cmocka_unit_test(what_nobody_knows_is_unknown),
		cmocka_unit_test(
		    nginx_speaking_for_a_program_that_is_gone_tells_nothing),
		cmocka_unit_test(without_nginx_the_page_tells),
		cmocka_unit_test(
		    who_may_not_ask_hears_what_is_bad_and_nothing_of_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
