/* Answers that are kept for as long as nothing is committed.
 *
 * Many ask the same: dashboards poll, scripts loop. While the commit counter
 * stands still and no second has passed (a range that ends now moves with the
 * clock), the same query has the same answer. Of the loop's thread alone.
 */
#ifndef FCGI_PAGE_CACHE_H
#define FCGI_PAGE_CACHE_H

#include "http/reply.h"
#include "http/request.h"

struct page_cache;

struct page_cache *page_cache_new(struct clock *clock);
void page_cache_free(struct page_cache *cache);

/* Forget the answers that are not good any more. */
void page_cache_trim(struct page_cache *cache);

/* Is there an answer to this path and query that is still good at `commits`?
 * Then `rep` has it. */
bool page_cache_answer(struct page_cache *cache, const struct request *req,
    uint64_t commits, struct reply *rep);

/* Keep the answer in `rep`, which is sent from here then, if it is of a
 * reasonable size. */
void page_cache_keep(struct page_cache *cache, const struct request *req,
    uint64_t commits, struct reply *rep);

#endif
