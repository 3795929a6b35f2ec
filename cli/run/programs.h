/* Where the programs and what they need lie: in the tree that this one was
 * built in, or where the package puts them. */
#ifndef RUN_PROGRAMS_H
#define RUN_PROGRAMS_H

#include "base/arena.h"
#include "base/error.h"

struct programs {
	char *daemon;	    /* kruxosd */
	char *observer;	    /* kruxos-observer */
	char *fcgi_folder;  /* *.fcgi */
	char *nginx_folder; /* the template, what it includes */
	char *www_folder;   /* the pages; there may be none in it yet */
	const char *nginx;
};

/* All of it comes from `arena`. ERROR_NOT_FOUND. */
int programs_find(
    struct programs *programs, struct arena *arena, struct error *err);

/* In a child, before it becomes another program: signals are what they were
 * before we took them. */
void programs_restore_signals(void);

/* Run `argv` to its end, its standard output into `output`, its standard error
 * into `errors` (STDERR_FILENO: ours). Returns its exit
 * code (128: a signal ended it), or -1 and err. */
int programs_run(char *const *argv, int output, int errors, struct error *err);

#endif
