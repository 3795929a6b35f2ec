/* The log's folder is one writer's at a time: the daemon's, or that of who puts
 * another log in its place. */
#ifndef LOG_LOCK_H
#define LOG_LOCK_H

#include "base/error.h"

/* Hold the lock of the folder open as `dir`, called `path`, until the
 * descriptor returned is closed. -1: ERROR_BUSY, another process has it;
 * ERROR_SYSTEM. */
int lock_take(int dir, const char *path, struct error *err);

#endif
