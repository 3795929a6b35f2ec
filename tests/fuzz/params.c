/* Any bytes as a query string, a path and If-None-Match: what is accepted lies
 * within the bounds of its table, what is not is an error with words. */
#include "http/params.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "http/reply.h"
#include "http/route.h"

#include <assert.h>

enum { TEXT_MAX = 40, LIMIT_MAX = 200 };

struct query {
	struct slice text;
	struct param_list texts, choices;
	uint64_t number;
	usec_t from, to, last;
	int choice;
};

static const char *const words[] = { "success", "error", "-", NULL };

static const struct param table[] = {
	PARAM_TEXT(struct query, text, "q", TEXT_MAX),
	PARAM_TEXTS(struct query, texts, "a", TEXT_MAX),
	PARAM_CHOICES(struct query, choices, "s", words),
	PARAM_CHOICE(struct query, choice, "c", words),
	PARAM_U64(struct query, number, "n", 1, LIMIT_MAX),
	PARAM_TIME(struct query, from, "from"),
	PARAM_TIME_END(struct query, to, "to"),
	PARAM_DURATION(struct query, last, "last", USEC_PER_SEC, USEC_PER_DAY),
	PARAM_END,
};

static int
handler(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)req, (void)rep, (void)err;
	return 200;
}

static const struct route routes[] = {
	{ METHOD_GET, "/a", handler, NULL, 0 },
	{ METHOD_GET, "/a/<number>/line", handler, NULL, 0 },
	{ METHOD_POST, "/a/<word>/b", handler, NULL, 0 },
	{ METHOD_GET, "/b/<word>", handler, NULL, 0 },
	ROUTE_END,
};

static void
check_text(struct slice text)
{
	assert(text.len >= 1 && text.len <= TEXT_MAX);
	assert(memchr(text.data, '\0', text.len) == NULL);
	assert(text_valid_bytes(text) == text.len);
}

static void
check_query(const struct query *query)
{
	if (query->text.data != NULL)
		check_text(query->text);
	for (size_t i = 0; i < query->texts.count; i++)
		check_text(query->texts.values[i].text);
	for (size_t i = 0; i < query->choices.count; i++)
		assert(slice_is(query->choices.values[i].text,
		    words[query->choices.values[i].choice]));
	assert(query->texts.count + query->choices.count <= PARAMS_MAX);
	assert(query->number <= LIMIT_MAX && query->choice <= 2);
	assert(query->from <= CLOCK_MAX && query->to <= CLOCK_MAX);
	assert(query->last <= USEC_PER_DAY);
}

static void
check_words(const struct error *err)
{
	assert(err->code != ERROR_NONE && err->sentence[0] != '\0');
	assert(text_valid_bytes(slice_of(err->field)) == strlen(err->field));
	assert(
	    text_valid_bytes(slice_of(err->sentence)) == strlen(err->sentence));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct slice bytes = { (const char *)data, size };
	struct query query = { 0 };
	struct error err = { 0 };
	struct request req = { .method = METHOD_GET, .path = bytes };
	unsigned allowed = 0;

	if (params_parse(bytes, table, &arena, &query, &err) == 0)
		check_query(&query);
	else
		check_words(&err);

	err = (struct error){ 0 };
	int status = route_find(routes, &req, &allowed, &err);
	assert(status == 0 || status == 404 || status == 405);
	assert((status == 0) == (req.route != NULL));
	if (status != 0)
		check_words(&err);

	reply_etag_matches(bytes, "\"a-1\"");
	return 0;
}
