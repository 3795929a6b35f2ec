/* Any bytes as the body of a POST, as its Cookie and as its Authorization: what
 * is accepted lies within the bounds of its table, what is not is an error with
 * words. The three are split at the first two bytes 0. */
#include "http/body.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "http/caller.h"

#include <assert.h>

enum { TEXT_MAX = 40, NUMBER_MAX = 200 };

struct body {
	struct slice text, wanted;
	struct param_list texts;
	uint64_t number;
	usec_t time, duration;
	int choice;
};

static const char *const words[] = { "success", "error", NULL };

static const struct param table[] = {
	PARAM_TEXT(struct body, text, "q", TEXT_MAX),
	PARAM_TEXT_REQUIRED(struct body, wanted, "w", TEXT_MAX),
	PARAM_STRINGS(struct body, texts, "a", TEXT_MAX),
	PARAM_CHOICE(struct body, choice, "c", words),
	PARAM_U64(struct body, number, "n", 1, NUMBER_MAX),
	PARAM_TIME(struct body, time, "t"),
	PARAM_DURATION(struct body, duration, "d", USEC_PER_SEC, USEC_PER_DAY),
	PARAM_END,
};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
check_text(struct slice text)
{
	assert(text.len >= 1 && text.len <= TEXT_MAX);
	assert(memchr(text.data, '\0', text.len) == NULL);
	assert(text_valid_bytes(text) == text.len);
}

static void
check_body(struct slice bytes)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct body body = { 0 };
	struct error err = { 0 };

	if (body_parse(bytes, table, &arena, &body, &err) == -1) {
		assert(err.code != ERROR_NONE && err.sentence[0] != '\0');
		assert(
		    text_valid_bytes(slice_of(err.field)) == strlen(err.field));
		return;
	}
	check_text(body.wanted);
	if (body.text.data != NULL)
		check_text(body.text);
	assert(body.texts.count <= PARAMS_MAX);
	for (size_t i = 0; i < body.texts.count; i++)
		check_text(body.texts.values[i].text);
	assert(body.number <= NUMBER_MAX && body.choice <= 1);
	assert(body.time <= CLOCK_MAX && body.duration <= USEC_PER_DAY);
}

static void
check_caller(char *cookie, char *authorization)
{
	static char port[] = "KRUXOS_DASHBOARD_PORT=1";
	char *variables[] = { port, cookie, authorization, NULL };
	struct request req;

	request_init(&req, variables, (struct slice){ NULL, 0 }, NULL);
	struct caller caller = caller_of(&req);
	assert(
	    (caller.via == CALLER_UNKNOWN) == (caller.credential.data == NULL));
	assert(caller.credential.len <= CALLER_CREDENTIAL_BYTES);
	for (size_t i = 0; i < caller.credential.len; i++)
		assert(caller.credential.data[i] > ' ' &&
		       caller.credential.data[i] != '"');
}

/* What stands before the first byte 0, and on to what is behind it. */
static struct slice
take(struct slice *bytes)
{
	struct slice taken = { bytes->data, strnlen(bytes->data, bytes->len) };
	size_t used = taken.len + (taken.len < bytes->len);

	bytes->data += used, bytes->len -= used;
	return taken;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	cleanup(buf_free) struct buf cookie = BUF_INIT;
	cleanup(buf_free) struct buf authorization = BUF_INIT;
	struct slice bytes = { (const char *)data, size };

	if (size == 0)
		return 0;
	buf_add_str(&cookie, "HTTP_COOKIE=");
	buf_add_slice(&cookie, take(&bytes));
	buf_add_str(&authorization, "HTTP_AUTHORIZATION=");
	buf_add_slice(&authorization, take(&bytes));
	check_body(bytes);
	check_caller(cookie.data, authorization.data);
	authorization.data[0] = 'X'; /* without it the cookie counts */
	check_caller(cookie.data, authorization.data);
	return 0;
}
