/* What the product itself takes: resident memory and CPU of each of its
 * programs, nginx's processes together.
 *
 * They are found by the files NAME.pid that kruxos-run and nginx write. Where
 * there is none of a program (systemd keeps them), by name among all processes;
 * then a second stack on the same host counts with it. Pages that processes
 * share count for each of them.
 */
#ifndef OBSERVER_PROGRAMS_H
#define OBSERVER_PROGRAMS_H

#include "base/clock.h"
#include "store/observed.h"

struct programs;

/* `proc` is "/proc" or what a test has made, and stays the caller's; `pid_dir`
 * is copied. Never NULL. */
struct programs *
programs_new(const char *proc, const char *pid_dir, struct clock *clock);
void programs_free(struct programs *programs);

/* Those that run; returns how many. */
size_t programs_read(struct programs *programs,
    struct observed_program ret_programs[static OBSERVED_PROGRAMS]);

#endif
