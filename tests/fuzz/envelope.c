/* Any bytes as the data of an older gateway's event, of every type: an entry
 * of a gateway's that can stand in the log, or a code of the door's. The first
 * byte chooses the type. */
#include "door/envelope.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <assert.h>

#define NOW ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const char *const types[] = { "capability_invoked", "capability_result",
	"capability_error", "policy_violation", "approval_requested",
	"approval_resolved", "session_started", "session_ended",
	"rate_limit_hit", "write_buffered", "health_alert" };
enum { TYPES = sizeof(types) / sizeof(*types) };

static void
check_entry(const struct message *message)
{
	const struct entry *entry = &message->entry;

	assert(entry_is_capability(entry->capability));
	assert(entry->time <= NOW + MESSAGE_MAX_AHEAD);
	assert(entry->actor_name.len == 0 || entry_is_name(entry->actor_name));
	assert(entry->session_id.len == 0 || entry_is_name(entry->session_id));
	assert(entry->call_id.len == 0 || entry_is_name(entry->call_id));
	assert((entry->actor == ENTRY_SYSTEM) == (entry->actor_name.len == 0));
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { 1001, MESSAGE_OWNER,
		SLICE_LITERAL("gateway") };
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message message;
	struct error err = { 0 };

	if (size == 0)
		return 0;
	buf_addf(&line,
	    "{\"type\":\"%s\",\"timestamp\":\"2026-11-23T20:15:07Z\","
	    "\"agent\":\"research-agent\",\"session_id\":\"sess-a1\","
	    "\"data\":",
	    types[data[0] % TYPES]);
	buf_add(&line, data + 1, size - 1);
	buf_add_char(&line, '}');
	if (message_parse(
		&parser, &peer, NOW, buf_slice(&line), &message, &err) == -1)
		assert(err.code >= ERROR_BAD_JSON &&
		       err.code <= ERROR_NOT_ALLOWED);
	else if (message.kind == MESSAGE_ENTRY)
		check_entry(&message);
	return 0;
}
