/* Any bytes as Last-Event-ID and as the query of the live stream: a place to
 * go on from and a filter, or an error that names what is wrong. The two are
 * split at the first byte 0. */
#define main activity_main
#include "fcgi/activity.c"
#undef main

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_read(struct request *req)
{
	struct query query = QUERY_INIT;
	struct filter asked;
	struct error err = { 0 };
	uint64_t after;

	if (query_read(req, &query, &asked, &err) == -1 ||
	    read_position(req, &query, &after, &err) == -1) {
		assert(err.sentence[0] != '\0');
		assert(strlen(err.field) < sizeof(err.field));
		return;
	}
	assert(after <= QUERY_SEQ_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct route route = { METHOD_GET, "/api/activity/stream",
		stream_get, stream_params, 0 };
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	cleanup(buf_free) struct buf id = BUF_INIT;
	cleanup(buf_free) struct buf query = BUF_INIT;
	const uint8_t *zero = memchr(bytes, 0, len);
	size_t id_len = zero == NULL ? len : (size_t)(zero - bytes);
	struct request req;

	buf_add_str(&id, "HTTP_LAST_EVENT_ID=");
	buf_add(&id, bytes, id_len);
	buf_add_str(&query, "QUERY_STRING=");
	if (zero != NULL)
		buf_add(&query, zero + 1, len - id_len - 1);
	request_init(&req, (char *[]){ id.data, query.data, NULL },
	    (struct slice){ NULL, 0 }, &arena);
	req.variables = (char *[]){ id.data, query.data, NULL };
	req.route = &route;
	check_read(&req);
	return 0;
}
