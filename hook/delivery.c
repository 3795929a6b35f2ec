#include "hook/delivery.h"

#include "base/cleanup.h"
#include "base/json_writer.h"

static void
on_outcome(void *context, const struct door_outcome *outcome)
{
	struct delivery *delivery = context;
	uint64_t place = outcome->line - delivery->before - 1;

	if (outcome->error != NULL && delivery->why.code == ERROR_NONE)
		delivery->why = *outcome->error;
	if (outcome->error == NULL ||
	    outcome->error->code != ERROR_AUDIT_UNAVAILABLE)
		delivery->is_settled[place] = true;
}

void
delivery_open(struct delivery *delivery, const char *path, usec_t patience)
{
	*delivery = (struct delivery){ 0 };
	delivery->door =
	    door_open(path, patience, on_outcome, delivery, &delivery->why);
}

void
delivery_close(struct delivery *delivery)
{
	door_close(delivery->door);
	delivery->door = NULL;
}

/* --- the policy ----------------------------------------------------------- */

static struct slice
find_string(const struct json_reader *reader, const char *key)
{
	const struct json_node *node =
	    json_reader_member(reader, reader->nodes, key);

	return node != NULL && node->type == JSON_STRING
		   ? node->text
		   : (struct slice){ NULL, 0 };
}

static void
read_policy(struct slice text, struct delivery_policy *ret)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	const struct json_node *node;
	struct error ignored;
	int tier;

	if (json_reader_read(&reader, text, &ignored) == -1 ||
	    reader.nodes->type != JSON_OBJECT)
		return;
	tier = entry_tier_of(find_string(&reader, "policy_tier"));
	if (tier != -1)
		ret->tier = (enum entry_tier)tier;
	buf_add_slice(&ret->line, find_string(&reader, "line"));
	node = json_reader_member(&reader, reader.nodes, "explicit");
	ret->is_explicit = node != NULL && node->type == JSON_TRUE;
}

int
delivery_ask(struct delivery *delivery, struct slice agent_name,
    struct slice capability, struct delivery_policy *ret, struct error *err)
{
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct json_writer json;

	if (delivery->door == NULL) {
		*err = delivery->why;
		return -1;
	}
	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "agent_name", agent_name);
	json_writer_pair_slice(&json, "capability", capability);
	json_writer_end_object(&json);
	if (door_command(delivery->door, "policy.ask", buf_slice(&args),
		(struct slice){ NULL, 0 }, NULL, NULL, &answer, err) == 0) {
		read_policy(buf_slice(&answer), ret);
		return 0;
	}
	return -1;
}

/* --- entries -------------------------------------------------------------- */

static int
send_all(struct delivery *delivery, struct slice lines, struct error *err)
{
	struct slice line;

	if (delivery->door == NULL) {
		*err = delivery->why;
		return -1;
	}
	delivery->before = door_sent(delivery->door);
	while (slice_take_line(&lines, &line))
		if (door_send(delivery->door, line, err) == -1)
			return -1;
	return door_flush(delivery->door, err);
}

int
delivery_send(struct delivery *delivery, struct slice lines,
    struct buf *ret_rest, struct error *err)
{
	bool *is_settled = delivery->is_settled;
	struct slice rest = lines, line;

	memset(is_settled, 0, sizeof(delivery->is_settled));
	if (send_all(delivery, lines, err) == 0) {
		if (delivery->why.code == ERROR_NONE)
			return 0;
		*err = delivery->why;
	}
	for (size_t i = 0; slice_take_line(&rest, &line); i++)
		if (!is_settled[i]) {
			buf_add_slice(ret_rest, line);
			buf_add_char(ret_rest, '\n');
		}
	return -1;
}
