/* `kruxos ingest` and `kruxos audit import`: entries, a line each, through the
 * door. */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "cli/command.h"

extern const struct command_form ingest_form;
extern const struct command_form ingest_import_form;

#endif
