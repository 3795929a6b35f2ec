/* How far the daemon's answer reaches, in a word on stderr. */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "cli/json.h"

/* A note where the index lacks the newest entries, so that the answer does
 * too; nothing where it lacks none. */
void reach_note(struct json_object *answer);

#endif
