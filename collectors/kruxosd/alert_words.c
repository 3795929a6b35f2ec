#include "collectors/kruxosd/alert_words.h"

static const struct json_node *
member(
    const struct json_reader *reader, const char *key, enum json_node_type type)
{
	const struct json_node *node;

	if (reader->count == 0 || reader->nodes[0].type != JSON_OBJECT)
		return NULL;
	node = json_reader_member(reader, reader->nodes, key);
	return node != NULL && node->type == type ? node : NULL;
}

static struct slice
text_of(const struct json_node *node)
{
	return node == NULL ? (struct slice){ NULL, 0 } : node->text;
}

void
alert_words_read(struct json_reader *reader, const struct entry *entry,
    struct alert_words *ret_words)
{
	struct error ignored; /* then there is no request to read */
	struct slice severity;
	int found;

	reader->count = 0;
	if (entry->request.data != NULL)
		(void)json_reader_read(reader, entry->request, &ignored);
	severity = text_of(member(reader, "severity", JSON_STRING));
	found = rule_severity_of(severity);
	*ret_words = (struct alert_words){
		.agent_name = entry->actor_name,
		.severity =
		    found == -1 ? RULE_WARNING : (enum rule_severity)found,
		.title = text_of(member(reader, "title", JSON_STRING)),
		.message = text_of(member(reader, "message", JSON_STRING)),
		.context = text_of(member(reader, "context", JSON_OBJECT)),
		.seq = entry->seq,
	};
	if (ret_words->title.len == 0)
		ret_words->title = SLICE_LITERAL("An alert without a title");
}
