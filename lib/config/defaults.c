#include "config/defaults.h"

#include "config/settings.h"

#include <assert.h>

/* Services that are there without being configured. */
static const struct {
	const char *name;
	bool critical;
} own_services[] = {
	{ "gateway", false },
	{ "vault", false },
	{ "proxy", false },
	{ "audit", true },
	{ "state", true },
};

/* Alerts that are there without being configured. */
static const struct {
	const char *name;
	const char *when;
	const char *severity;
	const char *title;
} own_alerts[] = {
	{ "high-cpu", "cpu_percent > 90 for 5m", "warning", "High CPU" },
	{ "high-memory", "memory_percent > 85", "warning", "High memory" },
	{ "disk-space", "disk_used_percent > 90", "critical", "Disk space" },
	{ "audit-write-failure", "audit_write_failure", "critical",
	    "Audit write failure" },
	{ "log-damaged", "log_damaged", "critical", "Audit log damaged" },
	{ "database-failure", "database_failure", "critical",
	    "Database failure" },
	{ "observer-silent", "observer_silent", "warning", "Observer silent" },
	{ "service-down", "service_down", "critical", "Service down" },
	{ "approval-waiting", "approval_waiting_seconds > 1800", "info",
	    "Approval waiting" },
	{ "rate-limit", "rate_limit_hit", "warning", "Rate limit exceeded" },
	{ "token-guessing", "token_guessing", "warning", "Token guessing" },
	{ "unrecorded-activity", "unrecorded_calls > 0 for 1m", "warning",
	    "Unrecorded activity" },
};

/* Limits that are there without being configured. */
static const struct {
	const char *pattern;
	const char *rate;
} own_limits[] = {
	{ "alerts.send", "30/1m" },
};

static bool
is_of(const struct setting *row, const char *section)
{
	return strcmp(row->section, section) == 0;
}

/* Where the default of a path begins. */
static const char *
folder_of(const struct setting *row, const struct parser *parser)
{
	const struct config *config = parser->config;

	if (config->data_dir == NULL)
		return parser->folder;
	return row == settings_find(
			  SLICE_LITERAL("paths"), SLICE_LITERAL("api_socket"))
		   ? config->runtime_dir
		   : config->data_dir;
}

static void
store_default(const struct setting *row, struct parser *parser, void *object)
{
	struct error err;

	if (settings_store(row, slice_of(row->standard), folder_of(row, parser),
		&parser->config->arena, object, &err) == -1)
		assert(!"a default is no value of its setting");
}

/* The defaults of a section that has a name. */
static void
store_section(struct parser *parser, const char *section, void *object)
{
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (is_of(row, section))
			store_default(row, parser, object);
}

struct config_service *
defaults_add_service(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_service *service =
	    config->services + config->service_count++;

	service->name = arena_slice(&config->arena, name).data;
	store_section(parser, "service", service);
	return service;
}

struct config_alert *
defaults_add_alert(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_alert *alert = config->alerts + config->alert_count++;

	alert->name = arena_slice(&config->arena, name).data;
	store_section(parser, "alert", alert);
	return alert;
}

struct config_notify *
defaults_add_notify(struct parser *parser, struct slice name)
{
	struct config *config = parser->config;
	struct config_notify *notify =
	    config->notifies + config->notify_count++;

	notify->name = arena_slice(&config->arena, name).data;
	store_section(parser, "notify", notify);
	return notify;
}

static void
add_own_alerts(struct parser *parser)
{
	struct error err;

	for (size_t i = 0; i < sizeof(own_alerts) / sizeof(own_alerts[0]);
	     i++) {
		struct config_alert *alert =
		    defaults_add_alert(parser, slice_of(own_alerts[i].name));

		if (rule_parse(
			slice_of(own_alerts[i].when), &alert->when, &err) == -1)
			assert(!"a rule of our own is none");
		alert->severity =
		    rule_severity_of(slice_of(own_alerts[i].severity));
		alert->title = own_alerts[i].title;
	}
}

static void
add_own_limits(struct parser *parser)
{
	struct config *config = parser->config;
	struct error err;

	for (size_t i = 0; i < sizeof(own_limits) / sizeof(own_limits[0]);
	     i++) {
		struct policy_limit *limit = policy_add_limit(&config->policy,
		    &config->arena, slice_of(own_limits[i].pattern), &err);

		if (limit == NULL ||
		    policy_parse_rate(
			slice_of(own_limits[i].rate), &limit->rate, &err) == -1)
			assert(!"a limit of our own is none");
	}
}

void
defaults_store(struct parser *parser)
{
	struct config *config = parser->config;

	config->services = arena_array(
	    &config->arena, CONFIG_SERVICES, sizeof(config->services[0]));
	for (size_t i = 0; i < sizeof(own_services) / sizeof(own_services[0]);
	     i++)
		defaults_add_service(parser, slice_of(own_services[i].name))
		    ->critical = own_services[i].critical;
	config->alerts = arena_array(
	    &config->arena, CONFIG_ALERTS, sizeof(config->alerts[0]));
	add_own_alerts(parser);
	config->notifies = arena_array(
	    &config->arena, CONFIG_NOTIFIES, sizeof(config->notifies[0]));
	policy_init(&config->policy, config->path);
	add_own_limits(parser);
	for (const struct setting *row = settings; row->section != NULL; row++)
		if (!settings_is_named(row) && !row->is_free &&
		    row->type != SETTING_PATH)
			store_default(row, parser, config);
}

/* Paths that the file leaves out lie in data_dir, wherever it said that is;
 * data_dir itself, the table's first, in the folder of the file; api_socket,
 * which comes behind it in the table, in runtime_dir. */
void
defaults_store_paths(struct parser *parser)
{
	struct config *config = parser->config;
	struct arena *arena = &config->arena;

	for (const struct setting *row = settings; row->section != NULL; row++)
		if (row->type == SETTING_PATH && !settings_is_named(row) &&
		    *(const char **)((char *)config + row->offset) == NULL)
			store_default(row, parser, config);
	config->index_file =
	    arena_printf(arena, "%s/kruxos.db", config->data_dir);
	config->state_file =
	    arena_printf(arena, "%s/state.db", config->state_dir);
	config->telemetry_file =
	    arena_printf(arena, "%s/telemetry.db", config->data_dir);
	config->status_file =
	    arena_printf(arena, "%s/kruxosd.status", config->runtime_dir);
	config->observed_file =
	    arena_printf(arena, "%s/kruxosd.observed", config->runtime_dir);
	config->ingest_socket =
	    arena_printf(arena, "%s/ingest.sock", config->runtime_dir);
	config->access_log =
	    arena_printf(arena, "%s/access.log", config->log_dir);
	config->nginx_pid =
	    arena_printf(arena, "%s/nginx.pid", config->pid_dir);
}
