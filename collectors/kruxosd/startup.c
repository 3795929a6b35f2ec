#include "collectors/kruxosd/startup.h"

#include "collectors/kruxosd/alert_watch.h"
#include "collectors/kruxosd/folder.h"
#include "collectors/kruxosd/redo.h"
#include "collectors/kruxosd/report.h"
#include "collectors/kruxosd/restored.h"

#include "base/diag.h"
#include "log/lock.h"

static int
open_folders(struct kruxosd *kruxosd, struct error *err)
{
	const struct config *config = kruxosd->config;

	kruxosd->data_dir = folder_open(config->data_dir, err);
	if (kruxosd->data_dir == -1)
		return -1;
	kruxosd->state_dir = folder_open(config->state_dir, err);
	if (kruxosd->state_dir == -1)
		return -1;
	kruxosd->runtime_dir = folder_open(config->runtime_dir, err);
	if (kruxosd->runtime_dir == -1)
		return -1;
	kruxosd->audit_dir = folder_open(config->audit_dir, err);
	if (kruxosd->audit_dir == -1)
		return -1;
	kruxosd->lock = lock_take(kruxosd->audit_dir, config->audit_dir, err);
	if (kruxosd->lock == -1)
		return -1;
	return restored_check(kruxosd->data_dir, config->data_dir, err);
}

static int
open_databases(
    struct kruxosd *kruxosd, struct recovery_known *known, struct error *err)
{
	const struct config *config = kruxosd->config;
	struct indexer_state index;

	kruxosd->state = state_open(config->state_file, kruxosd->clock, err);
	if (kruxosd->state == NULL)
		return -1;
	kruxosd->to_say.restore =
	    restored_take(kruxosd->data_dir, kruxosd->state);
	kruxosd->indexer = indexer_new(
	    config->audit_dir, config->data_dir, kruxosd->clock, err);
	if (kruxosd->indexer == NULL)
		return -1;
	kruxosd->call_finder = call_finder_new(
	    config->audit_dir, config->data_dir, kruxosd->clock);
	indexer_get(kruxosd->indexer, &index);
	if (index.index_seq > known->seq) {
		known->seq = index.index_seq;
		memcpy(known->hash, index.index_hash, sizeof(known->hash));
	}
	return 0;
}

/* After each commit, before its waiters: who reads the log may go on. */
static void
on_durable(void *context, const struct commit_head *head)
{
	struct kruxosd *kruxosd = context;

	report_head(kruxosd, head);
	page_write(&kruxosd->page);
	indexer_durable(kruxosd->indexer, head->seq);
	verifier_durable(kruxosd->verifier, head->seq);
}

static void
on_watched(void *context, struct slice lines)
{
	struct kruxosd *kruxosd = context;

	alerts_read(kruxosd->alerts, lines);
}

/* Said at once, and not when the day's reading finds it. In a folder that
 * nobody looks into there is no going on: the next start opens the one at the
 * path. */
static void
on_damaged(void *context, const struct error *err)
{
	struct kruxosd *kruxosd = context;

	verifier_tell_damage(kruxosd->verifier, err->sentence);
	alert_watch_damage(kruxosd, err->sentence);
	report_verification(kruxosd);
	report_write(kruxosd);
	if (err->code != ERROR_NOT_FOUND)
		return;
	kruxosd->ending = *err;
	sd_event_exit(kruxosd->event, 0);
}

/* Where it cannot be read, totals are those of what is still there. */
static void
read_removed(struct kruxosd *kruxosd)
{
	struct error ignored; /* state.c has spoken of it */

	(void)state_read_removed(kruxosd->state, &kruxosd->removed, &ignored);
}

static void
on_removed(void *context, uint64_t first_seq)
{
	struct kruxosd *kruxosd = context;

	diag(DIAG_DEBUG, "the log begins at entry %llu",
	    (unsigned long long)first_seq);
	indexer_forget(kruxosd->indexer, first_seq);
	read_removed(kruxosd);
	kruxosd->page.status.commits++;
}

static int
open_log(struct kruxosd *kruxosd, const struct recovery_known *known,
    struct error *err)
{
	struct recovery *recovery = &kruxosd->recovery;
	const char *path = kruxosd->config->audit_dir;
	struct commit_listener listener = { .on_durable = on_durable,
		.on_watched = on_watched,
		.on_damaged = on_damaged,
		.context = kruxosd };

