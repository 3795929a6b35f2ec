/* Does a peer who has taken a connection keep it? One that closes at once is
 * no service: so for a moment after connecting, its end is waited for. */
#ifndef OBSERVER_STAY_H
#define OBSERVER_STAY_H

#include "base/clock.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

#define STAY_SPAN (50 * USEC_PER_MSEC)

struct stay;

typedef void (*stay_on_end)(void *context, bool is_closed);

/* `fd` becomes its own. `on_end` is called once, later, unless stay_free()
 * comes first; the stay is freed before it. Never NULL. */
struct stay *
stay_new(sd_event *event, int fd, stay_on_end on_end, void *context);
void stay_free(struct stay *stay);

#endif
