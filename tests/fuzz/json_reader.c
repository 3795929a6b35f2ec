/* Any bytes, read as JSON: json-c agrees, and what the writer makes of the
 * nodes reads the same again. */
#include "tests/json_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct json_reader reader = JSON_READER_INIT;
	struct json_reader again = JSON_READER_INIT;
	struct slice text = { (const char *)bytes, len };
	struct error err = { 0 };
	int result = json_reader_read(&reader, text, &err);
	const char *objection =
	    json_oracle_objects(&reader, text, result, &err);

	if (objection != NULL) {
		fprintf(stderr, "%s (%s)\n", objection, err.sentence);
		abort();
	}
	if (result == 0 && !json_oracle_reads_back(&reader, &again)) {
		fprintf(stderr, "the writer's text reads differently\n");
		abort();
	}
	json_reader_free(&reader);
	json_reader_free(&again);
	return 0;
}
