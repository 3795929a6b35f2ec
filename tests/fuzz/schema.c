/* Any bytes as a schema, up to the first line feed, and as a value behind it:
 * what is no schema is an error with words, and a value is one by it or an
 * error that says why not. And by each schema of the registry. */
#include "fcgi/schema.h"
#include "base/text.h"
#include "fcgi/capability.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
check_error(int result, const struct error *err)
{
	assert((result == 0) == (err->code == ERROR_NONE));
	if (result == 0)
		return;
	assert(err->sentence[0] != '\0');
	assert(text_valid_bytes(slice_of(err->field)) == strlen(err->field));
	assert(
	    text_valid_bytes(slice_of(err->sentence)) == strlen(err->sentence));
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct json_reader json = JSON_READER_INIT;
	struct slice bytes = { (const char *)data, size }, line;
	struct schema schema;
	struct error err = { 0 }, why = { 0 };
	bool has_line = slice_take_line(&bytes, &line);
	bool has_value = json_reader_read(&json, bytes, &err) == 0;
	int result;

	for (const struct capability *row = capabilities;
	     has_value && json.nodes->type == JSON_OBJECT && row->name != NULL;
	     row++) {
		err = (struct error){ 0 };
		result = capability_check(row, &json, json.nodes, &err);
		check_error(result, &err);
	}
	if (!has_line)
		return 0;
	result = schema_read(&schema, line, &why);
	check_error(result, &why);
	if (result == -1)
		return 0;
	err = (struct error){ 0 };
	if (has_value)
		check_error(
		    schema_check(&schema, &json, json.nodes, &err), &err);
	schema_free(&schema);
	return 0;
}
