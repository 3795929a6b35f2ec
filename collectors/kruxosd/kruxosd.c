#include "collectors/kruxosd/kruxosd.h"

#include "collectors/kruxosd/alert_watch.h"
#include "collectors/kruxosd/entrance.h"
#include "collectors/kruxosd/report.h"
#include "collectors/kruxosd/startup.h"

#include "base/diag.h"
#include "base/memory.h"

#include <systemd/sd-daemon.h>

#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>

#define SAVE_EVERY USEC_PER_MIN
/* While state.db takes nothing: /health tells soon that it does again. */
#define SAVE_AGAIN (2 * USEC_PER_SEC)
#define TRIM_EVERY (10 * USEC_PER_SEC)
/* The host's first sample counts from the start: long enough for its CPU to be
 * a figure, and /health tells soon. */
#define FIRST_TICK (USEC_PER_SEC / 5)

/* --- what happens ------------------------------------------------------ */

/* All input of this turn has been read. */
static int
on_post(sd_event_source *source, void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	commit_flush(kruxosd->commit);
	if (commit_refusal(kruxosd->commit) != kruxosd->page.status.refusal) {
		/* The disk's room is looked at before a try that succeeds in
		 * the rest of a block lets everything in. */
		kruxosd->sample_due = 0;
		report_write(kruxosd);
	}
	return 0;
}

static int
on_indexed(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct kruxosd *kruxosd = userdata;
	struct indexer_state state;
	uint64_t count;

	(void)source;
	(void)events;
	if (read(fd, &count, sizeof(count)) == -1 && errno != EAGAIN)
		diag(DIAG_ERROR, "index: eventfd: %m");
	indexer_get(kruxosd->indexer, &state);
	recent_set_indexed(kruxosd->recent, state.index_seq);
	outcomes_set_indexed(kruxosd->outcomes, state.index_seq);
	reindex_heard(kruxosd->reindex, &state);
	kruxosd->page.status.commits++;
	report_write(kruxosd);
	return 0;
}

static int
on_hashed(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	(void)fd;
	(void)events;
	account_keeper_take(kruxosd->accounts);
	return 0;
}

static int
on_copied(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	(void)fd;
	(void)events;
	backup_take(kruxosd->backup);
	return 0;
}

static int
on_calls_loaded(
    sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct kruxosd *kruxosd = userdata;
	struct call_filter *filter = call_loader_take(kruxosd->call_loader);

	(void)fd;
	(void)events;
	if (filter != NULL)
		recent_adopt(kruxosd->recent, filter);
	sd_event_source_disable_unref(source);
	call_loader_free(kruxosd->call_loader);
	kruxosd->call_loader = NULL;
	return 0;
}

