#include "store/observed.h"

#include "base/memory.h"
#include "store/observed_text.h"
#include "store/page_file.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>

#define MIB 1048576.0

enum {
	/* As of the status page: a write takes some microseconds. */
	READ_ATTEMPTS = 200,
};

struct observed_page {
	struct page_file file;
	uint64_t sequence; /* of the last write, or of the last page read */
};

static struct observed_page *
page_new(const char *path)
{
	struct observed_page *page = memory_new(sizeof(*page));

	page_file_init(&page->file, path, OBSERVED_BYTES);
	return page;
}

void
observed_close(struct observed_page *page)
{
	if (page == NULL)
		return;
	page_file_close(&page->file);
	free(page);
}

/* --- the daemon's side ---------------------------------------------------- */

struct observed_page *
observed_create(const char *path, struct error *err)
{
	cleanup(observed_closep) struct observed_page *page = page_new(path);
	struct observed_page *created;
	struct observed nothing = { 0 }, old;

	figure_clear(nothing.figures);
	if (page_file_take(&page->file, err) == -1)
		return NULL;
	if (page_file_read(&page->file) == 0)
		(void)observed_text_parse(
		    buf_slice(&page->file.content), &old, &page->sequence);
	if (page_file_allocate(&page->file, err) == -1 ||
	    observed_write(page, &nothing, err) == -1)
		return NULL;
	created = page;
	page = NULL;
	return created;
}

int
observed_write(struct observed_page *page, const struct observed *observed,
    struct error *err)
{
	/* Somebody has removed or replaced it. */
	if (!page_file_is_in_place(&page->file) &&
	    (page_file_take(&page->file, err) == -1 ||
		page_file_allocate(&page->file, err) == -1))
		return -1;
	page->sequence++;
	buf_reset(&page->file.content);
	observed_text_compose(observed, page->sequence, &page->file.content);
	return page_file_write(&page->file, err);
}

/* --- the readers' side ---------------------------------------------------- */

struct observed_page *
observed_open(const char *path, struct error *err)
{
	(void)err; /* there need be no file */
	return page_new(path);
}

int
observed_read(struct observed_page *page, struct observed *ret_observed,
    struct error *err)
{
	if (page_file_reopen(&page->file, err) == -1)
		return -1;
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		if (page_file_read(&page->file) == 0 &&
		    observed_text_parse(buf_slice(&page->file.content),
			ret_observed, &page->sequence) == 0)
			return 0;
		sched_yield();
	}
	return error_set(
	    err, ERROR_CORRUPT, "%s: not an observed page", page->file.path);
}

bool
observed_is_recent(usec_t time, usec_t now, usec_t limit)
{
	return time != 0 && (time >= now || now - time <= limit);
}

/* --- by what the status page says, too ------------------------------------ */

enum observed_status
observed_audit(const struct status *status)
{
	switch (status->refusal) {
	case STATUS_ACCEPTING:
		break;
	case STATUS_STARTING:
		return OBSERVED_DEGRADED;
	default:
		return OBSERVED_UNHEALTHY;
	}
	return status->integrity == STATUS_DAMAGED ? OBSERVED_DEGRADED
						   : OBSERVED_HEALTHY;
}

enum observed_status
observed_state(const struct status *status, usec_t boottime)
{
	if (status->refusal == STATUS_STARTING)
		return OBSERVED_DEGRADED;
	if (status->state == STATUS_STATE_FAILING)
		return OBSERVED_UNHEALTHY;
	if (status->state == STATUS_STATE_LOST ||
	    !status_index_is_good(status, boottime))
		return OBSERVED_DEGRADED;
	return OBSERVED_HEALTHY;
}

/* What nobody else has said. */
static void
fill(double *figures, enum figure figure, double value)
{
	if (isnan(figures[figure]))
		figures[figure] = value;
}

static void
fill_host(double *figures, const struct status *status)
{
	double used = (double)status->memory_used_bytes;
	double total = (double)status->memory_total_bytes;

	fill(figures, FIGURE_CPU_PERCENT, status->cpu_percent);
	fill(figures, FIGURE_MEMORY_USED_MB, used / MIB);
	fill(figures, FIGURE_MEMORY_TOTAL_MB, total / MIB);
	if (total > 0)
		fill(figures, FIGURE_MEMORY_PERCENT, 100 * used / total);
	fill(figures, FIGURE_DISK_USED_PERCENT, status->disk_used_percent);
}

void
observed_fill(double figures[static FIGURE_COUNT], const struct status *status,
    usec_t boottime)
{
	uint64_t lag = status->head_seq > status->index_seq
			   ? status->head_seq - status->index_seq
			   : 0;

	if (observed_is_recent(
		status->sampled_at, boottime, OBSERVED_SILENCE_MAX))
		fill_host(figures, status);
	figures[FIGURE_ENTRIES_TOTAL] = (double)status->head_seq;
	figures[FIGURE_ENTRIES_REFUSED_TOTAL] = (double)status->entries_refused;
	figures[FIGURE_INDEX_LAG_ENTRIES] = (double)lag;
}
