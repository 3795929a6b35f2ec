/* What goes into a backup: its manifest, the configuration, the daemon's copies
 * of the databases, and the log as far as it reached when they were made. */
#ifndef CLI_BACKUP_FILES_H
#define CLI_BACKUP_FILES_H

#include "cli/archive_writer.h"
#include "cli/head.h"
#include "config/config.h"

/* The databases of which the daemon makes copies, by their names. */
enum { BACKUP_FILES_COPIES = 2 };
extern const char *const backup_files_copies[BACKUP_FILES_COPIES];

/* Is a file of that name part of it, in conf.d and nginx.d? */
bool backup_files_is_config(const char *name);

struct backup_files {
	const struct config *config;
	int copies; /* the folder of the copies, open … */
	const char *copies_path;
	int log;		 /* that of the log, open */
	const struct head *head; /* the last entry that is part of it … */
	const char *last;	 /* … in this file … */
	uint64_t last_bytes;	 /* … which has so many bytes of it */
};

/* Add all of them to `writer`, and show how far it is. ERROR_SYSTEM;
 * ERROR_CORRUPT: the log is not as the daemon has said; ERROR_INVALID: a file
 * has a name that no archive takes. */
int backup_files_add(const struct backup_files *files,
    struct archive_writer *writer, struct error *err);

#endif
