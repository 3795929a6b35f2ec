#include "collectors/kruxosd/kruxosd.h"

#include "collectors/kruxosd/call_loader.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/erasure.h"
#include "collectors/kruxosd/export.h"
#include "collectors/kruxosd/folder.h"
#include "collectors/kruxosd/host.h"
#include "collectors/kruxosd/indexer.h"
#include "collectors/kruxosd/ingest.h"
#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/page.h"
#include "collectors/kruxosd/recent.h"
#include "collectors/kruxosd/recovery.h"
#include "collectors/kruxosd/reindex.h"
#include "collectors/kruxosd/retention.h"
#include "collectors/kruxosd/state.h"
#include "collectors/kruxosd/verifier.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "config/config.h"
#include "log/cursor.h"

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>

#define SAMPLE_EVERY (5 * USEC_PER_SEC)
#define SAVE_EVERY   USEC_PER_MIN

struct kruxosd {
	struct clock *clock;
	struct disk *disk;
	char *config_path;
	struct config *config;
	int data_dir, runtime_dir, audit_dir; /* -1: not open */
	int lock; /* of the audit folder; -1: not held */
	sd_event *event;
	struct page page;
	struct indexer *indexer;
	struct state *state;
	struct log_writer *writer;
	struct recovery recovery;
	struct redactor *redactor;
	struct commit *commit;
	struct erasure *erasure;
	struct retention *retention;
	struct verifier *verifier;
	struct reindex *reindex;
	struct recent *recent;
	struct call_loader *call_loader; /* NULL: it is done */
	struct ingest *ingest;
	struct host *host;
	usec_t sample_due, save_due; /* CLOCK_BOOTTIME */
};

DEFINE_CLEANUP(struct kruxosd *, kruxosd_free);
DEFINE_CLEANUP(struct cursor *, cursor_free);

/* --- the status page --------------------------------------------------- */

/* The first of them that there is. */
static void
say_what_is_wrong(
    struct kruxosd *kruxosd, const char *damage, const char *index)
{
	const char *const sentences[] = {
		commit_reason(kruxosd->commit),
		damage,
		state_sentence(kruxosd->state),
		index,
	};
	enum { LAST = sizeof(sentences) / sizeof(sentences[0]) - 1 };
	size_t i = 0;

	while (i < LAST && sentences[i][0] == '\0')
		i++;
	page_say(&kruxosd->page, sentences[i]);
}

/* What stands on it, from the parts that know. */
static void
refresh_page(struct kruxosd *kruxosd)
{
	struct status *status = &kruxosd->page.status;
	struct commit_counts commit;
	struct ingest_counts ingest;
	struct indexer_state index;
	struct verifier_state verified;

	status->refusal = commit_refusal(kruxosd->commit);
	commit_read_counts(kruxosd->commit, &commit);
	status->entries_accepted = commit.accepted;
	ingest_read_counts(kruxosd->ingest, &ingest);
	status->entries_refused = ingest.entries_refused;
	status->connections = ingest.connections;
	indexer_get(kruxosd->indexer, &index);
	status->index_seq = index.index_seq;
	status->index_generation = index.generation;
	status->index_ok = index.is_ok;
	status->state_ok = state_is_ok(kruxosd->state);
	verifier_get(kruxosd->verifier, &verified);
	status->integrity = verified.integrity;
	status->verified_seq = verified.seq;
	status->verified_at = verified.verified_at;
	say_what_is_wrong(kruxosd, verified.damage, index.sentence);
}

static void
set_head_on_page(struct kruxosd *kruxosd, const struct commit_head *head)
{
	page_set_head(&kruxosd->page, head, log_writer_name(kruxosd->writer),
	    log_writer_bytes(kruxosd->writer));
}

/* --- what happens ------------------------------------------------------ */

/* After each commit, before its waiters: who reads the log may go on. */
static void
on_durable(void *context, const struct commit_head *head)
{
	struct kruxosd *kruxosd = context;

	set_head_on_page(kruxosd, head);
	page_write(&kruxosd->page);
	indexer_durable(kruxosd->indexer, head->seq);
	verifier_durable(kruxosd->verifier, head->seq);
}

static void
on_removed(void *context, uint64_t first_seq)
{
	struct kruxosd *kruxosd = context;

	diag(DIAG_DEBUG, "the log begins at entry %llu",
	    (unsigned long long)first_seq);
	kruxosd->page.status.commits++;
}

