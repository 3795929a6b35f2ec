/* What the product itself takes: resident memory and CPU of each of its
 * programs, nginx's processes together.
 *
 * They are found by the files NAME.pid that kruxos-run and nginx write; where
 * systemd starts them, by name in the control groups of kruxos.slice, in which
 * this process is, too. Where there is neither, by name among all processes;
 * then a second stack on the same host counts with it. Pages that processes
 * share count for each of them.
 */
#ifndef OBSERVER_PROGRAMS_H
#define OBSERVER_PROGRAMS_H

#include "base/clock.h"
#include "collectors/observer/host.h"
#include "store/observed.h"

struct programs;

/* `roots` stay the caller's; `pid_dir` is copied. Never NULL. */
struct programs *programs_new(
    const struct host_roots *roots, const char *pid_dir, struct clock *clock);
void programs_free(struct programs *programs);

/* Those that run; returns how many. */
size_t programs_read(struct programs *programs,
    struct observed_program ret_programs[static OBSERVED_PROGRAMS]);

#endif