static int
on_stop(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	diag(DIAG_INFO, "stopping (%s)",
	    info->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	sd_notify(0, "STOPPING=1");
	sd_event_exit(kruxosd->event, 0);
	return 0;
}

static int
on_reload(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1");
	entrance_reload(kruxosd);
	sd_notify(0, "READY=1");
	return 0;
}

/* --- once a second ----------------------------------------------------- */

static void
save(struct kruxosd *kruxosd, usec_t now)
{
	if (now < kruxosd->save_due)
		return;
	state_retry(kruxosd->state);
	erasure_retry(kruxosd->erasure);
	report_verification(kruxosd);
	kruxosd->save_due =
	    now + (state_status(kruxosd->state) == STATUS_STATE_FAILING
			  ? SAVE_AGAIN
			  : SAVE_EVERY);
}

/* What a flood needed is given back when it is over. */
static void
trim(struct kruxosd *kruxosd, usec_t now)
{
	if (now < kruxosd->trim_due)
		return;
	commit_trim(kruxosd->commit);
	recent_trim(kruxosd->recent);
	outcomes_trim(kruxosd->outcomes);
	memory_trim();
	kruxosd->trim_due = now + TRIM_EVERY;
}

static int
on_tick(sd_event_source *source, usec_t at, void *userdata)
{
	struct kruxosd *kruxosd = userdata;
	usec_t now = clock_boottime(kruxosd->clock);
	usec_t retry = commit_retry_due(kruxosd->commit);

	(void)at;
	if (retry != 0 && clock_monotonic(kruxosd->clock) >= retry)
		commit_retry(kruxosd->commit);
	commit_check(kruxosd->commit);
	startup_say(kruxosd);
	ingest_tick(kruxosd->ingest);
	spool_tick(kruxosd->spool);
	account_keeper_tick(kruxosd->accounts);
	approval_keeper_tick(kruxosd->approvals);
	agent_keeper_tick(kruxosd->agents);
	state_changer_tick(kruxosd->changer);
	retention_tick(kruxosd->retention);
	backup_tick(kruxosd->backup);
	reindex_tick(kruxosd->reindex, clock_monotonic(kruxosd->clock));
	report_sample(kruxosd);
	save(kruxosd, now);
	page_keep(&kruxosd->page);
	report_write(kruxosd);
	telemetry_tick(
	    kruxosd->telemetry, &kruxosd->page.status, &kruxosd->removed);
	alert_watch_tick(kruxosd);
	trim(kruxosd, now);
	sd_event_source_set_time_relative(source, USEC_PER_SEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

static int
event_fail(int result, const char *what, struct error *err)
{
	errno = -result;
	return error_set_errno(err, "the loop: %s", what);
}

/* They are the loop's: threads take the mask over, so it comes before them. */
static int
block_signals(struct error *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return error_set_errno(err, "sigprocmask");
	return 0;
}

static int
open_loop(struct kruxosd *kruxosd, struct error *err)
{
	sd_event *event;
	int r;

	if (block_signals(err) == -1)
		return -1;
	r = sd_event_new(&kruxosd->event);
	if (r < 0)
		return event_fail(r, "new", err);
	event = kruxosd->event;
	r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, kruxosd);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, on_stop, kruxosd);
	if (r >= 0)
		r = sd_event_add_signal(
		    event, NULL, SIGHUP, on_reload, kruxosd);
	if (r >= 0)
		r = sd_event_add_post(event, NULL, on_post, kruxosd);
	if (r >= 0)
		r = sd_event_add_time_relative(event, NULL, CLOCK_BOOTTIME,
		    FIRST_TICK, 0, on_tick, kruxosd);
	if (r < 0)
		return event_fail(r, "sources", err);
	/* Without $WATCHDOG_USEC there is none, and that is fine. */
	sd_event_set_watchdog(event, true);
	return 0;
}

static int
watch(struct kruxosd *kruxosd, int fd, sd_event_io_handler_t handler,
    struct error *err)
{
	int r = sd_event_add_io(
	    kruxosd->event, NULL, fd, EPOLLIN, handler, kruxosd);

	return r < 0 ? event_fail(r, "io", err) : 0;
}

struct kruxosd *
kruxosd_new(const char *config_path, struct error *err)
{
	struct kruxosd *kruxosd = memory_new(sizeof(*kruxosd));

	kruxosd->clock = &clock_system;
	kruxosd->disk = &disk_system;
	kruxosd->data_dir = kruxosd->state_dir = -1;
	kruxosd->runtime_dir = kruxosd->audit_dir = -1;
	kruxosd->lock = -1;
	kruxosd->config_path = strdup(config_path);
	if (kruxosd->config_path == NULL)
		memory_end(strlen(config_path));
	/* The loop first: threads inherit its mask of signals. */
	if (config_load(kruxosd->config_path, &kruxosd->config, err) == 0 &&
	    open_loop(kruxosd, err) == 0 && startup_open(kruxosd, err) == 0 &&
	    entrance_make(kruxosd, err) == 0)
		return kruxosd;
	kruxosd_free(kruxosd);
	return NULL;
}

/* --- running ----------------------------------------------------------- */

static int
start_threads(struct kruxosd *kruxosd, struct error *err)
{
	uint64_t seq = commit_head(kruxosd->commit)->seq;
	usec_t now = clock_realtime(kruxosd->clock);

	indexer_durable(kruxosd->indexer, seq);
	verifier_durable(kruxosd->verifier, seq);
	if (indexer_start(kruxosd->indexer, err) == -1 ||
	    watch(kruxosd, indexer_fd(kruxosd->indexer), on_indexed, err) ==
		-1 ||
	    watch(kruxosd, account_keeper_fd(kruxosd->accounts), on_hashed,
		err) == -1 ||
	    watch(kruxosd, backup_fd(kruxosd->backup), on_copied, err) == -1 ||
	    verifier_start(kruxosd->verifier, err) == -1 ||
	    scrub_start(kruxosd->scrub, err) == -1 ||
	    recorder_start(kruxosd->recorder, err) == -1)
		return -1;
	kruxosd->call_loader = call_loader_start(kruxosd->call_finder,
	    now > CALL_FILTER_SPAN ? now - CALL_FILTER_SPAN : 0, err);
	if (kruxosd->call_loader == NULL)
		return -1;
	return watch(kruxosd, call_loader_fd(kruxosd->call_loader),
	    on_calls_loaded, err);
}

static int
begin(struct kruxosd *kruxosd, struct error *err)
{
	startup_finish(kruxosd);
	if (start_threads(kruxosd, err) == -1 ||
	    ingest_open(kruxosd->ingest, err) == -1)
		return -1;
	report_write(kruxosd);
	sd_notify(0, "READY=1");
	diag(DIAG_INFO, "the log in %s goes on behind entry %llu",
	    kruxosd->config->audit_dir,
	    (unsigned long long)commit_head(kruxosd->commit)->seq);
	return 0;
}

static void
end(struct kruxosd *kruxosd)
{
	spool_free(kruxosd->spool);
	kruxosd->spool = NULL;
	ingest_stop(kruxosd->ingest);
	commit_flush(kruxosd->commit);
	commit_stop(kruxosd->commit);
	indexer_stop(kruxosd->indexer);
	report_verification(kruxosd);
	report_end(kruxosd);
}

int
kruxosd_run(struct kruxosd *kruxosd, struct error *err)
{
	int r;

	if (begin(kruxosd, err) == -1)
		return -1;
	r = sd_event_loop(kruxosd->event);
	end(kruxosd);
	if (r < 0)
		return event_fail(r, "run", err);
	if (kruxosd->ending.code == ERROR_NONE)
		return 0;
	*err = kruxosd->ending;
	return -1;
}

static void
close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

void
kruxosd_free(struct kruxosd *kruxosd)
{
	if (kruxosd == NULL)
		return;
	call_loader_free(kruxosd->call_loader);
	backup_free(kruxosd->backup);
	reindex_free(kruxosd->reindex);
	account_keeper_stop(kruxosd->accounts);
	spool_free(kruxosd->spool);
	ingest_free(kruxosd->ingest);
	otlp_recorder_free(kruxosd->otlp_recorder);
	outcomes_free(kruxosd->outcomes);
	recent_free(kruxosd->recent);
	scrub_free(kruxosd->scrub);
	verifier_free(kruxosd->verifier);
	host_free(kruxosd->host);
	retention_free(kruxosd->retention);
	alert_watch_close(kruxosd);
	telemetry_free(kruxosd->telemetry);
	recorder_free(kruxosd->recorder);
	erasure_free(kruxosd->erasure);
	approval_keeper_free(kruxosd->approvals);
	policy_keeper_free(kruxosd->policy);
	agent_keeper_free(kruxosd->agents);
	account_keeper_free(kruxosd->accounts);
	state_changer_free(kruxosd->changer);
	commit_free(kruxosd->commit);
	redact_free(kruxosd->redactor);
	log_writer_free(kruxosd->writer);
	call_finder_free(kruxosd->call_finder);
	indexer_free(kruxosd->indexer);
	state_close(kruxosd->state);
	sd_event_unref(kruxosd->event);
	page_close(&kruxosd->page);
	close_fd(kruxosd->lock);
	close_fd(kruxosd->audit_dir);
	close_fd(kruxosd->runtime_dir);
	close_fd(kruxosd->state_dir);
	close_fd(kruxosd->data_dir);
	config_free(kruxosd->config);
	free(kruxosd->config_path);
	free(kruxosd);
}
