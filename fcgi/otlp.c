/* otlp.fcgi: what agents tell of their work by OpenTelemetry.
 *
 *	/v1/logs	POST: log records
 *	/v1/traces	POST: spans
 *	/v1/metrics	POST: taken, and nothing comes of it: a program that
 *			sends logs and traces sends these, too
 *
 * OTLP/HTTP 1.x: JSON or protobuf, answered in the same, errors included. What
 * is no tool call is passed over; those that are go through the door, all of a
 * request's as one command with the agent's token (or a few, where one has no
 * room for them), and the answer waits until they are durable. Whose the token
 * is, and which calls are known already, kruxosd decides.
 *
 *	https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
#include "fcgi/action.h"
#include "fcgi/otlp_body.h"
#include "fcgi/otlp_calls.h"
#include "fcgi/otlp_json.h"
#include "fcgi/otlp_proto.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_reader.h"
#include "base/number.h"
#include "door/message.h"
#include "store/credential.h"

DEFINE_CLEANUP(struct otlp_calls *, otlp_calls_free);

/* What is larger is read one at a time, so that many at once do not take much
 * more memory than one. */
enum { LARGE_BYTES = 1 << 20 };

static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

/* --- answers -------------------------------------------------------------- */

/* The numbers of google.rpc.Code. */
static const struct {
	int status, code;
} codes[] = {
	{ 401, 16 },		 /* UNAUTHENTICATED */
	{ 403, 7 },		 /* PERMISSION_DENIED */
	{ 413, 8 },		 /* RESOURCE_EXHAUSTED */
	{ 415, 3 },		 /* INVALID_ARGUMENT */
	{ 429, 8 }, { 503, 14 }, /* UNAVAILABLE */
};

static int
code_of(int status)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].status == status)
			return codes[i].code;
	return 3;
}

/* The sentence in `err` as OTLP has it. The handler's own body is sent only
 * while there is no error. */
static int
answer_failure(struct reply *rep, enum otlp_encoding encoding, int status,
    struct error *err)
{
	static const char unable[] = "nothing can be recorded now";
	const char *sentence = status >= 500 ? unable : err->sentence;

	if (status >= 500)
		diag(DIAG_WARNING, "%s", err->sentence);
	buf_reset(&rep->body);
	if (encoding == OTLP_BODY_PROTOBUF) {
		otlp_proto_add_failure(&rep->body, code_of(status), sentence);
	} else {
		json_writer_object(rep->json);
		json_writer_pair_u64(
		    rep->json, "code", (uint64_t)code_of(status));
		json_writer_pair(rep->json, "message", sentence);
		json_writer_end_object(rep->json);
	}
	*err = (struct error){ 0 };
	return status;
}

/* What could not be taken, and why. */
struct rejection {
	uint64_t count;
	const char *sentence;
};

/* All was taken, or all but some. 64 bits are text in the JSON of protobuf. */
static void
answer_json(struct reply *rep, enum otlp_signal signal,
    const struct rejection *rejection)
{
	static const char *const keys[] = {
		[OTLP_LOGS] = "rejectedLogRecords",
		[OTLP_TRACES] = "rejectedSpans",
		[OTLP_METRICS] = "rejectedDataPoints",
	};
	cleanup(buf_free) struct buf count = BUF_INIT;
	struct json_writer *json = rep->json;

	json_writer_object(json);
	if (rejection->count > 0) {
		buf_add_u64(&count, rejection->count);
		json_writer_key(json, "partialSuccess");
		json_writer_object(json);
		json_writer_pair(json, keys[signal], count.data);
		json_writer_pair(json, "errorMessage", rejection->sentence);
		json_writer_end_object(json);
	}
	json_writer_end_object(json);
}

static int
answer(struct reply *rep, enum otlp_encoding encoding, enum otlp_signal signal,
    const struct rejection *rejection)
{
	if (encoding == OTLP_BODY_PROTOBUF)
		otlp_proto_add_answer(&rep->body, rejection->count,
		    rejection->count > 0 ? rejection->sentence : "");
	else
		answer_json(rep, signal, rejection);
	return 200;
}

/* --- recording ------------------------------------------------------------ */

/* Room for what stands around the calls of a command: a line of the door. */
enum { COMMAND_BYTES = MESSAGE_LINE_BYTES - (64 << 10) };

/* How many of a command's calls the daemon has refused. */
static int
read_refused(struct slice result, uint64_t *ret_refused, struct error *err)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	const struct json_node *refused;

	if (json_reader_read(&json, result, err) == -1)
		return -1;
	refused = json_reader_member(&json, json.nodes, "refused");
	if (refused == NULL ||
	    number_parse_u64(refused->text, 0, UINT64_MAX, ret_refused) == -1)
		return error_set(err, ERROR_CORRUPT,
		    "kruxosd does not say how many it refused");
	return 0;
}

/* The calls from the one numbered `*first` on, as many as go into one command;
 * with the first of them what else was seen. */
static void
write_command(const struct otlp_calls *calls, const struct request *req,
    size_t *first, struct action *action)
{
	struct json_writer *json = &action->args;
	struct slice address = request_variable(req, "REMOTE_ADDR");
	bool is_first = *first == 0;

	if (address.data != NULL)
		json_writer_pair_slice(json, "address", address);
	json_writer_key(json, "calls");
	json_writer_array(json);
	*first = otlp_calls_write(calls, *first, COMMAND_BYTES, json);
	json_writer_end_array(json);
	if (!is_first)
		return;
	json_writer_key(json, "sequences");
	json_writer_array(json);
	otlp_calls_write_sequences(calls, json);
	json_writer_end_array(json);
}

/* Even without a call: whoever sends is to hear that nobody knows him. Returns
 * a status. */
