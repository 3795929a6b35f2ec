/* What a backup brought takes the place of what is here, which is kept.
 *
 * Everything was looked at before, and is on the disk: what happens here is
 * renaming, and a mark (store/restore_mark.h) says that it goes on. Cut short
 * it is done again, from the backup; what was here lies aside by then, or still
 * in its place.
 */
#ifndef CLI_RESTORE_SWAP_H
#define CLI_RESTORE_SWAP_H

#include "cli/restore_stage.h"

enum { RESTORE_KEPT_SIZE = sizeof("before-") + CLOCK_TEXT_SIZE };

/* Put what is staged in its place, and leave `note` (a JSON object) for the
 * daemon. What was there is moved, within its folder, into the folder
 * `ret_kept`, which is filled in whatever comes of it. */
int restore_swap(struct restore_stage *stage, const struct config *config,
    struct slice note, char ret_kept[static RESTORE_KEPT_SIZE],
    struct error *err);

#endif
