/* The files of a backup on their way to where they belong.
 *
 * Each is written into a folder beside its place, ".restore", on the same file
 * system, so that renaming is all that is left to do when everything has been
 * looked at. The folders around belong to the daemon's user, who is trusted
 * with what lies in them and with nothing else: all is done through
 * descriptors, and no link of his is followed.
 */
#ifndef CLI_RESTORE_STAGE_H
#define CLI_RESTORE_STAGE_H

#include "cli/archive_reader.h"
#include "config/config.h"

#include <sys/stat.h>

enum restore_place {
	RESTORE_LOG,
	RESTORE_STATE,
	RESTORE_TELEMETRY,
	RESTORE_CONFIG,
	RESTORE_PLACES
};

struct restore_folder {
	char *path;	   /* where it belongs */
	int dir;	   /* of that */
	char *staged_path; /* where it is meanwhile */
	int staged;
	/* The folder's owner and group become the files', but those of the
	 * configuration that are here already: they keep theirs. */
	struct stat found;
};

struct restore_stage {
	struct restore_folder folders[RESTORE_PLACES];
	const char *config_name; /* of the configuration's own file here */
	bool is_for_check;	 /* nothing of it is put in place */
};

/* Beside the places that `config` names, that of the configuration itself only
 * `with_config`; what an earlier run has left there goes. restore_stage_close()
 * in any case. -1: ERROR_SYSTEM. */
int restore_stage_open(struct restore_stage *stage, const struct config *config,
    bool with_config, struct error *err);

/* In a folder of its own under $TMPDIR or /var/tmp, to be looked at. */
int
restore_stage_open_for_check(struct restore_stage *stage, struct error *err);

/* Write the file that `reader` is at; one that has no place here is passed
 * over. ERROR_CORRUPT: no backup has a file of that name, or it came before. */
int
restore_stage_take(struct restore_stage *stage, struct archive_reader *reader,
    const struct tar_member *member, struct error *err);

/* All of it is on the disk. */
int restore_stage_sync(struct restore_stage *stage, struct error *err);

/* What is still staged is removed. */
void restore_stage_close(struct restore_stage *stage);

#endif
