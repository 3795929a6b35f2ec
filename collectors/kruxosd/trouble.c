#include "collectors/kruxosd/trouble.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"

/* --- a failure of the disk --------------------------------------------- */

void
trouble_begin_failure(struct trouble_failure *failure, usec_t now,
    const struct log_writer *writer, const struct error *err)
{
	if (failure->is_on)
		return;
	*failure = (struct trouble_failure){
		.is_on = true,
		.since = now,
		.answer = "refused",
		.offset = log_writer_bytes(writer),
		.err = *err,
	};
	snprintf(failure->file, sizeof(failure->file), "%s",
	    log_writer_name(writer));
	diag(DIAG_CRITICAL, "audit-write-failure: %s", err->sentence);
}

int
trouble_record_failure(const struct trouble_failure *failure,
    struct commit *commit, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_time(&json, "since", failure->since);
	json_writer_pair(&json, "failure", failure->err.sentence);
	json_writer_pair(&json, "file", failure->file);
	json_writer_pair_u64(&json, "offset", failure->offset);
	json_writer_pair(&json, "answer", failure->answer);
	json_writer_pair_u64(&json, "entries_refused", failure->refused);
	json_writer_end_object(&json);
	buf_addf(&summary, "%s; %s; %llu entries refused",
	    failure->err.sentence, failure->answer,
	    (unsigned long long)failure->refused);
	return commit_add_system(commit, "log.write_failure", ENTRY_ERROR,
	    summary.data, buf_slice(&request), NULL, err);
}

/* --- a file that is not as it was left --------------------------------- */

void
trouble_begin_damage(struct trouble_damage *damage,
    const struct log_writer *writer, const struct error *err)
{
	damage->is_due = true;
	damage->what = *log_writer_damage(writer);
	damage->err = *err;
	diag(DIAG_CRITICAL, "audit-damaged: %s", err->sentence);
}

static void
on_recorded(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct trouble_damage *damage = context;

	(void)tag;
	(void)seq;
	if (err != NULL)
		damage->is_due = true;
}

void
trouble_record_damage(struct trouble_damage *damage, struct commit *commit)
{
	const struct log_damage *what = &damage->what;
	struct commit_waiter waiter = { on_recorded, damage, 0 };
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;
	struct error refused;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "file", what->file);
	json_writer_pair_u64(&json, "durable_bytes", what->durable_bytes);
	json_writer_pair(&json, "found", what->found);
	json_writer_pair_u64(&json, "found_bytes", what->found_bytes);
	json_writer_end_object(&json);
	if (commit_add_system(commit, "log.damaged", ENTRY_ERROR,
		damage->err.sentence, buf_slice(&request), &waiter,
		&refused) == 0)
		damage->is_due = false;
}
