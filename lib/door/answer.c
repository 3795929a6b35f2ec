#include "door/answer.h"

#include "base/json_writer.h"
#include "base/number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { WAIT_SECONDS = 24 * 60 * 60 }; /* the longest that is believed */

/* --- writing -------------------------------------------------------------- */

/* By hand, not by json_writer: one of these for each batch and connection. */
void
answer_add_accepted(struct buf *out, uint64_t count, uint64_t seq,
    uint64_t line, bool is_duplicate)
{
	buf_add_str(out, "{\"accepted\":");
	buf_add_u64(out, count);
	buf_add_str(out, ",\"seq\":");
	buf_add_u64(out, seq);
	buf_add_str(out, ",\"line\":");
	buf_add_u64(out, line);
	buf_add_str(out, is_duplicate ? ",\"duplicate\":true}\n" : "}\n");
}

static void
write_error(struct json_writer *json, const struct error *err)
{
	if (err->field[0] != '\0')
		json_writer_pair(json, "field", err->field);
	json_writer_pair(json, "detail", err->sentence);
	if (err->wait_seconds != 0)
		json_writer_pair_u64(json, "wait", err->wait_seconds);
	if (err->code == ERROR_APPROVAL_REQUIRED)
		json_writer_pair(json, "approval_id", err->approval_id);
	json_writer_end_object(json);
	buf_add_char(json->out, '\n');
}

void
answer_add_error(struct buf *out, uint64_t line, const struct error *err)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "error", error_code_name(err->code));
	json_writer_pair_u64(&json, "line", line);
	write_error(&json, err);
}

void
answer_add_progress(struct buf *out, struct slice id, double progress)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", id);
	json_writer_key(&json, "progress");
	json_writer_fixed(&json, progress, 3);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
}

void
answer_add_ok(struct buf *out, struct slice id, struct slice result)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", id);
	json_writer_key(&json, "ok");
	json_writer_raw(&json, result);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
}

void
answer_add_failed(struct buf *out, struct slice id, const struct error *err)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", id);
	json_writer_pair(&json, "error", error_code_name(err->code));
	write_error(&json, err);
}

/* --- reading -------------------------------------------------------------- */

/* One member into its place in struct answer. */
struct member {
	const char *key;
	enum json_node_type type;
	size_t offset; /* of a uint64_t, a slice or a double, by type */
};

#define AT(field) offsetof(struct answer, field)

static const struct member members[] = {
	{ "accepted", JSON_NUMBER, AT(count) },
	{ "seq", JSON_NUMBER, AT(seq) },
	{ "line", JSON_NUMBER, AT(line) },
	{ "id", JSON_STRING, AT(id) },
	{ "ok", JSON_OBJECT, AT(result) },
	{ "error", JSON_STRING, AT(code) },
	{ "field", JSON_STRING, AT(field) },
	{ "detail", JSON_STRING, AT(detail) },
	{ "wait", JSON_NUMBER, AT(wait_seconds) },
	{ "approval_id", JSON_STRING, AT(approval_id) },
};

static int
read_member(const struct member *member, const struct json_node *node,
    struct answer *ret, struct error *err)
{
	void *place = (char *)ret + member->offset;

	if (node->type != member->type)
		return error_set_field(err, ERROR_CORRUPT, member->key,
		    "the daemon's answer has %s as %s", member->key,
		    json_type_name(node->type));
	if (member->type != JSON_NUMBER) {
		*(struct slice *)place = node->text;
		return 0;
	}
	if (number_parse_u64(node->text, 0, UINT64_MAX, place) == -1)
		return error_set_field(err, ERROR_CORRUPT, member->key,
		    "the daemon's answer has a %s that is no count",
		    member->key);
	return 0;
}

static int
read_members(const struct json_reader *reader, const struct json_node *top,
    struct answer *ret, struct error *err)
{
	for (const struct json_node *node = json_reader_first(reader, top);
	     node != NULL; node = json_reader_next(reader, top, node)) {
		for (size_t i = 0; i < COUNT(members); i++)
			if (slice_is(node->key, members[i].key) &&
			    read_member(&members[i], node, ret, err) == -1)
				return -1;
		if (slice_is(node->key, "duplicate"))
			ret->is_duplicate = node->type == JSON_TRUE;
	}
	return 0;
}

/* The kind shows in the keys. */
static int
find_kind(const struct json_reader *reader, const struct json_node *top,
    struct answer *answer)
{
	const struct json_node *progress =
	    json_reader_member(reader, top, "progress");

	if (answer->id.data == NULL) {
		if (answer->code.data != NULL)
			answer->kind = ANSWER_ERROR;
		else if (answer->count > 0 && answer->seq >= answer->count &&
			 answer->line >= answer->count)
			answer->kind = ANSWER_ACCEPTED;
		else
			return -1;
		return 0;
	}
	if (answer->code.data != NULL)
		answer->kind = ANSWER_FAILED;
	else if (answer->result.data != NULL)
		answer->kind = ANSWER_OK;
	else if (progress != NULL && progress->type == JSON_NUMBER &&
		 number_parse_double(progress->text, 0, 1, &answer->progress) ==
		     0)
		answer->kind = ANSWER_PROGRESS;
	else
		return -1;
	return 0;
}

int
answer_parse(struct json_reader *reader, struct slice line, struct answer *ret,
    struct error *err)
{
	struct answer answer = { 0 };
	struct error why;
	const struct json_node *top;

	if (json_reader_read(reader, line, &why) == -1)
		return error_set(err, ERROR_CORRUPT,
		    "the daemon's answer is not JSON: %s", why.sentence);
	top = reader->nodes;
	if (top->type != JSON_OBJECT)
		return error_set(err, ERROR_CORRUPT,
		    "the daemon's answer is %s, not an object",
		    json_type_name(top->type));
	if (read_members(reader, top, &answer, err) == -1)
		return -1;
	if (find_kind(reader, top, &answer) == -1)
		return error_set(err, ERROR_CORRUPT,
		    "the daemon's answer is none that this program knows");
	*ret = answer;
	return 0;
}

void
answer_to_error(const struct answer *answer, struct error *ret)
{
	/* A code of a later daemon stays a failure. */
	enum error_code code = ERROR_INVALID;
	char field[ERROR_FIELD_SIZE];

	for (int i = ERROR_SYSTEM; i < ERROR_CODES; i++)
		if (slice_is(answer->code, error_code_name(i)))
			code = (enum error_code)i;
	snprintf(field, sizeof(field), "%.*s", SLICE_ARG(answer->field));
	if (code == ERROR_APPROVAL_REQUIRED)
		error_set_approval(ret, answer->approval_id, "%s", "");
	error_set_field(ret, code, field, "%.*s", SLICE_ARG(answer->detail));
	ret->wait_seconds = answer->wait_seconds < WAIT_SECONDS
				? (unsigned)answer->wait_seconds
				: WAIT_SECONDS;
}
