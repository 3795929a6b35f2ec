/* The daemon's folders: ours alone to write to, and one daemon's at a time. */
#ifndef KRUXOSD_FOLDER_H
#define KRUXOSD_FOLDER_H

#include "base/error.h"

/* Open the folder at `path`, made if it is not there (0750). Whoever else can
 * write to it could put another log, or another database, in place of ours:
 * ERROR_NOT_ALLOWED names it. Returns a descriptor; -1: ERROR_SYSTEM too. */
int folder_open(const char *path, struct error *err);

/* Hold the lock of the folder open as `dir` until the descriptor returned is
 * closed. -1: ERROR_BUSY, another process has it; ERROR_SYSTEM. */
int folder_lock(int dir, const char *path, struct error *err);

#endif
