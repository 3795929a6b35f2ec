#include "cli/health_report.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/words.h"

/* The alerts' thresholds, in percent. */
enum {
	HEALTH_CPU_HIGH = 90,
	HEALTH_MEMORY_HIGH = 85,
	HEALTH_DISK_CRITICAL = 90,
};

static const char *const health_state_names[HEALTH_STATES] = {
	"unknown",
	"healthy",
	"degraded",
	"unhealthy",
};

static const struct {
	const char *key;
	const char *title;
	const char *words[HEALTH_STATES];
} health_services[HEALTH_SERVICES] = {
	{ "gateway", "Gateway", { "unknown", "running", "slow", "down" } },
	{ "vault", "Vault", { "unknown", "unlocked", "locked", "down" } },
	{ "proxy", "Proxy", { "unknown", "syncing", "stalled", "down" } },
	{ "audit", "Audit", { "unknown", "writing", "writing", "failing" } },
	{ "state", "State", { "unknown", "good", "degraded", "damaged" } },
};

static const enum terminal_colour health_colours[HEALTH_STATES] = {
	TERMINAL_YELLOW,
	TERMINAL_GREEN,
	TERMINAL_YELLOW,
	TERMINAL_RED,
};

enum health_state
health_report_state(struct slice word)
{
	for (int i = 0; i < HEALTH_STATES; i++) {
		if (slice_is(word, health_state_names[i]))
			return (enum health_state)i;
	}
	return HEALTH_UNKNOWN;
}

const char *
health_report_key(enum health_service service)
{
	return health_services[service].key;
}

/* --- for people --------------------------------------------------------- */

/* "CPU: 12.5% (ok)" */
static void
health_add_resource(const struct terminal *terminal, const char *figures,
    double percent, double limit, const char *beyond, struct buf *out)
{
	bool is_high = percent > limit;

	buf_addf(out, "%s (", figures);
	terminal_add(terminal, out, is_high ? TERMINAL_RED : TERMINAL_GREEN,
	    slice_of(is_high ? beyond : "ok"));
	buf_add_str(out, ")\n");
}

static void
health_add_resources(const struct health *health,
    const struct terminal *terminal, struct buf *out)
{
	cleanup(buf_free) struct buf figures = BUF_INIT;
	double used = health->memory_used_mb, total = health->memory_total_mb;

	buf_addf(&figures, "CPU: %.1f%%", health->cpu_percent);
	if (health->cpu_percent < 0)
		buf_add_str(out, "CPU: unknown\n");
	else
		health_add_resource(terminal, figures.data, health->cpu_percent,
		    HEALTH_CPU_HIGH, "high", out);
	buf_reset(&figures);
	buf_addf(&figures, "Memory: %.0f MB / %.0f MB", used, total);
	if (used < 0 || total <= 0)
		buf_add_str(out, "Memory: unknown\n");
	else
		health_add_resource(terminal, figures.data, used * 100 / total,
		    HEALTH_MEMORY_HIGH, "high", out);
	buf_reset(&figures);
	buf_addf(&figures, "Disk: %.1f%%", health->disk_used_percent);
	if (health->disk_used_percent < 0)
		buf_add_str(out, "Disk: unknown\n");
	else
		health_add_resource(terminal, figures.data,
		    health->disk_used_percent, HEALTH_DISK_CRITICAL, "critical",
		    out);
}

static void
health_add_service(const struct health *health, enum health_service service,
    const struct terminal *terminal, struct buf *out)
{
	enum health_state state = health->services[service];

	buf_addf(out, "%s: ", health_services[service].title);
	terminal_add(terminal, out, health_colours[state],
	    slice_of(health_services[service].words[state]));
	if (service == HEALTH_PROXY && health->synced_ago > 0) {
		buf_add_str(out, " (last: ");
		words_add_ago(out, health->synced_ago);
		buf_add_char(out, ')');
	}
	if (service == HEALTH_AUDIT)
		buf_addf(out, " (chain: %s)", health->chain);
	buf_add_char(out, '\n');
}

/* The operator's own services, each by its name. */
static void
health_add_others(const struct health *health, const struct terminal *terminal,
    struct buf *out)
{
	if (health->others == NULL)
		return;
	json_object_object_foreach(health->others, name, value)
	{
		enum health_state state;
		bool is_ours = false;

		for (int i = 0; i < HEALTH_SERVICES; i++)
			is_ours = is_ours ||
				  strcmp(name, health_services[i].key) == 0;
		if (is_ours)
			continue;
		state = health_report_state(
		    slice_of(json_object_get_string(value)));
		text_add_visible(out, slice_of(name), TEXT_ONE_LINE);
		buf_add_str(out, ": ");
		terminal_add(terminal, out, health_colours[state],
		    slice_of(health_services[HEALTH_GATEWAY].words[state]));
		buf_add_char(out, '\n');
	}
}

void
health_report_add_text(const struct health *health,
    const struct terminal *terminal, struct buf *out)
{
	static const char *const titles[HEALTH_STATES] = {
		"UNKNOWN",
		"HEALTHY",
		"DEGRADED",
		"UNHEALTHY",
	};

	buf_add_str(out, "System Health: ");
	terminal_add(terminal, out, health_colours[health->state],
	    slice_of(titles[health->state]));
	buf_add_str(out, "\n━━━━━━━━━━━━━━━━━━━━━━━\n");
	health_add_resources(health, terminal, out);
	for (int i = 0; i < HEALTH_STATE; i++)
		health_add_service(
		    health, (enum health_service)i, terminal, out);
	/* Said only when it is why. */
	if (health->services[HEALTH_STATE] > HEALTH_HEALTHY)
		health_add_service(health, HEALTH_STATE, terminal, out);
	health_add_others(health, terminal, out);
}

/* --- for scripts -------------------------------------------------------- */

static void
health_write_figure(
    struct json_writer *json, const char *key, double value, int digits)
{
	json_writer_key(json, key);
	if (value < 0)
		json_writer_null(json);
	else
		json_writer_fixed(json, value, digits);
}

void
health_report_add_json(const struct health *health, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "status", health_state_names[health->state]);
	json_writer_pair(&json, "version", KRUXOS_VERSION);
	health_write_figure(&json, "uptime_seconds", health->uptime_seconds, 0);
	json_writer_key(&json, "services");
	json_writer_object(&json);
	for (int i = 0; i < HEALTH_SERVICES; i++)
		json_writer_pair(&json, health_services[i].key,
		    health_state_names[health->services[i]]);
	json_writer_end_object(&json);
	json_writer_key(&json, "resources");
	json_writer_object(&json);
	health_write_figure(&json, "cpu_percent", health->cpu_percent, 1);
	health_write_figure(&json, "memory_used_mb", health->memory_used_mb, 0);
	health_write_figure(
	    &json, "memory_total_mb", health->memory_total_mb, 0);
	health_write_figure(
	    &json, "disk_used_percent", health->disk_used_percent, 1);
	json_writer_end_object(&json);
	json_writer_end_object(&json);
}
