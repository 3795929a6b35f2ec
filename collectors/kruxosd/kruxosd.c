#include "collectors/kruxosd/kruxosd.h"

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/host.h"
#include "collectors/kruxosd/indexer.h"
#include "collectors/kruxosd/ingest.h"
#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/recent.h"
#include "collectors/kruxosd/recovery.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "store/status.h"

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#define SAMPLE_EVERY (5 * USEC_PER_SEC)

/* Where things are, and how much of them. */
struct settings {
	char *audit_dir;
	char *data_dir;
	char *status_path;
	char *socket_path;
};

struct kruxosd {
	struct settings settings;
	sd_event *event;
	struct clock *clock;
	struct disk *disk;
	int audit_dir; /* -1: not open */
	int lock;      /* of the audit folder; -1: not held */
	struct status_page *page;
	struct status status; /* as written last */
	struct log_writer *writer;
	struct recovery recovery;
	struct redactor *redactor;
	struct commit *commit;
	struct indexer *indexer;
	struct recent *recent;
	struct ingest *ingest;
	struct host *host;
	usec_t sample_due; /* CLOCK_BOOTTIME */
	bool page_failed;  /* and that was said */
};

DEFINE_CLEANUP(struct kruxosd *, kruxosd_free);

/* --- settings ---------------------------------------------------------- */

static char *
path_in(const char *folder, const char *name)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", folder, name);
	return buf_detach(&path);
}

/* Everything lies beside the configuration. */
static void
read_settings(const char *config_path, struct settings *ret_settings)
{
	const char *slash = strrchr(config_path, '/');
	cleanup(buf_free) struct buf folder = BUF_INIT;

	if (slash == NULL)
		buf_add_str(&folder, ".");
	else
		buf_add(&folder, config_path, (size_t)(slash - config_path));
	ret_settings->data_dir = path_in(folder.data, ".");
	ret_settings->audit_dir = path_in(folder.data, "audit");
	ret_settings->status_path = path_in(folder.data, "kruxosd.status");
	ret_settings->socket_path = path_in(folder.data, "ingest.sock");
}

static void
free_settings(struct settings *settings)
{
	free(settings->audit_dir);
	free(settings->data_dir);
	free(settings->status_path);
	free(settings->socket_path);
}

/* --- folders ----------------------------------------------------------- */

/* Whoever else can write to a folder can put another log, or another database,
 * in place of ours. */
static int
open_folder(const char *path, int *ret_dir, struct error *err)
{
	cleanup(cleanup_close) int dir = -1;
	struct stat st;

	if (mkdir(path, 0750) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s: mkdir", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1 || fstat(dir, &st) == -1)
		return error_set_errno(err, "%s", path);
	if (st.st_uid != geteuid())
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: the folder belongs to uid %lu, which could replace "
		    "what is in it; this daemon runs as uid %lu",
		    path, (unsigned long)st.st_uid, (unsigned long)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: others can write to the folder (mode %04o); "
		    "chmod go-w it",
		    path, (unsigned)(st.st_mode & 07777));
	*ret_dir = dir;
	dir = -1;
	return 0;
}

