/* Any bytes as a line of the door, from every class of peer: nothing crashes;
 * what is taken as an entry can stand in the log; what is refused is refused
 * by one of the door's codes, and its answer is one that the client reads. */
#include "base/cleanup.h"
#include "base/text.h"
#include "door/answer.h"
#include "door/message.h"
#include "log/payload.h"

#include <assert.h>

#define NOW ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The log's own reader takes the line that is made of it. */
static void
check_entry(const struct message *message)
{
	static struct sha256 *sha256;
	static struct payload *composer;
	static const unsigned char salt[ENTRY_SALT_BYTES];
	cleanup(buf_free) struct buf payload = BUF_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct entry entry = message->entry, read;
	struct error err;

	if (sha256 == NULL) {
		sha256 = sha256_new();
		composer = payload_new(redact_new());
	}
	assert(entry.time <= NOW + MESSAGE_MAX_AHEAD);
	assert(entry.source == ENTRY_IMPORT ||
	       entry.time >= NOW - MESSAGE_MAX_BEHIND);
	entry.seq = 1;
	entry.recorded_at = NOW;
	payload_compose(composer, message->reader, salt, message->summary,
	    message->request, &payload);
	entry_compose(sha256, &entry, buf_slice(&payload), &line);
	assert(line.len <= ENTRY_LINE_BYTES);
	buf_set_len(&line, line.len - 1); /* '\n' */
	assert(entry_parse(buf_slice(&line), &read, &err) == 0);
	assert(entry_check(sha256, &read, &err) == 0);
	assert(slice_equal(read.capability, message->entry.capability));
}

static void
check_command(const struct message *message)
{
	assert(entry_is_name(message->verb));
	assert(entry_is_name(message->id));
	assert(message->args == NULL || message->args->type == JSON_OBJECT);
	assert(message->credential.len <= MESSAGE_CREDENTIAL_BYTES);
}

static void
check_refusal(const struct error *err)
{
	static struct json_reader reader = JSON_READER_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct answer answer;
	struct error received;

	assert(err->code >= ERROR_BAD_JSON && err->code <= ERROR_NOT_ALLOWED);
	answer_add_error(&line, 7, err);
	assert(text_valid_bytes(buf_slice(&line)) == line.len);
	buf_set_len(&line, line.len - 1);
	assert(memchr(line.data, '\n', line.len) == NULL);
	assert(
	    answer_parse(&reader, buf_slice(&line), &answer, &received) == 0);
	answer_to_error(&answer, &received);
	assert(received.code == err->code);
	assert(strcmp(received.field, err->field) == 0);
	assert(strcmp(received.sentence, err->sentence) == 0);
}

/* A command's arguments as what an agent tells of a call of its own. */
static void
check_told(struct message_parser *parser, const struct message *message)
{
	struct message told = { .reader = message->reader,
		.entry = { .actor = ENTRY_AGENT,
		    .actor_name = SLICE_LITERAL("a"),
		    .source = ENTRY_GATEWAY } };
	struct error err;

	if (message->args == NULL)
		return;
	if (message_read_call(parser, message->reader, message->args, NOW,
		&told, &err) == -1) {
		check_refusal(&err);
		return;
	}
	assert(!entry_is_reserved(told.entry.capability));
	assert(slice_is(told.entry.actor_name, "a"));
	check_entry(&told);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct message_parser parser = MESSAGE_PARSER_INIT;
	struct slice line = { (const char *)data, size };

	for (unsigned class = 1; class < MESSAGE_ANYONE; class <<= 1) {
		struct message_peer peer = { 1001, class,
			SLICE_LITERAL("ann") };
		struct message message;
		struct error err = { 0 };

		if (message_parse(&parser, &peer, NOW, line, &message, &err) ==
		    -1)
			check_refusal(&err);
		else if (message.kind == MESSAGE_ENTRY)
			check_entry(&message);
		else if (message.kind == MESSAGE_COMMAND) {
			check_command(&message);
			check_told(&parser, &message);
		}
	}
	return 0;
}
