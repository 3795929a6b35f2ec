/* `kruxos health`: is the machine healthy, and what it is made of? */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "base/buf.h"
#include "cli/command.h"
#include "cli/health_report.h"

/* Find what is known: the program's answer, else the daemon's own word, else
 * that nothing is known; what stood in the way is said. `answer` is the JSON of
 * it in any case; what `health` points to lives in `*ret_json`, which may be
 * NULL. */
void health_find(struct cli *cli, struct health *health, struct buf *answer,
    struct json_object **ret_json);

extern const struct command_form health_form;

#endif
