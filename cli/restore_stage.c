#include "cli/restore_stage.h"

#include "base/disk.h"
#include "cli/backup_files.h"
#include "log/logfile.h"

#include <errno.h>
#include <fcntl.h>

#define RESTORE_STAGED ".restore"

/* --- which file is what --------------------------------------------------- */

static bool
restore_is_day(const char *name)
{
	unsigned part;
	usec_t day;

	return logfile_parse_name(slice_of(name), &day, &part);
}

static bool
restore_is_any(const char *name)
{
	return *name != '\0';
}

/* A folder of the backup: files in it, where they belong, and with which mode.
 * What is "" is the name of one file. */
static const struct restore_kind {
	const char *prefix; /* of the name in the backup */
	enum restore_place place;
	const char *inner; /* in that folder; NULL: not in another one */
	bool (*is_one)(const char *rest); /* NULL: the prefix is the name */
	mode_t mode;
} restore_kinds[] = {
	{ "audit/torn/", RESTORE_LOG, "torn", restore_is_any, 0600 },
	{ "audit/", RESTORE_LOG, NULL, restore_is_day, 0640 },
	{ "state.db", RESTORE_STATE, NULL, NULL, 0640 },
	{ "telemetry.db", RESTORE_TELEMETRY, NULL, NULL, 0640 },
	{ "config/conf.d/", RESTORE_CONFIG, "conf.d", backup_files_is_config,
	    0644 },
	{ "config/nginx.d/", RESTORE_CONFIG, "nginx.d", backup_files_is_config,
	    0644 },
	{ "config/kruxos.conf", RESTORE_CONFIG, NULL, NULL, 0644 },
};

/* The row of a name, and what it is called in its folder. */
static const struct restore_kind *
restore_kind_of(const char *name, const char **ret_file)
{
	for (size_t i = 0; i < sizeof(restore_kinds) / sizeof(restore_kinds[0]);
	     i++) {
		const struct restore_kind *kind = &restore_kinds[i];
		size_t len = strlen(kind->prefix);

		if (strncmp(name, kind->prefix, len) != 0)
			continue;
		if (kind->is_one == NULL && name[len] == '\0') {
			const char *slash = strrchr(name, '/');

			*ret_file = slash == NULL ? name : slash + 1;
			return kind;
		}
		*ret_file = name + len;
		if (kind->is_one != NULL && strchr(*ret_file, '/') == NULL &&
		    kind->is_one(*ret_file))
			return kind;
	}
	return NULL;
}

/* --- folders -------------------------------------------------------------- */

/* Make the folder `name`, and open it; ours, whatever lay there. */
static int
restore_make_folder(int dir, const char *name, struct error *err)
{
	struct stat found;
	int fd;

	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s: mkdir", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return error_set_errno(err, "%s", name);
	if (fstat(fd, &found) == 0 && found.st_uid == geteuid())
		return fd;
	close(fd);
	return error_set(
	    err, ERROR_NOT_ALLOWED, "%s: is a folder of another user", name);
}

static void
restore_empty(int dir, bool is_inner)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(cleanup_closedir) DIR *listing =
	    again == -1 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (listing == NULL)
		return;
	while ((entry = readdir(listing)) != NULL) {
		cleanup(cleanup_close) int inner = -1;
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    unlinkat(dir, name, 0) == 0 || is_inner)
			continue;
		inner = openat(
		    dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner != -1)
			restore_empty(inner, true);
		unlinkat(dir, name, AT_REMOVEDIR);
	}
}

static void
restore_set_paths(struct restore_folder *folder, const char *file, bool is_file)
{
	const char *slash = strrchr(file, '/');
	size_t len =
	    is_file && slash != NULL ? (size_t)(slash - file) : strlen(file);
	struct buf path = BUF_INIT, staged = BUF_INIT;

	buf_add(&path, file, len);
	buf_addf(&staged, "%s/" RESTORE_STAGED, path.data);
	folder->path = buf_detach(&path);
	folder->staged_path = buf_detach(&staged);
}

