/* Any bytes, read as telemetry in protobuf: the daemon takes the calls in it.
 */
#include "fcgi/otlp_proto.h"
#include "tests/otlp_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
read_as(enum otlp_signal signal, struct slice body)
{
	struct otlp_calls *calls = otlp_calls_new();
	struct otlp_counts counts;
	struct error err = { 0 };
	const char *objection;

	(void)otlp_proto_read(
	    body, signal, otlp_calls_take, calls, &counts, &err);
	otlp_calls_finish(calls);
	objection = otlp_oracle_calls(calls);
	if (objection != NULL) {
		fprintf(stderr, "%s\n", objection);
		abort();
	}
	otlp_calls_free(calls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice body = { (const char *)bytes, len };

	read_as(OTLP_LOGS, body);
	read_as(OTLP_TRACES, body);
	return 0;
}
