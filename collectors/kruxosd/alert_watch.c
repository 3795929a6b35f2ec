#include "collectors/kruxosd/alert_watch.h"

#include "collectors/kruxosd/telemetry_file.h"

#include "base/diag.h"

/* Is it still at its place? One that cannot be used is tried again. */
#define LOOK_EVERY (5 * USEC_PER_SEC)
#define OPEN_AGAIN USEC_PER_MIN

/* Nothing prepares statements over it any more. */
static struct database *
take_away(struct kruxosd *kruxosd)
{
	struct database *database = kruxosd->alert_watch.database;
	struct error ignored; /* to take it away cannot fail */

	(void)coverage_keeper_set_database(kruxosd->coverage, NULL, &ignored);
	(void)proxy_set_database(kruxosd->proxy, NULL, &ignored);
	(void)notices_set_database(kruxosd->notices, NULL, &ignored);
	(void)alerts_set_database(kruxosd->alerts, NULL, &ignored);
	kruxosd->alert_watch.database = NULL;
	return database;
}

static void
close_database(struct kruxosd *kruxosd)
{
	struct database *database = take_away(kruxosd);

	if (database != NULL)
		database_close(database);
}

/* The recorder, too, writes into it, and takes the write-ahead log back for
 * both. The loop waits for nobody who has it locked, ours or not:
 * acknowledgements would wait as well. What it cannot store is tried again each
 * second. */
void
alert_watch_open(struct kruxosd *kruxosd)
{
	struct alert_watch *watch = &kruxosd->alert_watch;
	const char *path = kruxosd->config->telemetry_file;
	struct error err;

	if (watch->database != NULL &&
	    (alerts_are_damaged(kruxosd->alerts) ||
		proxy_is_damaged(kruxosd->proxy) ||
		coverage_keeper_is_damaged(kruxosd->coverage)))
		telemetry_file_put_aside(
		    path, take_away(kruxosd), kruxosd->clock);
	if (watch->database != NULL && database_is_there(watch->database))
		return;
	close_database(kruxosd);
	watch->database =
	    telemetry_file_open(path, DATABASE_WRITE_NOW, kruxosd->clock, &err);
	if (watch->database == NULL ||
	    alerts_set_database(kruxosd->alerts, watch->database, &err) == -1 ||
	    notices_set_database(kruxosd->notices, watch->database, &err) ==
		-1 ||
	    proxy_set_database(kruxosd->proxy, watch->database, &err) == -1 ||
	    coverage_keeper_set_database(
		kruxosd->coverage, watch->database, &err) == -1) {
		if (!watch->has_failed)
			diag(DIAG_ERROR, "telemetry.db: %s", err.sentence);
		close_database(kruxosd);
	}
	watch->has_failed = watch->database == NULL;
}

void
alert_watch_damage(struct kruxosd *kruxosd, const char *sentence)
{
	struct alert_watch *watch = &kruxosd->alert_watch;

	snprintf(watch->damage, sizeof(watch->damage), "%s", sentence);
}

static const char *
unless_empty(const char *sentence)
{
	return sentence[0] == '\0' ? NULL : sentence;
}

/* A failure that was answered at once is one, too. */
static const char *
find_audit_failure(struct kruxosd *kruxosd)
{
	struct commit_counts counts;
	bool has_failed;

	commit_read_counts(kruxosd->commit, &counts);
	has_failed = counts.failures != kruxosd->alert_watch.failures;
	kruxosd->alert_watch.failures = counts.failures;
	if (commit_reason(kruxosd->commit)[0] != '\0')
		return commit_reason(kruxosd->commit);
	return has_failed ? "the disk refused a write, which was written again"
			  : NULL;
}

/* `verified` is where the words stand. */
static const char *
find_damage(struct kruxosd *kruxosd, struct verifier_state *verified)
{
	verifier_get(kruxosd->verifier, verified);
	if (verified->damage[0] == '\0')
		snprintf(verified->damage, sizeof(verified->damage), "%.255s",
		    kruxosd->alert_watch.damage);
	kruxosd->alert_watch.damage[0] = '\0';
	return unless_empty(verified->damage);
}

/* Of the index only what does not mend itself. */
static const char *
find_database_failure(struct kruxosd *kruxosd, struct indexer_state *index)
{
	if (state_status(kruxosd->state) != STATUS_STATE_OK)
		return unless_empty(state_sentence(kruxosd->state));
	indexer_get(kruxosd->indexer, index);
	return index->status == STATUS_INDEX_FAILING
		   ? unless_empty(index->sentence)
		   : NULL;
}

static void
keep_open(struct kruxosd *kruxosd)
{
	usec_t now = clock_boottime(kruxosd->clock);

	if (now < kruxosd->alert_watch.open_due)
		return;
	alert_watch_open(kruxosd);
	kruxosd->alert_watch.open_due =
	    now +
	    (kruxosd->alert_watch.database == NULL ? OPEN_AGAIN : LOOK_EVERY);
}

void
alert_watch_tick(struct kruxosd *kruxosd)
{
	double figures[FIGURE_COUNT];
	struct alert_service services[OBSERVED_SERVICES];
	struct verifier_state verified;
	struct indexer_state index;
	struct alert_input input = {
		.figures = figures,
		.services = services,
		.trouble = {
			[RULE_AUDIT_WRITE_FAILURE] =
			    find_audit_failure(kruxosd),
			[RULE_LOG_DAMAGED] = find_damage(kruxosd, &verified),
			[RULE_DATABASE_FAILURE] =
			    find_database_failure(kruxosd, &index),
			[RULE_OBSERVER_SILENT] =
			    telemetry_silence(kruxosd->telemetry) == 0
				? NULL
				: "kruxos-observer does not report: services "
				  "and host are not watched",
			[RULE_TOKEN_GUESSING] =
			    agent_keeper_guessing(kruxosd->agents),
		},
	};

	keep_open(kruxosd);
	telemetry_read(
	    kruxosd->telemetry, figures, services, &input.service_count);
	alerts_tick(kruxosd->alerts, &input);
	notices_tick(kruxosd->notices);
	proxy_tick(kruxosd->proxy);
	coverage_keeper_tick(kruxosd->coverage);
}

void
alert_watch_close(struct kruxosd *kruxosd)
{
	if (kruxosd->alerts == NULL)
		return;
	close_database(kruxosd);
	coverage_keeper_free(kruxosd->coverage);
	kruxosd->coverage = NULL;
	proxy_free(kruxosd->proxy);
	kruxosd->proxy = NULL;
	notices_free(kruxosd->notices);
	kruxosd->notices = NULL;
	alerts_free(kruxosd->alerts);
	kruxosd->alerts = NULL;
}
