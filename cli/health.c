#include "cli/health.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/words.h"
#include "store/status.h"

#include <inttypes.h>

/* The daemon writes its page every second, and samples the host every five. */
#define HEALTH_PAGE_FRESH   (3 * USEC_PER_SEC)
#define HEALTH_SAMPLE_FRESH (15 * USEC_PER_SEC)

/* For the health program; the page is there without it. */
#define HEALTH_TIMEOUT (5 * USEC_PER_SEC)

/* The alerts' thresholds, in percent. */
enum {
	HEALTH_CPU_HIGH = 90,
	HEALTH_MEMORY_HIGH = 85,
	HEALTH_DISK_CRITICAL = 90,
};

enum health_state {
	HEALTH_UNKNOWN,
	HEALTH_HEALTHY,
	HEALTH_DEGRADED,
	HEALTH_UNHEALTHY,
	HEALTH_STATES
};

enum health_service {
	HEALTH_GATEWAY,
	HEALTH_VAULT,
	HEALTH_PROXY,
	HEALTH_AUDIT,
	HEALTH_STATE,
	HEALTH_SERVICES
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

/* All that is shown. Negative figures are not known. */
struct health {
	enum health_state state;
	enum health_state services[HEALTH_SERVICES];
	double cpu_percent, memory_used_mb, memory_total_mb, disk_used_percent;
	double uptime_seconds;
	usec_t synced_ago;	    /* of the proxy; 0: not known */
	const char *chain;	    /* "verified", … */
	struct json_object *others; /* the operator's own services, or NULL */
};

struct health_values {
	bool json;
};

static const struct option_row health_options[] = {
	OPTION_FLAG(struct health_values, json, 0, "json",
	    "print what GET /health answers"),
	OPTION_END
};

/* --- from the daemon's status page -------------------------------------- */

/* -1: there is no page, or nobody writes it any more. */
static int
health_read_page(const char *path, struct status *ret, struct error *err)
{
	cleanup(status_closep) struct status_page *page = NULL;
	struct status status;

	page = status_open(path, err);
	if (page == NULL || status_read(page, &status, err) == -1)
		return -1;
	if (status.refusal == STATUS_STOPPED ||
	    !status_is_fresh(
		&status, clock_boottime(&clock_system), HEALTH_PAGE_FRESH))
		return error_set(
		    err, ERROR_UNREACHABLE, "%s: kruxosd is not running", path);
	*ret = status;
	return 0;
}

static double
health_megabytes(uint64_t bytes)
{
	return (double)(bytes >> 20);
}

/* As health.fcgi judges it. */
static enum health_state
health_audit_of_page(const struct status *page)
{
	if (page->refusal != STATUS_ACCEPTING)
		return HEALTH_UNHEALTHY;
	if (page->integrity == STATUS_DAMAGED || !page->index_ok)
		return HEALTH_DEGRADED;
	return HEALTH_HEALTHY;
}

/* Nothing behind api.sock answers; the daemon does. What nginx serves is down,
 * so at best this is "degraded". */
static void
health_of_page(const struct status *page, struct health *health)
{
	uint64_t uptime =
	    (clock_realtime(&clock_system) - page->started_at) / USEC_PER_SEC;
	enum health_state audit = health_audit_of_page(page);

	health->services[HEALTH_AUDIT] = audit;
	health->services[HEALTH_STATE] =
	    page->state_ok ? HEALTH_HEALTHY : HEALTH_UNHEALTHY;
	health->state = audit == HEALTH_UNHEALTHY || !page->state_ok
			    ? HEALTH_UNHEALTHY
			    : HEALTH_DEGRADED;
	health->uptime_seconds = (double)uptime;
	if (page->sampled_at == 0 || page->sampled_at + HEALTH_SAMPLE_FRESH <
					 clock_boottime(&clock_system))
		return;
	health->cpu_percent = page->cpu_percent;
	health->memory_used_mb = health_megabytes(page->memory_used_bytes);
	health->memory_total_mb = health_megabytes(page->memory_total_bytes);
	health->disk_used_percent = page->disk_used_percent;
}

/* --- from GET /health --------------------------------------------------- */

static enum health_state
health_state_of(struct slice name)
{
	for (int i = 0; i < HEALTH_STATES; i++) {
		if (slice_is(name, health_state_names[i]))
			return (enum health_state)i;
	}
	return HEALTH_UNKNOWN;
}

/* -1: this is not the program's answer, but nginx's own for one that is gone.
 */
static int
health_of_answer(struct json_object *answer, struct health *health)
{
	struct json_object *services = json_member(answer, "services");
	struct json_object *resources = json_member(answer, "resources");

	if (!json_object_is_type(services, json_type_object) ||
	    json_member(answer, "detail") != NULL)
		return -1;
	health->state = health_state_of(json_text(answer, "status"));
	health->others = services;
	for (int i = 0; i < HEALTH_SERVICES; i++)
		health->services[i] = health_state_of(
		    json_text(services, health_services[i].key));
	health->uptime_seconds = json_decimal(answer, "uptime_seconds");
	health->cpu_percent = json_decimal(resources, "cpu_percent");
	health->memory_used_mb = json_decimal(resources, "memory_used_mb");
	health->memory_total_mb = json_decimal(resources, "memory_total_mb");
	health->disk_used_percent =
	    json_decimal(resources, "disk_used_percent");
	return 0;
}

/* When the proxy last synced is in the log. */
static void
health_find_sync(const char *socket, struct health *health)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct json_object *entries;
	struct error ignored = { 0 };
	usec_t now = clock_realtime(&clock_system), time;

