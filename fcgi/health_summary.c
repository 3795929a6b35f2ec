#include "fcgi/health_summary.h"

static void
write_services(const struct config *config, const struct view *view,
    struct json_writer *json)
{
	json_writer_key(json, "services");
	json_writer_object(json);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];

		json_writer_pair(json, service->name,
		    judgement_name(judgement_of_service(service, view)));
	}
	json_writer_end_object(json);
}

static void
write_percent(
    struct json_writer *json, const char *key, double percent, bool is_known)
{
	json_writer_key(json, key);
	if (is_known)
		json_writer_fixed(json,
		    percent < 0	    ? 0
		    : percent > 100 ? 100
				    : percent,
		    1);
	else
		json_writer_null(json);
}

/* In MiB, as the specification's megabytes are. */
static void
write_megabytes(
    struct json_writer *json, const char *key, uint64_t bytes, bool is_known)
{
	json_writer_key(json, key);
	if (is_known)
		json_writer_u64(json, bytes >> 20);
	else
		json_writer_null(json);
}

static void
write_resources(const struct view *view, struct json_writer *json)
{
	const struct status *status = &view->status;
	/* A daemon that has just begun has not sampled anything. */
	bool is_known =
	    view->is_there && status->sampled_at != 0 &&
	    view_is_current(view, status->sampled_at, OBSERVED_SILENCE_MAX);

	json_writer_key(json, "resources");
	json_writer_object(json);
	write_percent(json, "cpu_percent", status->cpu_percent, is_known);
	write_megabytes(
	    json, "memory_used_mb", status->memory_used_bytes, is_known);
	write_megabytes(
	    json, "memory_total_mb", status->memory_total_bytes, is_known);
	write_percent(
	    json, "disk_used_percent", status->disk_used_percent, is_known);
	json_writer_end_object(json);
}

enum health
health_summary_write(const struct config *config, const struct view *view,
    struct json_writer *json)
{
	enum health overall = judgement_of_all(config, view);

	json_writer_object(json);
	json_writer_pair(json, "status", judgement_name(overall));
	json_writer_pair(json, "version", KRUXOS_VERSION);
	json_writer_key(json, "uptime_seconds");
	if (view->is_there)
		json_writer_u64(json, view_uptime(view) / USEC_PER_SEC);
	else
		json_writer_null(json);
	write_services(config, view, json);
	write_resources(view, json);
	json_writer_end_object(json);
	return overall;
}
