#include "collectors/kruxosd/report.h"

#include "base/diag.h"

#include <systemd/sd-daemon.h>

#define SAMPLE_EVERY (5 * USEC_PER_SEC)

/* The first of them that there is. */
static void
say_what_is_wrong(
    struct kruxosd *kruxosd, const char *damage, const char *index)
{
	const char *const sentences[] = {
		commit_reason(kruxosd->commit),
		damage,
		commit_clock_reason(kruxosd->commit),
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
refresh(struct kruxosd *kruxosd)
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
	status->index = index.status;
	status->index_behind_since = index.behind_since;
	status->state = state_status(kruxosd->state);
	verifier_get(kruxosd->verifier, &verified);
	status->integrity = verified.integrity;
	status->verified_seq = verified.seq;
	if (verified.is_asked) {
		if (verified.integrity == STATUS_VERIFIED)
			status->integrity = STATUS_CHECKING;
		status->verified_seq = verified.asked_seq;
	}
	status->verified_at = verified.verified_at;
	say_what_is_wrong(kruxosd, verified.damage, index.sentence);
}

/* `systemctl status` shows it. */
static void
tell_systemd(const struct status *status)
{
	if (status->refusal == STATUS_ACCEPTING)
		sd_notify(0, "STATUS=Entries are taken");
	else
		sd_notifyf(
		    0, "STATUS=Entries are not taken: %s", status->reason);
}

void
report_write(struct kruxosd *kruxosd)
{
	enum status_refusal before = kruxosd->page.status.refusal;

	refresh(kruxosd);
	page_write(&kruxosd->page);
	if (kruxosd->page.status.refusal != before)
		tell_systemd(&kruxosd->page.status);
}

void
report_head(struct kruxosd *kruxosd, const struct commit_head *head)
{
	page_set_head(&kruxosd->page, head, log_writer_name(kruxosd->writer),
	    log_writer_bytes(kruxosd->writer));
}

void
report_end(struct kruxosd *kruxosd)
{
	refresh(kruxosd);
	kruxosd->page.status.refusal = STATUS_STOPPED;
	page_say(&kruxosd->page, "the daemon was stopped");
	page_write(&kruxosd->page);
}

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

void
report_sample(struct kruxosd *kruxosd)
{
	struct status *status = &kruxosd->page.status;
	usec_t now = clock_boottime(kruxosd->clock);
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

void
report_verification(struct kruxosd *kruxosd)
{
	struct verifier_state verified;
	struct state_verification saved = { 0 };
	struct error err;

	verifier_get(kruxosd->verifier, &verified);
	saved.seq = verified.seq;
	memcpy(saved.hash, verified.hash, sizeof(saved.hash));
	saved.whole_at = verified.whole_at;
	memcpy(saved.damage, verified.damage, sizeof(saved.damage));
	/* Of any other failure state.c has spoken, once. */
	if ((state_set_verification(kruxosd->state, &saved, &err) == -1 ||
		state_set_scrubbed(kruxosd->state,
		    scrub_ended_at(kruxosd->scrub), &err) == -1) &&
	    err.code == ERROR_BUSY)
		diag(DIAG_WARNING, "state.db: %s", err.sentence);
}
