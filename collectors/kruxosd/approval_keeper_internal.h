/* The inside of the keeper of approvals, for its files alone: approval_keeper.c
 * and approval_commands.c. */
#ifndef KRUXOSD_APPROVAL_KEEPER_INTERNAL_H
#define KRUXOSD_APPROVAL_KEEPER_INTERNAL_H

#include "collectors/kruxosd/approval_keeper.h"
#include "collectors/kruxosd/approval_writer.h"

#include "base/cleanup.h"
#include "log/payload.h"

struct approval_keeper {
	struct state_changer *changer;
	struct account_keeper *accounts;
	struct payload *payload;
	struct sha256 *sha256;
	usec_t timeout, valid;
	bool has_failed; /* to let one expire, and that was said */
};

/* Is its time over, at `now`? */
bool approval_keeper_is_over(const struct approval_keeper *keeper,
    const struct approval_row *row, usec_t now);

/* Owe the entry that `row` was decided: `entry` is that of who decides. */
int approval_keeper_owe(struct state_change *change, struct entry entry,
    const char *capability, const struct approval_row *row, struct slice reason,
    struct error *err);

#endif
