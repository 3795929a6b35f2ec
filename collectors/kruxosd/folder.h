/* The daemon's folders: ours alone to write to. */
#ifndef KRUXOSD_FOLDER_H
#define KRUXOSD_FOLDER_H

#include "base/error.h"

/* Open the folder at `path`, made if it is not there (0750). Whoever else can
 * write to it could put another log, or another database, in place of ours:
 * ERROR_NOT_ALLOWED names it. Returns a descriptor; -1: ERROR_SYSTEM too. */
int folder_open(const char *path, struct error *err);

#endif
