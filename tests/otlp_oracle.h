/* What holds of the calls found in any telemetry: the daemon takes them. */
#ifndef TESTS_OTLP_ORACLE_H
#define TESTS_OTLP_ORACLE_H

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "door/message.h"
#include "fcgi/otlp_calls.h"

/* One call, as an entry has it. NULL, or what is wrong. */
static const char *
otlp_oracle_call(const struct otlp_call *call)
{
	if (call->session_id.data != NULL && !entry_is_name(call->session_id))
		return "the session is no name";
	if (!entry_is_name(call->call_id))
		return "the call's id is no name";
	if (call->trace_id.data != NULL && !entry_is_name(call->trace_id))
		return "the trace is no name";
	if (!entry_is_capability(call->capability))
		return "the capability is none";
	if (entry_is_reserved(call->capability))
		return "the capability is reserved";
	if (call->status == ENTRY_PENDING)
		return "the call has not ended";
	if (memchr(call->request.data, '\n', call->request.len) != NULL)
		return "the request is not on one line";
	return NULL;
}

/* The calls from `first` on as a command's line; `ret_next`: those behind. */
static const char *
otlp_oracle_command(
    const struct otlp_calls *calls, size_t first, size_t *ret_next)
{
	static const struct message_peer peer = { .classes = MESSAGE_WEB,
		.user_name = { "web", 3 } };
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message message;
	struct json_writer json;
	struct error err = { 0 };
	int result;

	json_writer_init(&json, &line);
	json_writer_object(&json);
	json_writer_pair(&json, "do", "otlp.record");
	json_writer_pair(&json, "id", "c");
	json_writer_key(&json, "args");
	json_writer_object(&json);
	json_writer_key(&json, "calls");
	json_writer_array(&json);
	*ret_next =
	    otlp_calls_write(calls, first, MESSAGE_LINE_BYTES / 2, &json);
	json_writer_end_array(&json);
	json_writer_key(&json, "sequences");
	json_writer_array(&json);
	otlp_calls_write_sequences(calls, &json);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	json_writer_end_object(&json);
	result =
	    message_parse(&parser, &peer, 1, buf_slice(&line), &message, &err);
	message_parser_free(&parser);
	if (result == -1)
		fprintf(stderr, "%s\n", err.sentence);
	return result == -1 ? "the door does not take the command" : NULL;
}

/* All of them, after otlp_calls_finish(). */
static const char *
otlp_oracle_calls(const struct otlp_calls *calls)
{
	const char *objection = NULL;
	size_t next = 0;

	for (size_t i = 0; i < otlp_calls_count(calls); i++) {
		objection = otlp_oracle_call(otlp_calls_at(calls, i));
		if (objection != NULL)
			return objection;
	}
	do {
		size_t first = next;

		objection = otlp_oracle_command(calls, first, &next);
		if (objection == NULL && next == first &&
		    first < otlp_calls_count(calls))
			return "no call goes into a command";
	} while (objection == NULL && next < otlp_calls_count(calls));
	return objection;
}

/* otlp_json_read() or otlp_proto_read(). */
typedef int otlp_oracle_read(struct slice body, enum otlp_signal signal,
    otlp_record_on_read on_record, void *context,
    struct otlp_counts *ret_counts, struct error *err);

/* Whatever `body` is, read as each signal: the calls in it are such. Aborts. */
static inline void
otlp_oracle_check(otlp_oracle_read *read, struct slice body)
{
	static const enum otlp_signal signals[] = { OTLP_LOGS, OTLP_TRACES };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct otlp_calls *calls = otlp_calls_new();
		struct otlp_counts counts;
		struct error err = { 0 };
		const char *objection;

		(void)read(
		    body, signals[i], otlp_calls_take, calls, &counts, &err);
		otlp_calls_finish(calls);
		objection = otlp_oracle_calls(calls);
		if (objection != NULL) {
			fprintf(stderr, "%s\n", objection);
			abort();
		}
		otlp_calls_free(calls);
	}
}

#endif
