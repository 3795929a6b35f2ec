#include "collectors/kruxosd/page.h"

#include "base/diag.h"
#include "base/text.h"

#include <unistd.h>

static void
read_old(const char *path, struct recovery_known *known, bool *ret_was_stopped)
{
	struct status_page *file;
	struct status status;
	struct error ignored;

	*ret_was_stopped = false;
	file = status_open(path, &ignored);
	if (file == NULL)
		return;
	if (status_read(file, &status, &ignored) == 0) {
		*ret_was_stopped = status.refusal == STATUS_STOPPED;
		if (status.head_seq > known->seq) {
			known->seq = status.head_seq;
			memcpy(
			    known->hash, status.head_hash, sizeof(known->hash));
		}
	}
	status_close(file);
}

int
page_open(struct page *page, const char *path, struct clock *clock,
    struct recovery_known *known, struct error *err)
{
	bool was_stopped;

	read_old(path, known, &was_stopped);
	*page = (struct page){
		.was_stopped = was_stopped,
		.clock = clock,
		.file = status_create(path, err),
		.status = {
			.pid = (uint32_t)getpid(),
			.started_at = clock_realtime(clock),
			.refusal = STATUS_STARTING,
			.head_seq = known->seq,
		},
	};
	if (page->file == NULL)
		return -1;
	memcpy(page->status.head_hash, known->hash, SHA256_BYTES);
	page_write(page);
	return 0;
}

void
page_close(struct page *page)
{
	if (page->file != NULL)
		status_close(page->file);
	page->file = NULL;
}

void
page_say(struct page *page, const char *sentence)
{
	size_t size = sizeof(page->status.reason);
	size_t len = text_cut(slice_of(sentence), size - 1);

	memcpy(page->status.reason, sentence, len);
	page->status.reason[len] = '\0';
}

void
page_set_head(struct page *page, const struct commit_head *head,
    const char *file, uint64_t bytes)
{
	struct status *status = &page->status;

	status->commits++;
	status->head_seq = head->seq;
	memcpy(status->head_hash, head->hash, sizeof(status->head_hash));
	snprintf(status->head_file, sizeof(status->head_file), "%s", file);
	status->head_bytes = bytes;
}

void
page_keep(struct page *page)
{
	struct error err;
	int kept = status_keep(page->file, &err);

	if (kept == 1)
		diag(DIAG_WARNING,
		    "kruxosd.status was removed from outside; it is made anew");
	if (kept == -1 && !page->is_blocked)
		diag(DIAG_ERROR, "%s", err.sentence);
	page->is_blocked = kept == -1;
}

void
page_write(struct page *page)
{
	struct error err;

	page->status.heartbeat = clock_boottime(page->clock);
	if (status_write(page->file, &page->status, &err) == 0) {
		page->has_failed = false;
		return;
	}
	if (!page->has_failed)
		diag(DIAG_ERROR, "%s", err.sentence);
	page->has_failed = true;
}
