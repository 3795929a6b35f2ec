#include "collectors/kruxosd/restored.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/disk.h"
#include "store/restore_mark.h"

#include <errno.h>
#include <fcntl.h>

int
restored_check(int dir, const char *path, struct error *err)
{
	if (faccessat(dir, RESTORE_MARK_BEGUN, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	return error_set(err, ERROR_CONFLICT,
	    "%s: a restore was begun and did not end; run `kruxos restore` "
	    "again",
	    path);
}

bool
restored_take(int dir, struct state *state)
{
	struct error err;

	if (faccessat(dir, RESTORE_MARK_DONE, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (state_end_sign_ins(state, &err) == -1)
		diag(DIAG_ERROR, "sessions of before the restore: %s",
		    err.sentence);
	return true;
}

/* What was left to be recorded; nothing, where that cannot be read. */
static void
read_mark(int dir, struct json_reader *reader, struct buf *ret_request)
{
	cleanup(cleanup_close) int fd = openat(dir, RESTORE_MARK_DONE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[RESTORE_MARK_BYTES];
	struct error err;
	ssize_t len =
	    fd == -1 ? -1
		     : disk_read_all(&disk_system, fd, text, sizeof(text), 0);

	if (len == -1) {
		diag(DIAG_ERROR, RESTORE_MARK_DONE ": %m");
		return;
	}
	buf_add(ret_request, text, (size_t)len);
	if (json_reader_read(reader, buf_slice(ret_request), &err) == 0 &&
	    reader->nodes[0].type == JSON_OBJECT)
		return;
	diag(DIAG_ERROR, RESTORE_MARK_DONE ": is not what was written");
	buf_reset(ret_request);
}

int
restored_record(int dir, struct commit *commit,
    const struct commit_waiter *waiter, struct error *err)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct slice object = { NULL, 0 };

	read_mark(dir, &reader, &request);
	if (request.len > 0)
		object = reader.nodes[0].text;
	return commit_add_system(commit, "audit.restore", ENTRY_SUCCESS,
	    "log and databases were replaced by those of a backup", object,
	    waiter, err);
}

void
restored_forget(int dir)
{
	if (unlinkat(dir, RESTORE_MARK_DONE, 0) == -1 && errno != ENOENT)
		diag(DIAG_ERROR, RESTORE_MARK_DONE ": %m");
}
