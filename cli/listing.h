/* A list that the daemon answers, for a person as a table and for a program as
 * it came. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/command.h"
#include "cli/json.h"
#include "cli/table.h"

struct listing {
	const char *member;  /* of the answer: an array of objects */
	const char *nothing; /* what is said when it is empty: a line */
	const struct table_column *columns;
	size_t column_count;
	/* Add one object's cells. */
	void (*add_row)(struct table *table, struct json_object *object);
};

/* Print what GET of `target` answers at api.sock. */
enum command_exit listing_get(struct cli *cli, const struct listing *listing,
    const char *target, bool as_json);

/* Print what the command `verb` answers through the door. */
enum command_exit listing_order(struct cli *cli, const struct listing *listing,
    const char *verb, struct slice args, bool as_json);

#endif
