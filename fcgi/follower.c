#include "fcgi/follower.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct follower *
follower_new(struct filter *filter, const struct request *req)
{
	struct follower *follower = memory_new(sizeof(*follower));
	struct slice session = request_variable(req, "KRUXOS_SESSION");
	struct slice expires = request_variable(req, "KRUXOS_EXPIRES");
	uint64_t seconds;

	follower->filter = filter;
	snprintf(follower->session, sizeof(follower->session), "%.*s",
	    SLICE_ARG(session));
	if (number_parse_u64(expires, 1, CLOCK_MAX / USEC_PER_SEC, &seconds) ==
	    0)
		follower->expires_at = seconds * USEC_PER_SEC;
	return follower;
}

void
follower_free(void *context)
{
	struct follower *follower = context;

	free(follower->filter);
	free(follower);
}

static size_t
note(struct follower_ended *ended, const struct json_node *node)
{
	size_t place = ended->next++ % COUNT(ended->places);

	if (node->type != JSON_STRING)
		return 0;
	snprintf(ended->places[place].session,
	    sizeof(ended->places[place].session), "%.*s",
	    SLICE_ARG(node->text));
	return 1;
}

/* Where an entry says what has ended: one of them, or several. */
struct ending {
	const char *capability, *one, *several;
};

static const struct ending endings[] = {
	{ "account.sign_out", "session", "sessions" },
	{ "account.remove", "token", "tokens" },
	{ "token.revoke", "id", "ids" },
};

static const struct ending *
find_ending(struct slice capability)
{
	for (size_t i = 0; i < COUNT(endings); i++)
		if (slice_is(capability, endings[i].capability))
			return &endings[i];
	return NULL;
}

static size_t
note_all(struct follower_ended *ended, const struct json_reader *reader,
    const struct ending *ending)
{
	const struct json_node *top = &reader->nodes[0];
	const struct json_node *one =
	    json_reader_member(reader, top, ending->one);
	const struct json_node *several =
	    json_reader_member(reader, top, ending->several);
	size_t count = one == NULL ? 0 : note(ended, one);

	if (several == NULL || several->type != JSON_ARRAY)
		return count;
	for (const struct json_node *node = json_reader_first(reader, several);
	     node != NULL; node = json_reader_next(reader, several, node))
		count += note(ended, node);
	return count;
}

size_t
follower_note_ended(struct follower_ended *ended, const struct entry *entry)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	const struct ending *ending = find_ending(entry->capability);
	struct error ignored;

	if (ending == NULL || entry->request.data == NULL ||
	    json_reader_read(&reader, entry->request, &ignored) == -1)
		return 0;
	return note_all(ended, &reader, ending);
}

bool
follower_is_over(const struct follower *follower,
    const struct follower_ended *ended, usec_t now)
{
	if (follower->expires_at != 0 && now >= follower->expires_at)
		return true;
	if (follower->session[0] == '\0')
		return false;
	for (size_t i = 0; i < COUNT(ended->places); i++)
		if (strcmp(follower->session, ended->places[i].session) == 0)
			return true;
	return false;
}