	kruxosd->writer =
	    log_writer_new(kruxosd->disk, kruxosd->audit_dir, path);
	if (recovery_run(kruxosd->disk, kruxosd->audit_dir, path, known,
		kruxosd->writer, recovery, err) == -1)
		return -1;
	if (recovery->verdict != RECOVERY_WHOLE)
		diag(recovery->verdict == RECOVERY_TORN ? DIAG_WARNING
							: DIAG_CRITICAL,
		    "%s: %s", path, recovery->sentence);
	kruxosd->redactor = redact_new();
	kruxosd->commit = commit_new(kruxosd->clock, kruxosd->writer,
	    kruxosd->redactor, &recovery->head);
	commit_set_listener(kruxosd->commit, &listener);
	report_head(kruxosd, &recovery->head);
	return 0;
}

static void
on_erased(void *context, uint64_t seq)
{
	struct kruxosd *kruxosd = context;

	alerts_erase(kruxosd->alerts, seq);
	notices_erase(kruxosd->notices, seq);
}

static void
make_proxy(struct kruxosd *kruxosd)
{
	struct proxy_parts parts = {
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.redactor = kruxosd->redactor,
		.telemetry = kruxosd->telemetry,
	};

	kruxosd->proxy = proxy_new(&parts);
}

static void
guard_erasure(void *context, struct command_call *call, struct slice password,
    erasure_on_guarded done, void *request)
{
	account_keeper_confirm(context, call, password, done, request);
}

static void
make_keepers(struct kruxosd *kruxosd)
{
	const struct config *config = kruxosd->config;
	struct retention_parts parts = {
		.disk = kruxosd->disk,
		.dir = kruxosd->audit_dir,
		.audit_dir = config->audit_dir,
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.state = kruxosd->state,
		.on_removed = on_removed,
		.context = kruxosd,
	};

	read_removed(kruxosd);
	kruxosd->recorder = recorder_new(config, kruxosd->clock);
	kruxosd->telemetry = telemetry_new(kruxosd->clock, kruxosd->recorder);
	telemetry_configure(kruxosd->telemetry, config);
	telemetry_open(kruxosd->telemetry, config->observed_file);
	kruxosd->alerts = alerts_new(kruxosd->clock, kruxosd->commit);
	alerts_configure(kruxosd->alerts, config);
	kruxosd->notices =
	    notices_new(kruxosd->clock, kruxosd->commit, kruxosd->alerts);
	notices_configure(kruxosd->notices, config);
	make_proxy(kruxosd);
	kruxosd->coverage = coverage_keeper_new(kruxosd->clock);
	alert_watch_open(kruxosd);
	kruxosd->erasure = erasure_new(kruxosd->disk, kruxosd->audit_dir,
	    config->audit_dir, kruxosd->commit, kruxosd->state);
	erasure_set_listener(kruxosd->erasure, on_erased, kruxosd);
	erasure_set_guard(kruxosd->erasure, guard_erasure, kruxosd->accounts);
	kruxosd->retention = retention_new(&parts);
	retention_set_days(kruxosd->retention, config->retention_days);
	kruxosd->host = host_new(kruxosd->audit_dir);
}

static int
make_accounts(struct kruxosd *kruxosd, struct error *err)
{
	const struct config *config = kruxosd->config;

	kruxosd->changer = state_changer_new(kruxosd->clock, kruxosd->commit,
	    kruxosd->state, config->state_file);
	kruxosd->accounts =
	    account_keeper_new(kruxosd->changer, config->state_file, err);
	if (kruxosd->accounts == NULL)
		return -1;
	account_keeper_configure(kruxosd->accounts, config);
	kruxosd->policy = policy_keeper_new(kruxosd->clock);
	policy_keeper_configure(kruxosd->policy, config);
	kruxosd->approvals = approval_keeper_new(
	    kruxosd->changer, kruxosd->accounts, kruxosd->redactor);
	approval_keeper_configure(kruxosd->approvals, config);
	kruxosd->agents = agent_keeper_new(kruxosd->changer);
	agent_keeper_configure(kruxosd->agents, config->gateway_attempts);
	return 0;
}

/* What recovery found counts until the whole log was read and holds. */
static void
make_verifier(struct kruxosd *kruxosd)
{
	struct verifier_state known = { 0 };
	struct state_verification saved = { 0 };
	struct error ignored; /* then everything is read anew */

	(void)state_read_verification(kruxosd->state, &saved, &ignored);
	known.seq = saved.seq;
	memcpy(known.hash, saved.hash, sizeof(known.hash));
	known.whole_at = saved.whole_at;
	memcpy(known.damage, saved.damage, sizeof(known.damage));
	if (kruxosd->recovery.verdict == RECOVERY_DAMAGED)
		snprintf(known.damage, sizeof(known.damage), "%.255s",
		    kruxosd->recovery.sentence);
	if (known.damage[0] != '\0' || known.seq > kruxosd->recovery.head.seq)
		known.whole_at = 0;
	kruxosd->verifier =
	    verifier_new(kruxosd->config->audit_dir, kruxosd->clock, &known);
}