/* All input of this turn has been read. */
static int
on_post(sd_event_source *source, void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	commit_flush(kruxosd->commit);
	if (commit_refusal(kruxosd->commit) != kruxosd->page.status.refusal) {
		refresh_page(kruxosd);
		page_write(&kruxosd->page);
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
	reindex_heard(kruxosd->reindex, &state);
	kruxosd->page.status.commits++;
	refresh_page(kruxosd);
	page_write(&kruxosd->page);
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

/* --- once a second ----------------------------------------------------- */

/* Near the end of the disk agents' entries are refused first. Of a large disk
 * a hundredth is much, of a small one 64 MiB are: both bounds must be passed.
 */
static enum commit_level
level_of(const struct host_sample *sample)
{
	uint64_t left = sample->disk_free_bytes;
	uint64_t total = sample->disk_total_bytes;

	if (left < total / 100 && left < (uint64_t)64 << 20)
		return COMMIT_OWN_ONLY;
	if (left < total / 20 && left < (uint64_t)256 << 20)
		return COMMIT_NO_AGENTS;
	return COMMIT_ALL;
}

static void
sample_host(struct kruxosd *kruxosd, usec_t now)
{
	struct status *status = &kruxosd->page.status;
	struct host_sample sample;
	struct error err;
	int result;

	if (now < kruxosd->sample_due)
		return;
	result = host_read(kruxosd->host, &sample, &err);
	if (result == -1)
		diag(DIAG_ERROR, "%s", err.sentence);
	kruxosd->sample_due = result == 0 ? now : now + SAMPLE_EVERY;
	if (result != 1)
		return;
	status->sampled_at = now;
	status->cpu_percent = sample.cpu_percent;
	status->memory_used_bytes = sample.memory_used_bytes;
	status->memory_total_bytes = sample.memory_total_bytes;
	status->disk_used_percent = sample.disk_used_percent;
	commit_set_level(kruxosd->commit, level_of(&sample));
}

/* How far the chain was verified, for the next start. */
static void
save_verification(struct kruxosd *kruxosd)
{
	struct verifier_state verified;
	struct state_verification saved = { 0 };
	struct error err;

	verifier_get(kruxosd->verifier, &verified);
	saved.seq = verified.seq;
	memcpy(saved.hash, verified.hash, sizeof(saved.hash));
	saved.whole_at = verified.whole_at;
	memcpy(saved.damage, verified.damage, sizeof(saved.damage));
	if (state_set_verification(kruxosd->state, &saved, &err) == -1)
		diag(DIAG_WARNING, "state.db: %s", err.sentence);
}

static void
save(struct kruxosd *kruxosd, usec_t now)
{
	if (now < kruxosd->save_due)
		return;
	kruxosd->save_due = now + SAVE_EVERY;
	erasure_retry(kruxosd->erasure);
	save_verification(kruxosd);
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
	ingest_tick(kruxosd->ingest);
	retention_tick(kruxosd->retention);
	sample_host(kruxosd, now);
	save(kruxosd, now);
	refresh_page(kruxosd);
	page_write(&kruxosd->page);
	sd_event_source_set_time_relative(source, USEC_PER_SEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* --- the door ---------------------------------------------------------- */

static void
run_erase(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	erasure_command(kruxosd->erasure, call);
}

static void
run_export(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	export_command(kruxosd->commit, call);
}

static void
run_reindex(void *context, struct command_call *call)
{
	struct kruxosd *kruxosd = context;

	reindex_command(kruxosd->reindex, call);
}

static const struct command commands[] = {
	{ "audit.erase", MESSAGE_OWNER, run_erase },
	{ "audit.export", MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_WEB,
	    run_export },
	{ "audit.reindex", MESSAGE_OWNER, run_reindex },
	{ 0 },
};

static struct ingest_settings
ingest_settings(const struct config *config)
{
	return (struct ingest_settings){
		.path = config->ingest_socket,
		.names = {
			.operators = config->operator_group,
			.producers = config->ingest_group,
			.web = config->web_user,
			.observer = config->observer_user,
		},
		.connections_a_uid = config->connections_per_uid,
		.connections = config->connections,
	};
}

static int
make_door(struct kruxosd *kruxosd, struct error *err)
{
	struct ingest_settings settings = ingest_settings(kruxosd->config);
	struct ingest_parts parts = {
		.event = kruxosd->event,
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.commands = commands,
		.command_context = kruxosd,
	};

	kruxosd->reindex = reindex_new(kruxosd->indexer);
	kruxosd->recent =
	    recent_new(indexer_call_hash, indexer_find_call, kruxosd->indexer);
	parts.recent = kruxosd->recent;
	kruxosd->ingest = ingest_new(&settings, &parts, err);
	return kruxosd->ingest == NULL ? -1 : 0;
}

/* --- SIGHUP ------------------------------------------------------------ */

static bool
moves_things(const struct config *old, const struct config *new)
{
	return strcmp(old->data_dir, new->data_dir) != 0 ||
	       strcmp(old->audit_dir, new->audit_dir) != 0 ||
	       strcmp(old->runtime_dir, new->runtime_dir) != 0;
}

/* The file is taken whole, or not at all. */
static void
reload(struct kruxosd *kruxosd)
{
	cleanup(config_freep) struct config *config = NULL;
	struct ingest_settings settings;
	struct config *old = kruxosd->config;
	struct error err;

	if (config_load(kruxosd->config_path, &config, &err) == -1) {
		diag(DIAG_ERROR, "%s; all stays as it was", err.sentence);
		return;
	}
	if (moves_things(old, config)) {
		diag(DIAG_ERROR,
		    "%s: folders move at a restart only; all stays as it was",
		    kruxosd->config_path);
		return;
	}
	settings = ingest_settings(config);
	if (ingest_reconfigure(kruxosd->ingest, &settings, &err) == -1) {
		diag(DIAG_ERROR, "%s; all stays as it was", err.sentence);
		return;
	}
	retention_set_days(kruxosd->retention, config->retention_days);
	kruxosd->config = config;
	config = old; /* goes */
	diag(DIAG_INFO, "%s was read again", kruxosd->config_path);
}

static int
on_reload(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1");
	reload(kruxosd);
	sd_notify(0, "READY=1");
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

static int
event_fail(int result, const char *what, struct error *err)
{
	errno = -result;
	return error_set_errno(err, "the loop: %s", what);
}

/* Before any thread is there: they inherit the mask. */
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
		r = sd_event_add_time_relative(
		    event, NULL, CLOCK_BOOTTIME, 0, 0, on_tick, kruxosd);
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

/* --- opening ----------------------------------------------------------- */

static int
open_folders(struct kruxosd *kruxosd, struct error *err)
{
	const struct config *config = kruxosd->config;

	kruxosd->data_dir = folder_open(config->data_dir, err);
	if (kruxosd->data_dir == -1)
		return -1;
	kruxosd->runtime_dir = folder_open(config->runtime_dir, err);
	if (kruxosd->runtime_dir == -1)
		return -1;
	kruxosd->audit_dir = folder_open(config->audit_dir, err);
	if (kruxosd->audit_dir == -1)
		return -1;
	kruxosd->lock = folder_lock(kruxosd->audit_dir, config->audit_dir, err);
	return kruxosd->lock == -1 ? -1 : 0;
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
	kruxosd->indexer = indexer_new(
	    config->audit_dir, config->data_dir, kruxosd->clock, err);
	if (kruxosd->indexer == NULL)
		return -1;
	indexer_get(kruxosd->indexer, &index);
	if (index.index_seq > known->seq) {
		known->seq = index.index_seq;
		memcpy(known->hash, index.index_hash, sizeof(known->hash));
	}
	return 0;
}

static int
open_log(struct kruxosd *kruxosd, const struct recovery_known *known,
    struct error *err)
{
	struct recovery *recovery = &kruxosd->recovery;
	const char *path = kruxosd->config->audit_dir;

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
	commit_set_listener(kruxosd->commit, on_durable, kruxosd);
	set_head_on_page(kruxosd, &recovery->head);
	return 0;
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

	kruxosd->erasure = erasure_new(kruxosd->disk, kruxosd->audit_dir,
	    config->audit_dir, kruxosd->commit, kruxosd->state);
	kruxosd->retention = retention_new(&parts);
	retention_set_days(kruxosd->retention, config->retention_days);
	kruxosd->host = host_new(kruxosd->audit_dir);
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

/* The last batch alone can name what was not done before a power cut: nothing
 * else is written in between. */
static int
redo_last_batch(struct kruxosd *kruxosd, struct error *err)
{
	uint64_t first = kruxosd->recovery.last_batch_seq;
	cleanup(cursor_freep) struct cursor *cursor = NULL;
	struct cursor_line line;
	int more = 0;

	if (first == 0)
		return 0;
	cursor = cursor_open(kruxosd->config->audit_dir, err);
	if (cursor == NULL || cursor_seek(cursor, first, err) == -1)
		return -1;
	while ((more = cursor_next(
		    cursor, kruxosd->recovery.head.seq, &line, err)) == 1) {
		struct entry entry;
		struct error failure;
		int status = 0;

		/* A payload half erased does not parse, and names nothing. */
		if (entry_parse(line.line, &entry, &failure) == -1)
			continue;
		if (slice_is(entry.capability, "audit.erase"))
			status =
			    erasure_redo(kruxosd->erasure, line.seq, &failure);
		else if (entry.actor == ENTRY_SYSTEM &&
			 slice_is(entry.capability, "log.retention"))
			status = retention_redo(
			    kruxosd->retention, &entry, &failure);
		if (status == -1)
			diag(DIAG_ERROR, "entry %llu: %s",
			    (unsigned long long)line.seq, failure.sentence);
	}
	return more;
}

static int
open_all(struct kruxosd *kruxosd, struct error *err)
{
	struct recovery_known known = { 0 };

	if (config_load(kruxosd->config_path, &kruxosd->config, err) == -1 ||
	    open_folders(kruxosd, err) == -1 ||
	    page_open(&kruxosd->page, kruxosd->config->status_file,
		kruxosd->clock, &known, err) == -1 ||
	    open_loop(kruxosd, err) == -1 ||
	    open_databases(kruxosd, &known, err) == -1 ||
	    open_log(kruxosd, &known, err) == -1)
		return -1;
	make_keepers(kruxosd);
	make_verifier(kruxosd);
	if (redo_last_batch(kruxosd, err) == -1)
		return -1;
	return make_door(kruxosd, err);
}

struct kruxosd *
kruxosd_new(const char *config_path, struct error *err)
{
	struct kruxosd *kruxosd = memory_new(sizeof(*kruxosd));

	kruxosd->clock = &clock_system;
	kruxosd->disk = &disk_system;
	kruxosd->data_dir = kruxosd->runtime_dir = kruxosd->audit_dir = -1;
	kruxosd->lock = -1;
	kruxosd->config_path = strdup(config_path);
	if (kruxosd->config_path == NULL)
		memory_end(strlen(config_path));
	if (open_all(kruxosd, err) == 0)
		return kruxosd;
	kruxosd_free(kruxosd);
	return NULL;
}

/* --- running ----------------------------------------------------------- */

/* What the start itself has to say is durable before the door opens. */
static int
record_start(struct kruxosd *kruxosd, struct error *err)
{
	if (recovery_record(&kruxosd->recovery, kruxosd->commit, err) == -1)
		return -1;
	if (!state_is_ok(kruxosd->state) &&
	    commit_add_system(kruxosd->commit, "log.state_failure", ENTRY_ERROR,
		state_sentence(kruxosd->state), (struct slice){ NULL, 0 }, NULL,
		err) == -1)
		return -1;
	commit_open_log(kruxosd->commit);
	commit_flush(kruxosd->commit);
	return 0;
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
		clock_realtime(kruxosd->clock), kruxosd->recent, &err) == -1)
		diag(DIAG_WARNING, "recent calls: %s", err.sentence);
}

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
	    verifier_start(kruxosd->verifier, err) == -1)
		return -1;
	kruxosd->call_loader = call_loader_start(kruxosd->indexer,
	    now > CALL_FILTER_SPAN ? now - CALL_FILTER_SPAN : 0, err);
	if (kruxosd->call_loader == NULL)
		return -1;
	return watch(kruxosd, call_loader_fd(kruxosd->call_loader),
	    on_calls_loaded, err);
}

static int
begin(struct kruxosd *kruxosd, struct error *err)
{
	if (record_start(kruxosd, err) == -1)
		return -1;
	recall(kruxosd);
	if (start_threads(kruxosd, err) == -1 ||
	    ingest_open(kruxosd->ingest, err) == -1)
		return -1;
	refresh_page(kruxosd);
	page_write(&kruxosd->page);
	sd_notify(0, "READY=1\nSTATUS=Entries are taken");
	diag(DIAG_INFO, "the log in %s goes on behind entry %llu",
	    kruxosd->config->audit_dir,
	    (unsigned long long)commit_head(kruxosd->commit)->seq);
	return 0;
}

static void
end(struct kruxosd *kruxosd)
{
	ingest_stop(kruxosd->ingest);
	commit_flush(kruxosd->commit);
	commit_stop(kruxosd->commit);
	indexer_stop(kruxosd->indexer);
	save_verification(kruxosd);
	refresh_page(kruxosd);
	kruxosd->page.status.refusal = STATUS_STOPPED;
	page_say(&kruxosd->page, "the daemon was stopped");
	page_write(&kruxosd->page);
}

int
kruxosd_run(struct kruxosd *kruxosd, struct error *err)
{
	int r;

	if (begin(kruxosd, err) == -1)
		return -1;
	r = sd_event_loop(kruxosd->event);
	end(kruxosd);
	return r < 0 ? event_fail(r, "run", err) : 0;
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
	reindex_free(kruxosd->reindex);
	ingest_free(kruxosd->ingest);
	recent_free(kruxosd->recent);
	verifier_free(kruxosd->verifier);
	host_free(kruxosd->host);
	retention_free(kruxosd->retention);
	erasure_free(kruxosd->erasure);
	commit_free(kruxosd->commit);
	redact_free(kruxosd->redactor);
	log_writer_free(kruxosd->writer);
	indexer_free(kruxosd->indexer);
	state_close(kruxosd->state);
	sd_event_unref(kruxosd->event);
	page_close(&kruxosd->page);
	close_fd(kruxosd->lock);
	close_fd(kruxosd->audit_dir);
	close_fd(kruxosd->runtime_dir);
	close_fd(kruxosd->data_dir);
	config_free(kruxosd->config);
	free(kruxosd->config_path);
	free(kruxosd);
}
