/* Files of /proc and of cgroup v2: read whole, taken apart. */
#ifndef OBSERVER_PROC_H
#define OBSERVER_PROC_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum { PROC_BYTES = 256 << 10 }; /* what is longer is cut there */

/* The file `name` in the folder `root`; replaces what `ret_text` held. -1:
 * ERROR_SYSTEM. */
int proc_read(const char *root, const char *name, struct buf *ret_text,
    struct error *err);

/* The next word of `text`, behind blanks, which is taken away; empty at the
 * end. */
struct slice proc_take_word(struct slice *text);

/* The next word as a number; -1: it is none. */
int proc_take_u64(struct slice *text, uint64_t *ret);
int proc_take_double(struct slice *text, double *ret);

/* Pass over `count` words. */
void proc_skip(struct slice *text, int count);

/* The number behind `key` ("MemTotal:", "inactive_file") at the front of one
 * of the lines. -1: there is none. */
int proc_find_u64(struct slice text, const char *key, uint64_t *ret);

#endif
