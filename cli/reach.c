#include "cli/reach.h"

#include "cli/cli.h"

#include <inttypes.h>

void
reach_note(struct json_object *answer)
{
	static const struct {
		const char *index, *words;
	} kinds[] = {
		{ "catching_up", "is catching up" },
		{ "rebuilding", "is being built again" },
		{ "failing", "does not move" },
	};
	uint64_t through = json_number(answer, "through_seq");
	uint64_t head = json_number(answer, "head_seq");
	struct slice index = json_text(answer, "index");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_is(index, kinds[i].index) && through < head)
			cli_note("the index %s: entries behind %" PRIu64
				 " of %" PRIu64 " are not in this answer",
			    kinds[i].words, through, head);
}
