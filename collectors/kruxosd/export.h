/* An export is itself an entry, recorded before its first byte leaves. */
#ifndef KRUXOSD_EXPORT_H
#define KRUXOSD_EXPORT_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"

/* {"do":"audit.export","args":{…what is asked for…}} → {"seq":S}
 *
 * With "via" in its args it was asked for through a socket that cannot say who
 * asks, and is an entry of actor_type system; else it is the peer's own. */
extern const struct command_arg export_args[];
void export_command(struct commit *commit, struct command_call *call);

#endif