	if (health->services[HEALTH_PROXY] == HEALTH_UNKNOWN ||
	    api_get(socket,
		"/api/audit?capability=proxy.sync&status=success&limit=1",
		&answer, &ignored) == -1)
		return;
	json = json_parse(buf_slice(&answer), &ignored);
	entries = json_member(json, "entries");
	if (!json_object_is_type(entries, json_type_array) ||
	    json_object_array_length(entries) == 0 ||
	    clock_parse(
		json_text(json_object_array_get_idx(entries, 0), "time"), &time,
		&ignored) == -1)
		return;
	health->synced_ago = now > time ? now - time : 1;
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
		state =
		    health_state_of(slice_of(json_object_get_string(value)));
		text_add_visible(out, slice_of(name), TEXT_ONE_LINE);
		buf_add_str(out, ": ");
		terminal_add(terminal, out, health_colours[state],
		    slice_of(health_services[HEALTH_GATEWAY].words[state]));
		buf_add_char(out, '\n');
	}
}

/* The text of the specification, line by line. */
static void
health_add_text(const struct health *health, const struct terminal *terminal,
    struct buf *out)
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

/* The shape of GET /health, from what is known without it. */
static void
health_write(const struct health *health, struct buf *out)
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

/* --- all of it ---------------------------------------------------------- */

/* Ask the health program. -1: it does not answer. */
static int
health_ask(const char *socket, struct buf *answer,
    struct json_object **ret_json, struct health *health, struct error *err)
{
	int status;

	if (api_get_any(
		socket, "/health", HEALTH_TIMEOUT, answer, &status, err) == -1)
		return -1;
	*ret_json = json_parse(buf_slice(answer), err);
	if (*ret_json != NULL && health_of_answer(*ret_json, health) == 0)
		return 0;
	return error_set(err, ERROR_UNREACHABLE,
	    "%s: the health program does not answer", socket);
}

static enum command_exit
health_exit(enum health_state state)
{
	static const enum command_exit exits[HEALTH_STATES] = {
		COMMAND_UNKNOWN,
		COMMAND_DONE,
		COMMAND_FAILED,
		COMMAND_NO,
	};

	return exits[state];
}

static enum command_exit
health_run(struct cli *cli, const void *values, char **operands)
{
	const struct health_values *wanted = values;
	struct health health = { HEALTH_UNKNOWN, { HEALTH_UNKNOWN }, -1, -1, -1,
		-1, -1, 0, "unknown", NULL };
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct error err = { 0 }, page_err = { 0 };
	const struct config *config;
	struct status page = { 0 };
	bool has_page;

	(void)operands;
	config = cli_config(cli, &err);
	if (config == NULL)
		return cli_fail(&err);
	has_page = health_read_page(config->status_file, &page, &page_err) == 0;
	if (has_page)
		health.chain = status_integrity_name(page.integrity);
	if (health_ask(config->api_socket, &answer, &json, &health, &err) ==
	    -1) {
		buf_reset(&answer);
		cli_note("%s%s", err.sentence,
		    has_page ? "; what follows is kruxosd's own word" : "");
		if (has_page)
			health_of_page(&page, &health);
		else
			cli_note("%s", page_err.sentence);
		health_write(&health, &answer);
	}
	if (!wanted->json) {
		health_find_sync(config->api_socket, &health);
		health_add_text(&health, &cli->out, &text);
		cli_print(&text);
	} else {
		cli_print_json(cli, &answer);
	}
	return health_exit(health.state);
}

const struct command_form health_form = {
	health_options,
	sizeof(struct health_values),
	health_run,
};
