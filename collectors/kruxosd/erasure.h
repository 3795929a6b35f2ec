/* Payloads are taken out of the log; the heads and the chain stand.
 *
 * First an `audit.erase` entry is made durable, which names the seqs and the
 * reason; then each payload is overwritten in place by `"erased_by":<seq>` and
 * spaces of the same length, and synced, before the next batch is written. The
 * entry is the redo record: what a power cut leaves half done is done at the
 * next start, and what the disk refuses is noted in state.db and tried again.
 *
 * Copies under torn/, and what a refused write left behind the end of a file,
 * lose all their payloads: they were never acknowledged,
 * and what was sent again after a crash stands in the log under another seq.
 */
#ifndef KRUXOSD_ERASURE_H
#define KRUXOSD_ERASURE_H

#include "base/disk.h"
#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/state.h"

enum {
	ERASURE_SEQS = 1000, /* in one command: its entry is never cut */
	ERASURE_REASON_BYTES = 1024,
};

struct erasure;

/* Erase in the log whose folder is open as `dir`, with that path. All of it
 * stays the caller's. Never NULL. */
struct erasure *erasure_new(struct disk *disk, int dir, const char *audit_dir,
    struct commit *commit, struct state *state);
void erasure_free(struct erasure *erasure);

/* Who keeps words of entries elsewhere hears of each seq whose payload is gone;
 * one that was gone before may come again. */
void erasure_set_listener(struct erasure *erasure,
    void (*on_erased)(void *context, uint64_t seq), void *context);

/* Who is signed in at a browser gives his password once more: `guard` asks for
 * it to be looked at, and calls `done` once, perhaps before it returns. */
typedef void (*erasure_on_guarded)(void *request, const struct error *err);
typedef void (*erasure_guard)(void *context, struct command_call *call,
    struct slice password, erasure_on_guarded done, void *request);
void
erasure_set_guard(struct erasure *erasure, erasure_guard guard, void *context);

/* {"do":"audit.erase","args":{"seqs":[…],"reason":"…"}} →
 * {"seq":S,"erased":N,"erased_before":M} */
extern const struct command_arg erasure_args[];
void erasure_command(struct erasure *erasure, struct command_call *call);

/* While it is held nothing is erased: a command hears ERROR_BUSY, and what is
 * noted as not done waits. Not so what a start has to do. */
void erasure_set_held(struct erasure *erasure, bool is_held);

/* Do what the `audit.erase` entry `seq` names, as far as it is not done. 0: it
 * is done; -1: ERROR_NOT_FOUND (no such entry), ERROR_SYSTEM. */
int erasure_redo(struct erasure *erasure, uint64_t seq, struct error *err);

/* The disk has refused what the `audit.erase` entry `seq` names (`err`): before
 * anything else is recorded it is noted in state.db, and will be done. */
void erasure_note_undone(
    struct erasure *erasure, uint64_t seq, const struct error *err);

/* Try again what is noted as not done. */
void erasure_retry(struct erasure *erasure);

#endif
