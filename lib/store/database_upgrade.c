#include "store/database_upgrade.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/disk.h"
#include "store/database_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void
add_name(struct buf *out, const char *path, int version)
{
	buf_addf(out, "%s.schema-%d", path, version);
}

/* What a copy that was cut short has left is no copy: it has another name. */
static int
copy(const char *path, int version, struct error *err)
{
	cleanup(buf_free) struct buf name = BUF_INIT, part = BUF_INIT;

	add_name(&name, path, version);
	buf_addf(&part, "%s.part", name.data);
	if (unlink(part.data) == -1 && errno != ENOENT)
		return error_set_errno(err, "%s", part.data);
	if (database_copy(path, part.data, NULL, NULL, err) == -1)
		return error_prefix(err, "a copy before it is migrated");
	if (rename(part.data, name.data) == -1) {
		error_set_errno(err, "%s", name.data);
		unlink(part.data);
		return -1;
	}
	if (disk_sync_name(&disk_system, path) == -1)
		return error_set_errno(err, "%s: its folder: fsync", path);
	return 0;
}

static void
remove_old(const char *path, int newest)
{
	int kept = 0;

	for (int version = newest; version > 0; version--) {
		cleanup(buf_free) struct buf name = BUF_INIT;

		add_name(&name, path, version);
		if (access(name.data, F_OK) == 0 &&
		    ++kept > DATABASE_UPGRADE_KEPT)
			unlink(name.data);
	}
}

int
database_upgrade(struct database *database,
    const struct database_schema *schema, int *ret_from, struct error *err)
{
	const char *path =
	    sqlite3_db_filename(database_handle(database), "main");
	int version;

	if (database_version(database, &version, err) == -1)
		return -1;
	if (version > 0 && version < schema->count) {
		if (copy(path, version, err) == -1)
			return -1;
		remove_old(path, version);
	} else {
		version = 0;
	}
	if (database_migrate(database, schema, err) == -1)
		return -1;
	*ret_from = version;
	return 0;
}
