#include "fcgi/reach.h"

void
reach_write(
    struct json_writer *json, const struct status *status, uint64_t through_seq)
{
	json_writer_key(json, "head_seq");
	if (status == NULL) {
		json_writer_null(json);
		json_writer_pair(json, "index", "unknown");
		return;
	}
	/* The page may be older than the snapshot. */
	json_writer_u64(json,
	    status->head_seq > through_seq ? status->head_seq : through_seq);
	json_writer_pair(json, "index", status_index_name(status->index));
}

void
reach_write_now(
    struct json_writer *json, struct program *prog, uint64_t through_seq)
{
	struct status status;
	struct error ignored;

	reach_write(json,
	    program_status(prog, &status, &ignored) == 0 ? &status : NULL,
	    through_seq);
}

bool
reach_is_short(struct program *prog, uint64_t through_seq, struct error *err)
{
	struct status status;
	struct error ignored;

	if (program_status(prog, &status, &ignored) == -1 ||
	    status.index == STATUS_INDEX_CURRENT ||
	    through_seq >= status.head_seq)
		return false;
	error_set(err, ERROR_BUSY,
	    "the index is %s, and holds entries through %llu of %llu",
	    status.index == STATUS_INDEX_CATCHING_UP
		? "catching up"
		: status_index_name(status.index),
	    (unsigned long long)through_seq,
	    (unsigned long long)status.head_seq);
	return true;
}
