/* How long the alert engine takes for one evaluation of many rules, in µs: the
 * median of a thousand, while half of the rules hold.
 *
 *	rules COUNT
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/number.h"
#include "collectors/kruxosd/alert_engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVALUATIONS = 1000, SERVICES = 50 };

static void
on_event(void *context, const struct alert *alert, enum alert_event event,
    usec_t realtime)
{
	(void)context;
	(void)alert;
	(void)event;
	(void)realtime;
}

/* Rules about every figure, by turns; a service_down of each service comes by
 * itself. */
static struct config *
make_config(uint64_t count)
{
	cleanup(buf_free) struct buf text = BUF_INIT, problems = BUF_INIT;
	struct config *config;

	for (uint64_t i = 0; i < count; i++)
		buf_addf(&text, "[alert rule-%llu]\nwhen = %s > %d for 1m\n",
		    (unsigned long long)i, figure_rows[i % FIGURE_COUNT].name,
		    i % 2 == 0 ? 1 : 1000);
	if (config_parse("/bench/kruxos.conf", buf_slice(&text), &config,
		&problems) == 0)
		return config;
	fprintf(stderr, "%s", problems.data);
	exit(1);
}

static int
compare(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static usec_t
measure(struct alert_engine *engine, struct alert_input *input)
{
	usec_t took[EVALUATIONS];

	for (int i = 0; i < EVALUATIONS; i++) {
		usec_t begun = clock_monotonic(&clock_system);

		alert_engine_evaluate(engine, input);
		took[i] = clock_monotonic(&clock_system) - begun;
		input->now.realtime += USEC_PER_SEC;
		input->now.boottime += USEC_PER_SEC;
	}
	qsort(took, EVALUATIONS, sizeof(took[0]), compare);
	return took[EVALUATIONS / 2];
}

int
main(int argc, char **argv)
{
	static char names[SERVICES][16];
	struct alert_service services[SERVICES];
	double figures[FIGURE_COUNT];
	struct alert_input input = { .now = { USEC_PER_DAY, USEC_PER_DAY },
		.figures = figures,
		.services = services,
		.service_count = SERVICES };
	struct alert_engine *engine = alert_engine_new(on_event, NULL);
	struct config *config;
	uint64_t count;

	if (argc != 2 || number_parse_u64(slice_of(argv[1]), 1,
			     CONFIG_ALERTS - 10, &count) == -1) {
		fprintf(stderr, "Usage: rules COUNT\n");
		return 64;
	}
	config = make_config(count);
	for (int i = 0; i < FIGURE_COUNT; i++)
		figures[i] = 100;
	for (int i = 0; i < SERVICES; i++) {
		snprintf(names[i], sizeof(names[i]), "service-%d", i);
		services[i] = (struct alert_service){ .name = names[i],
			.status =
			    i % 2 == 0 ? OBSERVED_UNHEALTHY : OBSERVED_HEALTHY,
			.details = "" };
	}
	alert_engine_configure(engine, config);
	printf("%llu\n", (unsigned long long)measure(engine, &input));
	alert_engine_free(engine);
	config_free(config);
	return 0;
}
