/* The status page as the daemon keeps it (store/status.h): what stands on it
 * now, written again after each commit and each second. */
#ifndef KRUXOSD_PAGE_H
#define KRUXOSD_PAGE_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/recovery.h"

struct page {
	struct clock *clock;
	struct status_page *file; /* NULL: not open */
	struct status status;
	bool has_failed;  /* and that was said */
	bool is_blocked;  /* it cannot be at its path; that was said */
	bool was_stopped; /* the daemon before ended in order */
};

/* Read what the page of the daemon before says was durable into `known` (if it
 * is more than that), and take the page at `path` over with it: a start that
 * is cut must not forget. -1: ERROR_SYSTEM. */
int page_open(struct page *page, const char *path, struct clock *clock,
    struct recovery_known *known, struct error *err);
void page_close(struct page *page);

/* The sentence behind a refusal or damage; cut where it is too long. */
void page_say(struct page *page, const char *sentence);

/* The last durable entry, and where its file ends. */
void page_set_head(struct page *page, const struct commit_head *head,
    const char *file, uint64_t bytes);

/* Make it anew where somebody has removed or replaced it; what keeps it from
 * that is said once. To be written afterwards. */
void page_keep(struct page *page);

/* Write it, with a new heartbeat; a failure is said once. */
void page_write(struct page *page);

#endif
