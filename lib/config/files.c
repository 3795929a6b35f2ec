#include "config/files.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Append what the file holds. */
static int
read_text(const char *path, int fd, struct buf *out, struct error *err)
{
	ssize_t got;

	do {
		buf_reserve(out, FILES_BYTES + 1 - out->len);
		got =
		    read(fd, out->data + out->len, FILES_BYTES + 1 - out->len);
		if (got == -1 && errno != EINTR)
			return error_set_errno(err, "%s: read", path);
		if (got > 0)
			buf_set_len(out, out->len + (size_t)got);
	} while (got != 0 && out->len <= FILES_BYTES);
	if (out->len > FILES_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "%s: the file has more than %d bytes", path, FILES_BYTES);
	return 0;
}

/* Add the file at `path`, which is in the arena. */
static int
add_file(struct files *files, const char *path, struct stat *ret_status,
    struct error *err)
{
	/* Without O_NONBLOCK a FIFO would be waited for, in a reload too. */
	cleanup(cleanup_close) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup(buf_free) struct buf text = BUF_INIT;

	if (fd == -1)
		return error_set_errno(err, "%s: open", path);
	if (fstat(fd, ret_status) == -1)
		return error_set_errno(err, "%s: fstat", path);
	if (S_ISFIFO(ret_status->st_mode))
		return error_set(err, ERROR_INVALID,
		    "%s: a FIFO cannot be read again", path);
	if (read_text(path, fd, &text, err) == -1)
		return -1;
	files->files[files->count++] = (struct files_file){
		path,
		arena_slice(&files->arena, buf_slice(&text)),
	};
	return 0;
}

/* Beside a file in a folder that anybody can write to, such as /tmp, anybody
 * can make a conf.d. */
static int
check_owner(const char *path, const struct stat *folder,
    const struct stat *main_file, struct error *err)
{
	if (folder->st_uid != 0 && folder->st_uid != geteuid() &&
	    folder->st_uid != main_file->st_uid)
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: the folder belongs to uid %lu, who has no say in "
		    "the file beside it",
		    path, (unsigned long)folder->st_uid);
	if ((folder->st_mode & S_IWOTH) != 0)
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: anybody can write to the folder: chmod o-w %s", path,
		    path);
	return 0;
}

/* Open the folder; *ret is NULL if there is none. */
static int
open_folder(const char *path, const struct stat *main_file, DIR **ret,
    struct error *err)
{
	DIR *listing = opendir(path);
	struct stat status;

	*ret = listing;
	if (listing == NULL)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	if (fstat(dirfd(listing), &status) == -1)
		return error_set_errno(err, "%s: fstat", path);
	return check_owner(path, &status, main_file, err);
}

static bool
is_meant(const char *name)
{
	return name[0] != '.' &&
	       slice_ends_with(slice_of(name), SLICE_LITERAL(".conf"));
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Their paths, sorted: they differ in their names alone. */
static int
list_folder(struct files *files, const char *path, DIR *listing,
    const char **ret_paths, size_t *ret_count, struct error *err)
{
	const struct dirent *item;
	size_t count = 0;

	while ((errno = 0, item = readdir(listing)) != NULL) {
		if (!is_meant(item->d_name))
			continue;
		if (count == FILES_COUNT - 1)
			return error_set(err, ERROR_INVALID,
			    "%s: there are more than %d files", path,
			    FILES_COUNT - 1);
		ret_paths[count++] =
		    arena_printf(&files->arena, "%s/%s", path, item->d_name);
	}
	if (errno != 0)
		return error_set_errno(err, "%s", path);
	qsort(ret_paths, count, sizeof(ret_paths[0]), compare_names);
	*ret_count = count;
	return 0;
}

/* What lies in the folder beside kruxos.conf. */
static int
add_folder(struct files *files, const char *path, const struct stat *main_file,
    struct error *err)
{
	cleanup(cleanup_closedir) DIR *listing = NULL;
	const char *paths[FILES_COUNT];
	struct stat ignored;
	size_t count = 0;

	if (open_folder(path, main_file, &listing, err) == -1)
		return -1;
	if (listing == NULL)
		return 0;
	if (list_folder(files, path, listing, paths, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_file(files, paths[i], &ignored, err) == -1)
			return -1;
	return 0;
}

int
files_read(const char *path, struct files *ret, struct error *err)
{
	cleanup(files_free) struct files files = { 0 };
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
	struct stat status;

	files.files =
	    arena_array(&files.arena, FILES_COUNT, sizeof(files.files[0]));
	if (add_file(&files, arena_printf(&files.arena, "%s", path), &status,
		err) == -1 ||
	    add_folder(&files,
		arena_printf(&files.arena, "%.*sconf.d", folder, path), &status,
		err) == -1)
		return -1;
	*ret = files;
	files = (struct files){ 0 };
	return 0;
}

void
files_free(struct files *files)
{
	arena_free(&files->arena);
	*files = (struct files){ 0 };
}
