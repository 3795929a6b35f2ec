#include "cli/health.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/health_report.h"
#include "store/status.h"

#include <inttypes.h>

/* The daemon writes its page every second, and samples the host every five. */
#define HEALTH_PAGE_FRESH   (3 * USEC_PER_SEC)
#define HEALTH_SAMPLE_FRESH (15 * USEC_PER_SEC)

/* For the health program; the page is there without it. */
#define HEALTH_TIMEOUT (5 * USEC_PER_SEC)

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
	return page->integrity == STATUS_DAMAGED ? HEALTH_DEGRADED
						 : HEALTH_HEALTHY;
}

static enum health_state
health_state_of_page(const struct status *page)
{
	if (page->state == STATUS_STATE_FAILING)
		return HEALTH_UNHEALTHY;
	if (page->state == STATUS_STATE_LOST ||
	    !status_index_is_good(page, clock_boottime(&clock_system)))
		return HEALTH_DEGRADED;
	return HEALTH_HEALTHY;
}

/* What is known without /health. `best` is what all of it is called if the
 * daemon says nothing bad. */
static void
health_of_page(
    const struct status *page, enum health_state best, struct health *health)
{
	uint64_t uptime =
	    (clock_realtime(&clock_system) - page->started_at) / USEC_PER_SEC;
	enum health_state audit = health_audit_of_page(page);
	enum health_state state = health_state_of_page(page);

	health->services[HEALTH_AUDIT] = audit;
	health->services[HEALTH_STATE] = state;
	if (audit == HEALTH_UNHEALTHY || state == HEALTH_UNHEALTHY)
		health->state = HEALTH_UNHEALTHY;
	else if (audit == HEALTH_DEGRADED || state == HEALTH_DEGRADED)
		health->state = HEALTH_DEGRADED;
	else
		health->state = best;
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
	health->state = health_report_state(json_text(answer, "status"));
	health->others = services;
	for (int i = 0; i < HEALTH_SERVICES; i++)
		health->services[i] = health_report_state(json_text(
		    services, health_report_key((enum health_service)i)));
	health->uptime_seconds = json_decimal(answer, "uptime_seconds");
	health->cpu_percent = json_decimal(resources, "cpu_percent");
	health->memory_used_mb = json_decimal(resources, "memory_used_mb");
	health->memory_total_mb = json_decimal(resources, "memory_total_mb");
	health->disk_used_percent =
	    json_decimal(resources, "disk_used_percent");
	return 0;
}

/* Of what GET of `target` answers, the list `member`; `json` keeps it. */
static struct json_object *
health_ask_list(const char *socket, const char *target, const char *member,
    struct json_object **json)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct error ignored = { 0 };

	if (api_get(socket, target, &answer, &ignored) == -1)
		return NULL;
	*json = json_parse(buf_slice(&answer), &ignored);
	return json_member(*json, member);
}

/* The latest of the moments `key` in the objects of `list`; 0: none. */
static usec_t
health_latest(struct json_object *list, const char *key)
{
	usec_t latest = 0, time;
	struct error ignored = { 0 };

	for (size_t i = 0; i < json_length(list); i++)
		if (clock_parse(
			json_text(json_object_array_get_idx(list, i), key),
			&time, &ignored) == 0 &&
		    time > latest)
			latest = time;
	return latest;
}

/* When the proxy last synced is in its report, or in the log. */
static void
health_find_sync(const char *socket, struct health *health)
{
	cleanup(json_putp) struct json_object *report = NULL;
	cleanup(json_putp) struct json_object *log = NULL;
	usec_t now = clock_realtime(&clock_system), latest;

	if (health->services[HEALTH_PROXY] == HEALTH_UNKNOWN)
		return;
	latest = health_latest(
	    health_ask_list(socket, "/api/proxy/status", "services", &report),
	    "last_completed_at");
	if (latest == 0)
		latest = health_latest(
		    health_ask_list(socket,
			"/api/audit?capability=proxy.sync&status=success"
			"&limit=1",
			"entries", &log),
		    "time");
	if (latest != 0)
		health->synced_ago = now > latest ? now - latest : 1;
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

void
health_find(struct cli *cli, struct health *health, struct buf *answer,
    struct json_object **ret_json)
{
	const struct config *config;
	struct error err = { 0 }, page_err = { 0 };
	struct status page = { 0 };
	bool has_page;

	config = cli_config(cli, &err);
	if (config == NULL) {
		cli_note("%s", err.sentence);
		health_report_add_json(health, answer);
		return;
	}
	has_page = health_read_page(config->status_file, &page, &page_err) == 0;
	if (has_page)
		health->chain = status_integrity_name(page.integrity);
	if (health_ask(config->api_socket, answer, ret_json, health, &err) ==
	    0) {
		health_find_sync(config->api_socket, health);
		return;
	}
	cli_note("%s%s", err.sentence,
	    has_page ? "; what follows is kruxosd's own word" : "");
	/* Where nobody answers, what nginx serves is down; who may not ask
	 * knows nothing of it. */
	if (has_page)
		health_of_page(&page,
		    err.code == ERROR_NOT_ALLOWED ? HEALTH_UNKNOWN
						  : HEALTH_DEGRADED,
		    health);
	else
		cli_note("%s", page_err.sentence);
	buf_reset(answer);
	health_report_add_json(health, answer);
}

static enum command_exit
health_run(struct cli *cli, const void *values, char **operands)
{
	const struct health_values *wanted = values;
	struct health health = HEALTH_NOTHING;
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;

	(void)operands;
	health_find(cli, &health, &answer, &json);
	if (wanted->json) {
		cli_print_json(cli, &answer);
	} else {
		health_report_add_text(&health, &cli->out, &text);
		cli_print(&text);
	}
	return health_exit(health.state);
}

const struct command_form health_form = {
	health_options,
	sizeof(struct health_values),
	health_run,
};
