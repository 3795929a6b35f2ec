/* Codex runs no hook that nobody has approved, and says nothing of it.
 *
 * What it has approved it keeps in its config.toml, under a key and a hash of
 * each hook that it alone knows how to make. So it is asked, as its own pages
 * ask it: `codex app-server` lists the hooks with both, and writes what we
 * approve.
 */
#ifndef CLI_HOOK_CODEX_H
#define CLI_HOOK_CODEX_H

#include "base/error.h"
#include "base/slice.h"

struct hook_codex {
	const char *program; /* codex */
	const char *folder;  /* where it is asked as if it ran there */
	const char *path;    /* the settings that our hooks stand in */
};

struct hook_codex_trust {
	size_t hooks;	/* of ours that it knows of */
	size_t trusted; /* of them */
};

/* How it stands with our hooks. ERROR_UNREACHABLE, ERROR_CORRUPT: Codex does
 * not answer, or not so. */
int hook_codex_look(const struct hook_codex *codex,
    struct hook_codex_trust *ret, struct error *err);

/* Approve those that run `command`, and say how it stands then. */
int hook_codex_approve(const struct hook_codex *codex, struct slice command,
    struct hook_codex_trust *ret, struct error *err);

/* Take back what was approved, before our hooks are taken out. */
int hook_codex_forget(const struct hook_codex *codex, struct error *err);

#endif
