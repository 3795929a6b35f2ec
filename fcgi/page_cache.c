#include "fcgi/page_cache.h"

#include "base/memory.h"

enum {
	PAGES = 16,
	QUERY_BYTES = 1024,	/* longer questions are rare ones */
	PAGE_BYTES = 128 << 10, /* 4 MiB in all, with room to grow */
};

#define PAGE_LIFE USEC_PER_SEC

struct page {
	struct buf question; /* path, '?', query */
	struct buf body;
	uint64_t commits;
	usec_t made_at; /* 0: there is none */
};

struct page_cache {
	struct clock *clock;
	struct page pages[PAGES];
	size_t next; /* the oldest one's place */
};

struct page_cache *
page_cache_new(struct clock *clock)
{
	struct page_cache *cache = memory_new(sizeof(*cache));

	cache->clock = clock;
	for (size_t i = 0; i < PAGES; i++) {
		buf_init(&cache->pages[i].question);
		buf_init(&cache->pages[i].body);
	}
	return cache;
}

void
page_cache_free(struct page_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < PAGES; i++) {
		buf_free(&cache->pages[i].question);
		buf_free(&cache->pages[i].body);
	}
	free(cache);
}

void
page_cache_trim(struct page_cache *cache)
{
	usec_t now = clock_monotonic(cache->clock);

	for (size_t i = 0; i < PAGES; i++) {
		struct page *page = &cache->pages[i];

		if (page->made_at == 0 || now - page->made_at < PAGE_LIFE)
			continue;
		page->made_at = 0;
		buf_free(&page->body);
	}
}

static bool
is_question(const struct page *page, const struct request *req)
{
	struct slice question = buf_slice(&page->question);

	return question.len == req->path.len + 1 + req->query.len &&
	       slice_starts_with(question, req->path) &&
	       slice_ends_with(question, req->query);
}

bool
page_cache_answer(struct page_cache *cache, const struct request *req,
    uint64_t commits, struct reply *rep)
{
	usec_t now = clock_monotonic(cache->clock);

	for (size_t i = 0; i < PAGES; i++) {
		struct page *page = &cache->pages[i];

		if (page->made_at != 0 && page->commits == commits &&
		    now - page->made_at < PAGE_LIFE && is_question(page, req)) {
			reply_kept(rep, buf_slice(&page->body));
			return true;
		}
	}
	return false;
}

void
page_cache_keep(struct page_cache *cache, const struct request *req,
    uint64_t commits, struct reply *rep)
{
	struct buf body;
	struct page *page = &cache->pages[cache->next];

	if (req->path.len + req->query.len > QUERY_BYTES ||
	    rep->body.len > PAGE_BYTES)
		return;
	/* The last answer to the same question makes room for this one. */
	for (size_t i = 0; i < PAGES; i++)
		if (is_question(&cache->pages[i], req))
			page = &cache->pages[i];
	if (page == &cache->pages[cache->next])
		cache->next = (cache->next + 1) % PAGES;
	buf_reset(&page->question);
	buf_add_slice(&page->question, req->path);
	buf_add_char(&page->question, '?');
	buf_add_slice(&page->question, req->query);
	body = page->body;
	page->body = rep->body;
	rep->body = body;
	reply_kept(rep, buf_slice(&page->body));
	page->commits = commits;
	page->made_at = clock_monotonic(cache->clock);
}