static int
record(struct program *prog, const struct otlp_calls *calls,
    const struct request *req, struct reply *rep, uint64_t *ret_refused,
    struct error *err)
{
	struct caller caller = caller_of(req);
	size_t next = 0;

	do {
		cleanup(buf_free) struct buf result = BUF_INIT;
		struct action action;
		uint64_t refused;
		int status;

		action_begin(&action, "otlp.record");
		write_command(calls, req, &next, &action);
		status = action_call(
		    &action, prog, caller.credential, rep, &result, err);
		if (status != 200)
			return status;
		if (read_refused(buf_slice(&result), &refused, err) == -1)
			return 503;
		*ret_refused += refused;
	} while (next < otlp_calls_count(calls));
	return 200;
}

/* --- requests ------------------------------------------------------------- */

/* The calls in the body. Returns 0 or a status. */
static int
read_body(const struct request *req, enum otlp_encoding encoding,
    enum otlp_signal signal, struct otlp_calls *calls,
    struct otlp_counts *ret_counts, struct error *err)
{
	cleanup(buf_free) struct buf unpacked = BUF_INIT;
	struct slice body;
	int status = otlp_body_unpack(req, &unpacked, &body, err);
	int result;

	if (status != 0)
		return status;
	result = encoding == OTLP_BODY_PROTOBUF
		     ? otlp_proto_read(body, signal, otlp_calls_take, calls,
			   ret_counts, err)
		     : otlp_json_read(body, signal, otlp_calls_take, calls,
			   ret_counts, err);
	if (result == -1)
		return err->code == ERROR_TOO_LONG ? 413 : 400;
	otlp_calls_finish(calls);
	return 0;
}

static bool
is_large(const struct request *req)
{
	return req->body.len > LARGE_BYTES ||
	       request_header(req, "Content-Encoding").len > 0;
}

static int
read_in_turn(const struct request *req, enum otlp_encoding encoding,
    enum otlp_signal signal, struct otlp_calls *calls,
    struct otlp_counts *ret_counts, struct error *err)
{
	int status;

	if (signal == OTLP_METRICS)
		return 0;
	if (!is_large(req))
		return read_body(req, encoding, signal, calls, ret_counts, err);
	pthread_mutex_lock(&large);
	status = read_body(req, encoding, signal, calls, ret_counts, err);
	pthread_mutex_unlock(&large);
	return status;
}

/* Does the request carry what may be an agent's token? No other credential is
 * handed on from here. */
static int
check_token(const struct request *req, struct error *err)
{
	struct caller caller = caller_of(req);

	if (caller.via == CALLER_BEARER &&
	    credential_kind_of(caller.credential) == CREDENTIAL_AGENT)
		return 0;
	error_set(err, ERROR_UNAUTHENTICATED,
	    "this needs an agent's token (krx_agent_…), as a bearer token");
	return 401;
}

static int
take(struct program *prog, const struct request *req, struct reply *rep,
    enum otlp_encoding encoding, enum otlp_signal signal,
    struct rejection *ret_rejection, struct error *err)
{
	cleanup(otlp_calls_freep) struct otlp_calls *calls = otlp_calls_new();
	struct otlp_counts counts = { 0 };
	uint64_t refused = 0;
	int status = check_token(req, err);

	if (status != 0)
		return status;
	/* What costs much is not looked into for whoever sends it: no call yet,
	 * so that this asks about the token alone. */
	if (is_large(req)) {
		status = record(prog, calls, req, rep, &refused, err);
		if (status != 200)
			return status;
	}
	status = read_in_turn(req, encoding, signal, calls, &counts, err);
	if (status == 0)
		status = record(prog, calls, req, rep, &refused, err);
	if (status != 200)
		return status;
	*ret_rejection = (struct rejection){
		.count = counts.rejected + refused,
		.sentence = counts.rejected > 0
				? "a record has more than a mebibyte"
				: "a tool call was refused; the messages of "
				  "kruxosd say why",
	};
	return 200;
}

static int export(struct program *prog, struct request *req, struct reply *rep,
    enum otlp_signal signal, struct error *err)
{
	enum otlp_encoding encoding = OTLP_BODY_JSON;
	struct rejection rejection;
	int status;

	if (otlp_body_encoding(req, &encoding, err) == -1)
		return answer_failure(rep, encoding, 415, err);
	reply_type(rep, otlp_body_type(encoding));
	status = take(prog, req, rep, encoding, signal, &rejection, err);
	if (status != 200)
		return answer_failure(rep, encoding, status, err);
	return answer(rep, encoding, signal, &rejection);
}

/* POST /v1/logs: log records. */
static int
logs_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return export(prog, req, rep, OTLP_LOGS, err);
}

/* POST /v1/traces: spans. */
static int
traces_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return export(prog, req, rep, OTLP_TRACES, err);
}

/* POST /v1/metrics: nothing of them is read. */
static int
metrics_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return export(prog, req, rep, OTLP_METRICS, err);
}

static const struct route routes[] = {
	{ METHOD_POST, "/v1/logs", logs_post, NULL,
	    ROUTE_SLOW | ROUTE_ANY_BODY },
	{ METHOD_POST, "/v1/traces", traces_post, NULL,
	    ROUTE_SLOW | ROUTE_ANY_BODY },
	{ METHOD_POST, "/v1/metrics", metrics_post, NULL,
	    ROUTE_SLOW | ROUTE_ANY_BODY },
	ROUTE_END,
};

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "otlp",
		.summary = "takes what agents tell by OpenTelemetry",
		.routes = routes,
		.body_bytes = OTLP_BODY_BYTES,
	};

	return program_main(argc, argv, &settings);
}
