/* Any bytes as what an agent hands to its hook: whatever they are, what comes
 * of them is nothing, or an entry that the door takes. The first byte chooses
 * the agent, the second the event, or that the bytes name it. */
#include "base/cleanup.h"
#include "door/message.h"
#include "hook/answer.h"
#include "hook/event.h"
#include "hook/outcome.h"
#include "hook/record.h"
#include "hook/shorten.h"

#include <assert.h>

#define NOW ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */

/* Small, so that it is reached. */
enum { MOST = 4096 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const char *const names[] = { NULL, "PreToolUse", "PostToolUse",
	"PostToolUseFailure", "PostToolBatch", "PermissionRequest",
	"SessionStart", "UserPromptSubmit", "BeforeTool", "AfterTool",
	"preToolUse", "postToolUseFailure", "beforeShellExecution",
	"beforeMCPExecution", "afterFileEdit", "tool.execute.before",
	"tool.execute.after", "event:message.part.updated", "session.created",
	"chat.message" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void
check_record(const struct event *event)
{
	static struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { 1001, MESSAGE_PRODUCER,
		SLICE_LITERAL("dev") };
	cleanup(buf_free) struct buf line = BUF_INIT;
	cleanup(buf_free) struct buf capability = BUF_INIT;
	cleanup(buf_free) struct buf session = BUF_INIT;
	cleanup(buf_free) struct buf call = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct record record = { .time = NOW,
		.agent_name = SLICE_LITERAL("fuzz"),
		.status = outcome_status(event) };
	struct message message;
	struct error err;

	event_add_capability(event, &capability);
	entry_add_name(&session, event->session_id);
	entry_add_name(&call, event->call_id);
	outcome_add_summary(event, &summary);
	record.capability = buf_slice(&capability);
	record.session_id = buf_slice(&session);
	record.call_id = buf_slice(&call);
	record.summary = buf_slice(&summary);
	record.decider = outcome_decider(event, record.capability, NULL);
	record_write(&record, event, &line);
	assert(message_parse(
		   &parser, &peer, NOW, buf_slice(&line), &message, &err) == 0);
	assert(message.kind == MESSAGE_ENTRY);
	(void)event_digest(event);
}

static void
check_batch(const struct event *batch)
{
	if (batch->calls == NULL)
		return;
	for (const struct json_node *node =
		 json_reader_first(batch->reader, batch->calls);
	     node != NULL;
	     node = json_reader_next(batch->reader, batch->calls, node)) {
		struct event call;

		event_read_call(batch, node, &call);
		(void)outcome_denier(&call);
		check_record(&call);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct json_reader reader = JSON_READER_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	enum event_agent agent;
	struct slice input, name;
	struct event event;
	struct error err;

	if (size < 2)
		return 0;
	agent = (enum event_agent)(data[0] % EVENT_AGENTS);
	name = slice_of(names[data[1] % NAMES]);
	input = (struct slice){ (const char *)data + 2, size - 2 };
	(void)event_is_before(agent, name, input);
	if (shorten_is_needed(input, MOST)) {
		bool was_json = json_reader_read(&reader, input, &err) == 0;

		shorten(input, MOST, SHORTEN_DEPTH, &text);
		input = buf_slice(&text);
		/* Two long keys may have become one. */
		assert(!was_json ||
		       json_reader_read(&reader, input, &err) == 0 ||
		       err.code == ERROR_DUPLICATE_KEY);
	}
	if (json_reader_read(&reader, input, &err) == -1)
		return 0;
	event_read(agent, name, &reader, &event);
	if (event.kind == EVENT_IGNORED)
		return 0;
	check_record(&event);
	check_batch(&event);
	(void)answer_write(&event, ANSWER_DENY, SLICE_LITERAL("why"), &answer);
	return 0;
}
