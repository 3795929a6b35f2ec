/* A database that no log can give back grows only behind a copy of it. */
#ifndef STORE_DATABASE_UPGRADE_H
#define STORE_DATABASE_UPGRADE_H

#include "store/database.h"

/* Copies that are kept of one database, each of another schema. */
enum { DATABASE_UPGRADE_KEPT = 2 };

/* As database_migrate(); but a database of an earlier schema is copied before,
 * to `<its path>.schema-<number>`, and is not touched where that fails. Of all
 * such copies the newest DATABASE_UPGRADE_KEPT stay. `ret_from` is the number
 * of the copy; 0: none was needed. Nobody else upgrades it meanwhile. */
int database_upgrade(struct database *database,
    const struct database_schema *schema, int *ret_from, struct error *err);

#endif