static int
restore_open_folder(struct restore_folder *folder, struct error *err)
{
	folder->dir = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->dir == -1 || fstat(folder->dir, &folder->found) == -1)
		return error_set_errno(err, "%s", folder->path);
	folder->staged = restore_make_folder(folder->dir, RESTORE_STAGED, err);
	if (folder->staged == -1)
		return error_prefix(err, "%s", folder->path);
	restore_empty(folder->staged, false);
	return 0;
}

static void
restore_init(struct restore_stage *stage)
{
	*stage = (struct restore_stage){ 0 };
	for (size_t i = 0; i < RESTORE_PLACES; i++)
		stage->folders[i].dir = stage->folders[i].staged = -1;
}

int
restore_stage_open(struct restore_stage *stage, const struct config *config,
    bool with_config, struct error *err)
{
	const char *files[RESTORE_PLACES] = {
		[RESTORE_LOG] = config->audit_dir,
		[RESTORE_STATE] = config->state_file,
		[RESTORE_TELEMETRY] = config->telemetry_file,
		[RESTORE_CONFIG] = config->path,
	};
	const char *slash = strrchr(config->path, '/');

	restore_init(stage);
	stage->config_name = slash == NULL ? config->path : slash + 1;
	for (size_t i = 0; i < RESTORE_PLACES; i++) {
		if (i == RESTORE_CONFIG && !with_config)
			continue;
		restore_set_paths(
		    &stage->folders[i], files[i], i != RESTORE_LOG);
		if (restore_open_folder(&stage->folders[i], err) == -1)
			return -1;
	}
	return 0;
}

int
restore_stage_open_for_check(struct restore_stage *stage, struct error *err)
{
	const char *folder = getenv("TMPDIR");
	cleanup(buf_free) struct buf path = BUF_INIT;

	restore_init(stage);
	stage->is_for_check = true;
	buf_addf(&path, "%s/kruxos-restore-XXXXXX",
	    folder == NULL || *folder == '\0' ? "/var/tmp" : folder);
	if (mkdtemp(path.data) == NULL)
		return error_set_errno(err, "%s", path.data);
	for (size_t i = 0; i < RESTORE_PLACES; i++) {
		restore_set_paths(&stage->folders[i], path.data, false);
		if (restore_open_folder(&stage->folders[i], err) == -1)
			return -1;
	}
	return 0;
}

void
restore_stage_close(struct restore_stage *stage)
{
	for (size_t i = 0; i < RESTORE_PLACES; i++) {
		struct restore_folder *folder = &stage->folders[i];

		if (folder->staged != -1) {
			restore_empty(folder->staged, false);
			unlinkat(folder->dir, RESTORE_STAGED, AT_REMOVEDIR);
			close(folder->staged);
		}
		if (stage->is_for_check && folder->path != NULL)
			rmdir(folder->path);
		cleanup_close(&folder->dir);
		free(folder->path);
		free(folder->staged_path);
	}
}

/* --- files ---------------------------------------------------------------- */

/* Where `kind` goes; to be closed. */
static int
restore_folder_of(const struct restore_folder *folder,
    const struct restore_kind *kind, struct error *err)
{
	int fd;

	if (kind->inner != NULL) {
		fd = restore_make_folder(folder->staged, kind->inner, err);
		if (fd == -1)
			return -1;
	} else {
		fd = fcntl(folder->staged, F_DUPFD_CLOEXEC, 0);
		if (fd == -1)
			return error_set_errno(err, "%s", folder->staged_path);
	}
	return fd;
}

/* To whom a file goes, and who may read it. */
struct restore_rights {
	uid_t owner; /* -1, as of the group: whose it is anyway */
	gid_t group;
	mode_t mode;
};

/* As the daemon would have made it. A file of the configuration may have a
 * secret, and is for those who can read the one here, wherever a link leads. */
