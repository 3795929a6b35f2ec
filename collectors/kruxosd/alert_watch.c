#include "collectors/kruxosd/alert_watch.h"

#include "base/diag.h"
#include "sql/schema_telemetry.h"

#define MIB 1048576.0

static struct database *
open_database(const char *path, struct error *err)
{
	struct database *database = database_open(path, DATABASE_WRITE, err);

	if (database == NULL)
		return NULL;
	if (database_migrate(database, &schema_telemetry, err) == 0)
		return database;
	database_close(database);
	return NULL;
}

static void
close_database(struct kruxosd *kruxosd)
{
	struct error ignored; /* to take it away cannot fail */

	(void)alerts_set_database(kruxosd->alerts, NULL, &ignored);
	if (kruxosd->telemetry != NULL)
		database_close(kruxosd->telemetry);
	kruxosd->telemetry = NULL;
}

void
alert_watch_open(struct kruxosd *kruxosd)
{
	struct error err;

	if (kruxosd->telemetry != NULL &&
	    database_is_there(kruxosd->telemetry)) {
		(void)database_checkpoint(kruxosd->telemetry, &err);
		return;
	}
	close_database(kruxosd);
	kruxosd->telemetry =
	    open_database(kruxosd->config->telemetry_file, &err);
	if (kruxosd->telemetry == NULL || alerts_set_database(kruxosd->alerts,
					      kruxosd->telemetry, &err) == -1) {
		diag(DIAG_ERROR, "telemetry.db: %s", err.sentence);
		close_database(kruxosd);
	}
}

/* From the last sample; what was never measured is not known. */
static void
read_figures(const struct kruxosd *kruxosd, double figures[static FIGURE_COUNT])
{
	const struct status *status = &kruxosd->page.status;

	figure_clear(figures);
	if (status->sampled_at == 0)
		return;
	figures[FIGURE_CPU_PERCENT] = status->cpu_percent;
	figures[FIGURE_DISK_USED_PERCENT] = status->disk_used_percent;
	figures[FIGURE_MEMORY_USED_MB] =
	    (double)status->memory_used_bytes / MIB;
	figures[FIGURE_MEMORY_TOTAL_MB] =
	    (double)status->memory_total_bytes / MIB;
	if (status->memory_total_bytes > 0)
		figures[FIGURE_MEMORY_PERCENT] =
		    100.0 * (double)status->memory_used_bytes /
		    (double)status->memory_total_bytes;
}

/* A failure that was answered at once is one, too. */
static const char *
find_audit_failure(struct kruxosd *kruxosd)
{
	struct commit_counts counts;
	bool has_failed;

	commit_read_counts(kruxosd->commit, &counts);
	has_failed = counts.failures != kruxosd->audit_failures;
	kruxosd->audit_failures = counts.failures;
	if (commit_reason(kruxosd->commit)[0] != '\0')
		return commit_reason(kruxosd->commit);
	return has_failed ? "the disk refused a write, which was written again"
			  : "";
}

void
alert_watch_tick(struct kruxosd *kruxosd)
{
	double figures[FIGURE_COUNT];
	struct alert_input input = {
		.figures = figures,
		.audit_failure = find_audit_failure(kruxosd),
	};

	read_figures(kruxosd, figures);
	alerts_tick(kruxosd->alerts, &input);
}

void
alert_watch_close(struct kruxosd *kruxosd)
{
	if (kruxosd->alerts == NULL)
		return;
	close_database(kruxosd);
	alerts_free(kruxosd->alerts);
	kruxosd->alerts = NULL;
}
