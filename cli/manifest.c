#include "cli/manifest.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "cli/json.h"

#include <unistd.h>

void
manifest_init(struct manifest *manifest, const struct head *head)
{
	*manifest = (struct manifest){
		.version = KRUXOS_VERSION,
		.made_at = clock_realtime(&clock_system),
		.head = *head,
	};
	gethostname(manifest->host, sizeof(manifest->host) - 1);
}

void
manifest_write(const struct manifest *manifest, struct buf *out)
{
	cleanup(buf_free) struct buf head = BUF_INIT;
	struct json_writer json;

	head_add(&manifest->head, &head);
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "format", MANIFEST_FORMAT);
	json_writer_pair(&json, "version", manifest->version);
	json_writer_pair(&json, "host", manifest->host);
	json_writer_pair_time(&json, "made_at", manifest->made_at);
	json_writer_pair(&json, "head", head.data);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
}

static void
manifest_copy_text(struct json_object *json, const char *key,
    char ret_text[static MANIFEST_TEXT_SIZE])
{
	struct slice text = json_text(json, key);

	snprintf(ret_text, MANIFEST_TEXT_SIZE, "%.*s",
	    text.len < MANIFEST_TEXT_SIZE ? (int)text.len
					  : MANIFEST_TEXT_SIZE - 1,
	    text.data);
}

int
manifest_read(
    struct slice text, struct manifest *ret_manifest, struct error *err)
{
	cleanup(json_putp) struct json_object *json = json_parse(text, err);
	struct manifest manifest = { 0 };
	uint64_t format = json_number(json, "format");
	struct error ignored;

	if (json == NULL)
		return -1;
	manifest_copy_text(json, "host", manifest.host);
	manifest_copy_text(json, "version", manifest.version);
	if (format > MANIFEST_FORMAT)
		return error_set(err, ERROR_INVALID,
		    "was made by a later version (format %llu, ours is %d)",
		    (unsigned long long)format, MANIFEST_FORMAT);
	if (format == 0 ||
	    head_parse(json_text(json, "head"), &manifest.head) == -1 ||
	    clock_parse(
		json_text(json, "made_at"), &manifest.made_at, &ignored) == -1)
		return error_set(err, ERROR_CORRUPT,
		    "does not say what it is: %s is wrong", MANIFEST_NAME);
	*ret_manifest = manifest;
	return 0;
}