/* Two daemons must never write one log. */
static int
lock_folder(struct kruxosd *kruxosd, struct error *err)
{
	const char *path = kruxosd->settings.audit_dir;

	kruxosd->lock = openat(kruxosd->audit_dir, ".lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (kruxosd->lock == -1)
		return error_set_errno(err, "%s/.lock", path);
	if (flock(kruxosd->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_BUSY,
		    "%s: another kruxosd writes to this log", path);
	return error_set_errno(err, "%s/.lock: flock", path);
}

static int
open_folders(struct kruxosd *kruxosd, struct error *err)
{
	cleanup(cleanup_close) int data = -1;

	if (open_folder(kruxosd->settings.data_dir, &data, err) == -1 ||
	    open_folder(
		kruxosd->settings.audit_dir, &kruxosd->audit_dir, err) == -1)
		return -1;
	return lock_folder(kruxosd, err);
}

/* --- the status page --------------------------------------------------- */

static void
write_status(struct kruxosd *kruxosd)
{
	struct error err;

	kruxosd->status.heartbeat = clock_boottime(kruxosd->clock);
	if (status_write(kruxosd->page, &kruxosd->status, &err) == 0)
		kruxosd->page_failed = false;
	else if (!kruxosd->page_failed) {
		kruxosd->page_failed = true;
		diag(DIAG_ERROR, "%s", err.sentence);
	}
}

static void
say_on_page(struct kruxosd *kruxosd, const char *sentence)
{
	snprintf(kruxosd->status.reason, sizeof(kruxosd->status.reason), "%s",
	    sentence);
}

/* What stands on it now, from the parts that know. */
static void
refresh_status(struct kruxosd *kruxosd)
{
	struct status *status = &kruxosd->status;
	struct commit_counts commit;
	struct ingest_counts ingest;
	struct indexer_state index;

	status->refusal = commit_refusal(kruxosd->commit);
	say_on_page(kruxosd, commit_reason(kruxosd->commit));
	commit_read_counts(kruxosd->commit, &commit);
	status->entries_accepted = commit.accepted;
	ingest_read_counts(kruxosd->ingest, &ingest);
	status->entries_refused = ingest.entries_refused;
	status->connections = ingest.connections;
	indexer_get(kruxosd->indexer, &index);
	status->index_seq = index.index_seq;
	status->index_generation = index.generation;
	status->index_ok = index.is_ok;
	status->state_ok = true;
}

static void
put_head_on_page(struct kruxosd *kruxosd, const struct commit_head *head)
{
	struct status *status = &kruxosd->status;

	status->commits++;
	status->head_seq = head->seq;
	memcpy(status->head_hash, head->hash, sizeof(status->head_hash));
	snprintf(status->head_file, sizeof(status->head_file), "%s",
	    log_writer_name(kruxosd->writer));
	status->head_bytes = log_writer_bytes(kruxosd->writer);
}

/* What the page of the daemon before says was durable. */
static void
read_old_page(struct kruxosd *kruxosd, struct recovery_known *known)
{
	struct status_page *page;
	struct status status;
	struct error ignored;

	page = status_open(kruxosd->settings.status_path, &ignored);
	if (page == NULL)
		return;
	if (status_read(page, &status, &ignored) == 0 &&
	    status.head_seq > known->seq) {
		known->seq = status.head_seq;
		memcpy(known->hash, status.head_hash, sizeof(known->hash));
	}
	status_close(page);
}

/* The page is taken over with what was known: a start that is cut must not
 * forget it. */
static int
open_page(
    struct kruxosd *kruxosd, struct recovery_known *known, struct error *err)
{
	struct status *status = &kruxosd->status;

	read_old_page(kruxosd, known);
	kruxosd->page = status_create(kruxosd->settings.status_path, err);
	if (kruxosd->page == NULL)
		return -1;
	status->pid = (uint32_t)getpid();
	status->started_at = clock_realtime(kruxosd->clock);
	status->refusal = STATUS_STARTING;
	status->head_seq = known->seq;
	memcpy(status->head_hash, known->hash, sizeof(status->head_hash));
	write_status(kruxosd);
	return 0;
}

/* --- the log ----------------------------------------------------------- */

/* After each commit, before its waiters: who reads the log may go on. */
static void
on_durable(void *context, const struct commit_head *head)
{
	struct kruxosd *kruxosd = context;

	put_head_on_page(kruxosd, head);
	write_status(kruxosd);
	indexer_durable(kruxosd->indexer, head->seq);
}

static int
open_log(struct kruxosd *kruxosd, const struct recovery_known *known,
    struct error *err)
{
	struct recovery *recovery = &kruxosd->recovery;
	const char *path = kruxosd->settings.audit_dir;

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
	put_head_on_page(kruxosd, &recovery->head);
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

static int
on_post(sd_event_source *source, void *userdata)
{
	struct kruxosd *kruxosd = userdata;

	(void)source;
	commit_flush(kruxosd->commit);
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
on_indexed(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct kruxosd *kruxosd = userdata;
	uint64_t count;

	(void)source;
	(void)events;
	if (read(fd, &count, sizeof(count)) == -1 && errno != EAGAIN)
		diag(DIAG_ERROR, "index: eventfd: %m");
	kruxosd->status.commits++;
	refresh_status(kruxosd);
	recent_set_indexed(kruxosd->recent, kruxosd->status.index_seq);
	write_status(kruxosd);
	return 0;
}

/* Near the end of the disk agents' entries are refused first. Of a large disk
 * a hundredth is much, of a small one 64 MiB are: both bounds must be passed.
 */
static enum commit_level
level_of(const struct host_sample *sample)
{
	uint64_t free_bytes = sample->disk_free_bytes;
	uint64_t total = sample->disk_total_bytes;

	if (free_bytes < total / 100 && free_bytes < (uint64_t)64 << 20)
		return COMMIT_OWN_ONLY;
	if (free_bytes < total / 20 && free_bytes < (uint64_t)256 << 20)
		return COMMIT_NO_AGENTS;
	return COMMIT_ALL;
}

static void
sample_host(struct kruxosd *kruxosd)
{
	struct status *status = &kruxosd->status;
	usec_t now = clock_boottime(kruxosd->clock);
	struct host_sample sample;
	struct error err;
	int result;

	if (now < kruxosd->sample_due)
		return;
	result = host_read(kruxosd->host, &sample, &err);
	if (result == -1)
		diag(DIAG_ERROR, "%s", err.sentence);
	kruxosd->sample_due = now + (result == 0 ? 0 : SAMPLE_EVERY);
	if (result != 1)
		return;
	status->sampled_at = now;
	status->cpu_percent = sample.cpu_percent;
	status->memory_used_bytes = sample.memory_used_bytes;
	status->memory_total_bytes = sample.memory_total_bytes;
	status->disk_used_percent = sample.disk_used_percent;
	commit_set_level(kruxosd->commit, level_of(&sample));
}

/* Once a second. */
static int
on_tick(sd_event_source *source, usec_t at, void *userdata)
{
	struct kruxosd *kruxosd = userdata;
	usec_t retry = commit_retry_due(kruxosd->commit);

	(void)at;
	if (retry != 0 && clock_monotonic(kruxosd->clock) >= retry)
		commit_retry(kruxosd->commit);
	ingest_tick(kruxosd->ingest);
	sample_host(kruxosd);
	refresh_status(kruxosd);
	write_status(kruxosd);
	sd_event_source_set_time_relative(source, USEC_PER_SEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int
event_fail(int result, const char *what, struct error *err)
{
	errno = -result;
	return error_set_errno(err, "the loop: %s", what);
}

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
	if ((r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, kruxosd)) <
		0 ||
	    (r = sd_event_add_signal(event, NULL, SIGINT, on_stop, kruxosd)) <
		0)
		return event_fail(r, "signals", err);
	r = sd_event_add_post(event, NULL, on_post, kruxosd);
	if (r < 0)
		return event_fail(r, "post source", err);
	r = sd_event_add_time_relative(
	    event, NULL, CLOCK_BOOTTIME, 0, 0, on_tick, kruxosd);
	if (r < 0)
		return event_fail(r, "timer", err);
	/* Without $WATCHDOG_USEC there is none, and that is fine. */
	sd_event_set_watchdog(event, true);
	return 0;
}

static int
watch_index(struct kruxosd *kruxosd, struct error *err)
{
	int r = sd_event_add_io(kruxosd->event, NULL,
	    indexer_fd(kruxosd->indexer), EPOLLIN, on_indexed, kruxosd);

	return r < 0 ? event_fail(r, "index", err) : 0;
}

/* --- the door ---------------------------------------------------------- */

static const struct command commands[] = {
	{ 0 },
};

static int
make_door(struct kruxosd *kruxosd, struct error *err)
{
	struct ingest_settings settings = {
		.path = kruxosd->settings.socket_path,
		.connections_a_uid = 64,
		.connections = 1024,
	};
	struct ingest_parts parts = {
		.event = kruxosd->event,
		.clock = kruxosd->clock,
		.commit = kruxosd->commit,
		.commands = commands,
		.command_context = kruxosd,
	};

	kruxosd->recent =
	    recent_new(indexer_call_hash, indexer_find_call, kruxosd->indexer);
	parts.recent = kruxosd->recent;
	kruxosd->ingest = ingest_new(&settings, &parts, err);
	return kruxosd->ingest == NULL ? -1 : 0;
}

/* --- life -------------------------------------------------------------- */

static int
open_index(
    struct kruxosd *kruxosd, struct recovery_known *known, struct error *err)
{
	struct indexer_state state;

	kruxosd->indexer = indexer_new(kruxosd->settings.audit_dir,
	    kruxosd->settings.data_dir, kruxosd->clock, err);
	if (kruxosd->indexer == NULL)
		return -1;
	indexer_get(kruxosd->indexer, &state);
	if (state.index_seq > known->seq) {
		known->seq = state.index_seq;
		memcpy(known->hash, state.index_hash, sizeof(known->hash));
	}
	return 0;
}

static int
open_all(struct kruxosd *kruxosd, struct error *err)
{
	struct recovery_known known = { 0 };

	if (open_folders(kruxosd, err) == -1 ||
	    open_page(kruxosd, &known, err) == -1 ||
	    open_index(kruxosd, &known, err) == -1 ||
	    open_log(kruxosd, &known, err) == -1 ||
	    open_loop(kruxosd, err) == -1 || make_door(kruxosd, err) == -1)
		return -1;
	kruxosd->host = host_new(kruxosd->audit_dir);
	return 0;
}

struct kruxosd *
kruxosd_new(const char *config_path, struct error *err)
{
	cleanup(kruxosd_freep) struct kruxosd *kruxosd =
	    memory_new(sizeof(*kruxosd));
	struct kruxosd *opened = kruxosd;

	kruxosd->clock = &clock_system;
	kruxosd->disk = &disk_system;
	kruxosd->audit_dir = kruxosd->lock = -1;
	read_settings(config_path, &kruxosd->settings);
	if (open_all(kruxosd, err) == -1)
		return NULL;
	kruxosd = NULL;
	return opened;
}

/* What the start itself has to say is durable before the door opens. */
static int
begin(struct kruxosd *kruxosd, struct error *err)
{
	if (recovery_record(&kruxosd->recovery, kruxosd->commit, err) == -1)
		return -1;
	commit_flush(kruxosd->commit);
	indexer_durable(kruxosd->indexer, commit_head(kruxosd->commit)->seq);
	if (indexer_start(kruxosd->indexer, err) == -1 ||
	    watch_index(kruxosd, err) == -1 ||
	    ingest_open(kruxosd->ingest, err) == -1)
		return -1;
	refresh_status(kruxosd);
	write_status(kruxosd);
	sd_notify(0, "READY=1\nSTATUS=Entries are accepted");
	diag(DIAG_INFO, "the log goes on behind entry %llu in %s",
	    (unsigned long long)commit_head(kruxosd->commit)->seq,
	    kruxosd->settings.audit_dir);
	return 0;
}

static void
end(struct kruxosd *kruxosd)
{
	ingest_stop(kruxosd->ingest);
	commit_flush(kruxosd->commit);
	commit_stop(kruxosd->commit);
	indexer_stop(kruxosd->indexer);
	refresh_status(kruxosd);
	kruxosd->status.refusal = STATUS_STOPPED;
	say_on_page(kruxosd, "the daemon was stopped");
	write_status(kruxosd);
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

void
kruxosd_free(struct kruxosd *kruxosd)
{
	if (kruxosd == NULL)
		return;
	host_free(kruxosd->host);
	if (kruxosd->ingest != NULL)
		ingest_free(kruxosd->ingest);
	if (kruxosd->recent != NULL)
		recent_free(kruxosd->recent);
	sd_event_unref(kruxosd->event);
	commit_free(kruxosd->commit);
	redact_free(kruxosd->redactor);
	log_writer_free(kruxosd->writer);
	if (kruxosd->indexer != NULL)
		indexer_free(kruxosd->indexer);
	if (kruxosd->page != NULL)
		status_close(kruxosd->page);
	if (kruxosd->lock != -1)
		close(kruxosd->lock);
	if (kruxosd->audit_dir != -1)
		close(kruxosd->audit_dir);
	free_settings(&kruxosd->settings);
	free(kruxosd);
}