/* After a start that no orderly stop went before, the index is looked at soon.
 */
static void
make_scrub(struct kruxosd *kruxosd)
{
	const struct config *config = kruxosd->config;
	usec_t ended_at = 0;
	struct error ignored; /* then it is due, too */

	if (kruxosd->page.was_stopped)
		(void)state_read_scrubbed(kruxosd->state, &ended_at, &ignored);
	kruxosd->scrub = scrub_new(config->audit_dir, config->data_dir,
	    kruxosd->clock, kruxosd->indexer, ended_at);
}

static void
on_hold(void *context, bool is_held)
{
	struct kruxosd *kruxosd = context;

	erasure_set_held(kruxosd->erasure, is_held);
	retention_set_held(kruxosd->retention, is_held);
}

static int
make_backup(struct kruxosd *kruxosd, struct error *err)
{
	const struct config *config = kruxosd->config;
	struct backup_parts parts = {
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.writer = kruxosd->writer,
		.data_dir = config->data_dir,
		.state_file = config->state_file,
		.telemetry_file = config->telemetry_file,
		.on_hold = on_hold,
		.context = kruxosd,
	};

	kruxosd->backup = backup_new(&parts, err);
	return kruxosd->backup == NULL ? -1 : 0;
}

int
startup_open(struct kruxosd *kruxosd, struct error *err)
{
	struct recovery_known known = { 0 };

	if (open_folders(kruxosd, err) == -1 ||
	    page_open(&kruxosd->page, kruxosd->config->status_file,
		kruxosd->clock, &known, err) == -1 ||
	    open_databases(kruxosd, &known, err) == -1 ||
	    open_log(kruxosd, &known, err) == -1)
		return -1;
	if (make_accounts(kruxosd, err) == -1)
		return -1;
	make_keepers(kruxosd);
	make_verifier(kruxosd);
	make_scrub(kruxosd);
	if (make_backup(kruxosd, err) == -1)
		return -1;
	return redo_last_batch(kruxosd->config->audit_dir, &kruxosd->recovery,
	    kruxosd->erasure, kruxosd->retention, err);
}

/* Calls that the index does not hold yet. Without them an entry may be
 * recorded twice, which is no reason not to start. */
static void
recall(struct kruxosd *kruxosd)
{
	struct indexer_state index;
	struct error err;

	indexer_get(kruxosd->indexer, &index);
	if (call_loader_read_tail(kruxosd->config->audit_dir, index.index_seq,
		commit_head(kruxosd->commit)->seq,
		clock_realtime(kruxosd->clock), kruxosd->recent,
		kruxosd->outcomes, &err) == -1)
		diag(DIAG_WARNING, "recent calls: %s", err.sentence);
}

static void
on_restore_said(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct kruxosd *kruxosd = context;

	(void)tag;
	(void)seq;
	kruxosd->to_say.restore = err != NULL;
	if (err == NULL)
		restored_forget(kruxosd->data_dir);
}

/* Refused, it is said again. */
static void
on_said(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	bool *is_due = context;

	(void)tag;
	(void)seq;
	*is_due = err != NULL;
}

void
startup_say(struct kruxosd *kruxosd)
{
	struct to_say *due = &kruxosd->to_say;
	struct commit_waiter recovered = { on_said, &due->recovery, 0 };
	struct commit_waiter lost = { on_said, &due->state, 0 };
	struct commit_waiter restored = { on_restore_said, kruxosd, 0 };
	struct slice none = { NULL, 0 };
	struct error refused;

	if (due->restore && restored_record(kruxosd->data_dir, kruxosd->commit,
				&restored, &refused) == 0)
		due->restore = false;
	if (due->recovery && recovery_record(&kruxosd->recovery,
				 kruxosd->commit, &recovered, &refused) == 0)
		due->recovery = false;
	if (due->state &&
	    commit_add_system(kruxosd->commit, "log.state_failure", ENTRY_ERROR,
		state_sentence(kruxosd->state), none, &lost, &refused) == 0)
		due->state = false;
}

void
startup_finish(struct kruxosd *kruxosd)
{
	kruxosd->to_say.recovery = kruxosd->recovery.verdict != RECOVERY_WHOLE;
	kruxosd->to_say.state = state_status(kruxosd->state) != STATUS_STATE_OK;
	startup_say(kruxosd);
	commit_open_log(kruxosd->commit);
	commit_flush(kruxosd->commit);
	recall(kruxosd);
}
