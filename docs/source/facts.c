/* What the programs know and pages of the manual say, a line each, with tabs
 * between its parts:
 *
 *	setting SECTION KEY VALUES DEFAULT HELP		lib/config/settings.c
 *	service NAME CRITICAL				that are there without
 *	alert NAME WHEN SEVERITY TITLE			being configured
 *	limit LINE
 *	figure NAME METRIC HELP				what an alert can be
 *							about
 *
 * pages.awk puts them where a page wants them.
 */
#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>

static void
print_settings(void)
{
	for (const struct setting *row = settings; row->section != NULL;
	     row++) {
		cleanup(buf_free) struct buf values = BUF_INIT;

		settings_describe(row, &values);
		printf("setting\t%s\t%s\t%s\t%s\t%s\n", row->section, row->key,
		    values.data, row->standard, row->help);
	}
}

static void
print_services(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		printf("service\t%s\t%s\n", config->services[i].name,
		    config->services[i].critical ? "yes" : "no");
}

static void
print_alerts(const struct config *config)
{
	for (size_t i = 0; i < config->alert_count; i++) {
		const struct config_alert *alert = config->alerts + i;
		cleanup(buf_free) struct buf when = BUF_INIT;

		rule_describe(&alert->when, &when);
		printf("alert\t%s\t%s\t%s\t%s\n", alert->name, when.data,
		    rule_severities[alert->severity], alert->title);
	}
}

static void
print_limits(const struct policy *policy)
{
	for (size_t i = 0; i < policy->limit_count; i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;

		policy_add_limit_line(policy, policy->limits + i, &line);
		printf("limit\t%s\n", line.data);
	}
}

static void
print_figures(void)
{
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		printf("figure\t%s\t%s\t%s\n", figure_rows[i].name,
		    figure_rows[i].metric, figure_rows[i].help);
}

int
main(void)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf problems = BUF_INIT;

	if (config_parse("/etc/kruxos/kruxos.conf", SLICE_LITERAL(""), &config,
		&problems) == -1) {
		fputs(problems.data, stderr);
		return EXIT_FAILURE;
	}
	print_settings();
	print_services(config);
	print_alerts(config);
	print_limits(&config->policy);
	print_figures();
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