static struct restore_rights
restore_rights_of(const struct restore_stage *stage,
    const struct restore_kind *kind, const char *file)
{
	const struct restore_folder *folder = &stage->folders[kind->place];
	bool is_root = geteuid() == 0;
	struct restore_rights rights = {
		.owner = is_root ? folder->found.st_uid : (uid_t)-1,
		.group = is_root ? folder->found.st_gid : (gid_t)-1,
		.mode = kind->mode,
	};
	cleanup(buf_free) struct buf name = BUF_INIT;
	struct stat here;

	if (kind->place != RESTORE_CONFIG || stage->is_for_check)
		return rights;
	if (kind->inner == NULL)
		buf_add_str(&name, stage->config_name);
	else
		buf_addf(&name, "%s/%s", kind->inner, file);
	if (fstatat(folder->dir, name.data, &here, 0) == 0 &&
	    S_ISREG(here.st_mode)) {
		if (is_root)
			rights.owner = here.st_uid;
		rights.group = here.st_gid;
		rights.mode = here.st_mode & 0644;
	}
	return rights;
}

/* The group first: no other one is to read it meanwhile. Who may not give it to
 * that one keeps it to himself, unless everybody may read it. */
static int
restore_set_rights(int fd, struct restore_rights rights)
{
	if (fchown(fd, rights.owner, rights.group) == -1) {
		if (geteuid() == 0)
			return -1;
		if ((rights.mode & S_IROTH) == 0)
			rights.mode &= ~(mode_t)S_IRWXG;
	}
	return fchmod(fd, rights.mode);
}

/* Only root can give folders away. */
static int
restore_give_folder(const struct restore_folder *folder,
    const struct restore_kind *kind, int dir)
{
	const struct stat *owner = &folder->found;

	if (kind->inner != NULL && kind->place == RESTORE_CONFIG &&
	    fchmod(dir, owner->st_mode & 0755) == -1)
		return -1;
	if (geteuid() != 0 || kind->inner == NULL)
		return 0;
	return fchown(dir, owner->st_uid, owner->st_gid);
}

static int
restore_copy(
    struct archive_reader *reader, int fd, const char *name, struct error *err)
{
	struct slice bytes;
	off_t at = 0;

	do {
		if (archive_reader_read(reader, &bytes, err) == -1)
			return -1;
		if (disk_write_all(
			&disk_system, fd, bytes.data, bytes.len, at) == -1)
			return error_set_errno(err, "%s", name);
		at += (off_t)bytes.len;
	} while (bytes.len > 0);
	return 0;
}

int
restore_stage_take(struct restore_stage *stage, struct archive_reader *reader,
    const struct tar_member *member, struct error *err)
{
	const char *file = NULL;
	const struct restore_kind *kind = restore_kind_of(member->name, &file);
	cleanup(cleanup_close) int dir = -1, fd = -1;
	struct restore_folder *folder;

	if (kind == NULL)
		return error_set(err, ERROR_CORRUPT,
		    "%s: no backup has a file of that name", member->name);
	folder = &stage->folders[kind->place];
	if (folder->staged == -1)
		return 0;
	dir = restore_folder_of(folder, kind, err);
	if (dir == -1)
		return -1;
	fd = openat(dir, file,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST)
		return error_set(err, ERROR_CORRUPT,
		    "%s: is in the backup twice", member->name);
	if (fd == -1)
		return error_set_errno(err, "%s/%s", folder->staged_path, file);
	if (restore_copy(reader, fd, member->name, err) == -1)
		return -1;
	if (restore_give_folder(folder, kind, dir) == -1 ||
	    restore_set_rights(fd, restore_rights_of(stage, kind, file)) == -1)
		return error_set_errno(err, "%s", member->name);
	return 0;
}

int
restore_stage_sync(struct restore_stage *stage, struct error *err)
{
	for (size_t i = 0; i < RESTORE_PLACES; i++)
		if (stage->folders[i].staged != -1 &&
		    syncfs(stage->folders[i].staged) == -1)
			return error_set_errno(
			    err, "%s: syncfs", stage->folders[i].staged_path);
	return 0;
}
