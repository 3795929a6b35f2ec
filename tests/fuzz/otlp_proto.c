/* Any bytes, read as telemetry in protobuf: the daemon takes the calls in it.
 */
#include "fcgi/otlp_proto.h"
#include "tests/otlp_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	otlp_oracle_check(
	    otlp_proto_read, (struct slice){ (const char *)bytes, len });
	return 0;
}
