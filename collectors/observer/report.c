#include "collectors/observer/report.h"

#include "base/json_writer.h"

enum { DIGITS = 3, SECOND_DIGITS = 2 };

static void
pair_number(struct json_writer *json, const char *key, double value, int digits)
{
	json_writer_key(json, key);
	json_writer_fixed(json, value, digits);
}

static void
write_figures(struct json_writer *json, const double *figures)
{
	json_writer_key(json, "figures");
	json_writer_object(json);
	for (int i = 0; i <= FIGURE_HTTP_BAD_LINES_TOTAL; i++)
		pair_number(json, figure_rows[i].name, figures[i],
		    figure_rows[i].kind == FIGURE_COUNTER ? 0 : DIGITS);
	json_writer_end_object(json);
}

static void
write_service(struct json_writer *json, const struct observed_service *service)
{
	json_writer_object(json);
	json_writer_pair(json, "name", service->name);
	json_writer_pair(json, "status", observed_status_name(service->status));
	pair_number(json, "latency_ms", service->latency_ms, DIGITS);
	json_writer_pair(json, "details", service->details);
	json_writer_pair_time(json, "checked_at", service->checked_at);
	json_writer_end_object(json);
}

static void
write_route(struct json_writer *json, const struct observed_route *route)
{
	json_writer_object(json);
	json_writer_pair(json, "name", route->name);
	json_writer_pair_u64(json, "requests", route->requests);
	json_writer_pair_u64(json, "errors", route->errors);
	pair_number(json, "p50_ms", route->p50_ms, DIGITS);
	pair_number(json, "p99_ms", route->p99_ms, DIGITS);
	json_writer_end_object(json);
}

static void
write_program(struct json_writer *json, const struct observed_program *program)
{
	json_writer_object(json);
	json_writer_pair(json, "name", program->name);
	json_writer_pair_u64(json, "resident_bytes", program->resident_bytes);
	pair_number(json, "cpu_seconds", program->cpu_seconds, SECOND_DIGITS);
	pair_number(json, "cpu_percent", program->cpu_percent, SECOND_DIGITS);
	json_writer_end_object(json);
}

void
report_write(const struct observed *observed, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	write_figures(&json, observed->figures);
	json_writer_key(&json, "services");
	json_writer_array(&json);
	for (size_t i = 0; i < observed->service_count; i++)
		write_service(&json, &observed->services[i]);
	json_writer_end_array(&json);
	json_writer_key(&json, "routes");
	json_writer_array(&json);
	for (size_t i = 0; i < observed->route_count; i++)
		write_route(&json, &observed->routes[i]);
	json_writer_end_array(&json);
	json_writer_key(&json, "programs");
	json_writer_array(&json);
	for (size_t i = 0; i < observed->program_count; i++)
		write_program(&json, &observed->programs[i]);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
}
