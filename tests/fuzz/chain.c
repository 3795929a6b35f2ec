/* Any bytes as a log of up to three files: a verdict, whatever they are; and
 * what is called whole is, by json-c and a second look at every hash.
 *
 * The first byte says whether the hashes are made right before, as a forger
 * would, because hardly anything else gets beyond them, and whether a thread
 * looks ahead, too; a byte 0x1e begins the next file. */
#include "tests/fault/image.h"
#include "tests/fault/verdict.h"

#include "base/slice.h"
#include "log/chain.h"

#include <json-c/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char folder[] = "/tmp/kruxos-fuzz-XXXXXX";

static void
remove_folder(void)
{
	image_clear_folder(folder);
	rmdir(folder);
}

static void
read_files(const char *bytes, size_t len, struct image *log)
{
	static const char *const names[] = { "2026-11-23.jsonl",
		"2026-11-23_02.jsonl", "2026-11-24.jsonl" };

	log->count = 0;
	for (size_t i = 0; i < 3 && len > 0; i++) {
		const char *end = memchr(bytes, 0x1e, len);
		size_t part = end == NULL ? len : (size_t)(end - bytes);

		buf_add(&image_add(log, names[i])->bytes, bytes, part);
		part += end != NULL;
		bytes += part, len -= part;
	}
}

/* Does the text of a line say so, and do the hashes say what they should? */
static bool
is_entry(struct slice line, uint64_t seq, const char *prev_hash,
    char ret_hash[static IMAGE_HEX])
{
	static const char key[] = ",\"entry_hash\":\"";
	const char *head_end =
	    memmem(line.data, line.len, key, sizeof(key) - 1);
	struct json_tokener *tokener;
	struct json_object *object, *member;
	char made[IMAGE_HEX];
	bool is_right;

	if (head_end == NULL)
		return false;
	tokener = json_tokener_new();
	object = json_tokener_parse_ex(tokener, line.data, (int)line.len);
	is_right = json_object_is_type(object, json_type_object) &&
		   json_object_object_get_ex(object, "seq", &member) &&
		   json_object_get_uint64(member) == seq &&
		   json_object_object_get_ex(object, "prev_hash", &member) &&
		   (prev_hash == NULL || memcmp(json_object_get_string(member),
					     prev_hash, IMAGE_HEX) == 0) &&
		   json_object_object_get_ex(object, "entry_hash", &member);
	if (is_right) {
		image_put_hash(made, (struct slice){ line.data,
					 (size_t)(head_end - line.data) });
		memcpy(ret_hash, json_object_get_string(member), IMAGE_HEX);
		is_right = memcmp(made, ret_hash, IMAGE_HEX) == 0;
	}
	json_object_put(object);
	json_tokener_free(tokener);
	return is_right;
}

/* Entry `seq` stands somewhere in the log. */
static bool
has_entry(struct image *log, uint64_t seq, const char *prev_hash,
    char ret_hash[static IMAGE_HEX])
{
	for (size_t i = 0; i < log->count; i++) {
		size_t lines = image_count_lines(&log->files[i]);

		for (size_t n = 0; n < lines; n++) {
			struct image_line at = image_line(&log->files[i], n);
			struct slice line = { log->files[i].bytes.data + at.at,
				at.len - 1 };

			if (is_entry(line, seq, prev_hash, ret_hash))
				return true;
		}
	}
	return false;
}

static void
check_whole(struct image *log, const struct chain_result *result)
{
	cleanup(buf_free) struct buf last = BUF_INIT;
	char hash[IMAGE_HEX];

	assert(result->entries == 0 ||
	       result->last_seq - result->first_seq + 1 == result->entries);
	for (uint64_t i = 0; i < result->entries; i++)
		assert(has_entry(
		    log, result->first_seq + i, i == 0 ? NULL : hash, hash));
	buf_add_hex(&last, result->last_hash, SHA256_BYTES);
	assert(result->entries == 0 || memcmp(last.data, hash, IMAGE_HEX) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct chain_options all = { 0 };
	static const struct chain_options ahead = { .threads = 1,
		.block_bytes = 700 };
	static struct image log;
	struct chain_result result;
	struct error err;

	if (log.files[0].bytes.data == NULL) {
		image_init(&log);
		if (mkdtemp(folder) == NULL)
			abort();
		atexit(remove_folder);
	}
	if (len == 0)
		return 0;
	read_files((const char *)bytes + 1, len - 1, &log);
	if (bytes[0] % 2 == 1)
		image_forge(&log, 0, 0, true);
	image_write(&log, folder);
	assert(chain_verify(folder, &all, &result, &err) == 0);
	if (bytes[0] / 2 % 2 == 1)
		assert(verdict_stands(folder, &ahead));
	if (result.is_whole)
		check_whole(&log, &result);
	else
		assert(result.fault.what != NULL && result.fault.line > 0 &&
		       result.fault.file[0] != '\0' && !result.is_torn);
	return 0;
}
