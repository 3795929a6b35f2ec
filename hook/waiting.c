#include "hook/waiting.h"

#include "base/cleanup.h"
#include "base/fnv.h"
#include "base/memory.h"
#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

enum { CONTENT_BYTES = 1024 };

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What a file of a session stands for, its name's first character. */
enum {
	FILE_CALL = 'c',    /* c-CALL-DIGEST-BEGUN */
	FILE_STARTER = 's', /* the same of a call that a sub-agent comes of:
			       it may have ended before the sub-agent begins */
};

struct file_name {
	char kind;
	uint64_t id, digest;
	usec_t begun;
};

struct waiting {
	int folder;
	char session[WAITING_NAME_BYTES]; /* the folder's in it */
	int dir; /* that, open; -1: nothing has begun */
	usec_t now;
};

void
waiting_call_free(struct waiting_call *call)
{
	buf_free(&call->text);
}

/* --- the folder ----------------------------------------------------------- */

static int
open_folder(const char *path, struct error *err)
{
	struct stat st;
	int dir;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s: mkdir", path);
	dir = open(path, FOLDER_FLAGS);
	if (dir == -1 || fstat(dir, &st) == -1) {
		error_set_errno(err, "%s", path);
		cleanup_close(&dir);
		return -1;
	}
	if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return dir;
	close(dir);
	return error_set(
	    err, ERROR_NOT_ALLOWED, "%s: the folder is not ours alone", path);
}

struct waiting *
waiting_open(struct slice agent_name, struct slice session, usec_t now,
    struct error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	cleanup(buf_free) struct buf path = BUF_INIT;
	struct waiting *waiting;
	int dir = -1;

	if (runtime != NULL && runtime[0] == '/') {
		buf_addf(&path, "%s/kruxos-hook", runtime);
		dir = open_folder(path.data, err);
	}
	if (dir == -1) {
		buf_reset(&path);
		buf_addf(
		    &path, "/tmp/kruxos-hook-%lu", (unsigned long)geteuid());
		dir = open_folder(path.data, err);
	}
	if (dir == -1)
		return NULL;
	waiting = memory_new(sizeof(*waiting));
	*waiting = (struct waiting){ .folder = dir, .now = now };
	snprintf(waiting->session, sizeof(waiting->session), "s-%016" PRIx64,
	    fnv_add(fnv_add(FNV_BEGIN, agent_name), session));
	waiting->dir = openat(dir, waiting->session, FOLDER_FLAGS);
	return waiting;
}

void
waiting_free(struct waiting *waiting)
{
	if (waiting == NULL)
		return;
	if (waiting->dir != -1)
		close(waiting->dir);
	close(waiting->folder);
	free(waiting);
}

/* Another look at it each time; NULL: there is nothing. */
static DIR *
open_listing(int dir)
{
	int again = dir == -1 ? -1 : openat(dir, ".", FOLDER_FLAGS);
	DIR *listing = again == -1 ? NULL : fdopendir(again);

	if (listing == NULL)
		cleanup_close(&again);
	return listing;
}

/* --- names ---------------------------------------------------------------- */

static void
write_name(const struct file_name *name, char ret[static WAITING_NAME_BYTES])
{
	snprintf(ret, WAITING_NAME_BYTES,
	    "%c-%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64, name->kind,
	    name->id, name->digest, name->begun);
}

/* Sixteen digits and the '-' before them. */
static bool
read_hex(const char *text, uint64_t *ret)
{
	*ret = 0;
	if (*text != '-')
		return false;
	for (int i = 1; i <= 16; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			*ret = *ret << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*ret = *ret << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

static bool
read_name(const char *text, struct file_name *ret)
{
	enum { LENGTH = 1 + 3 * 17 };

	if (strlen(text) != LENGTH)
		return false;
	ret->kind = text[0];
	return read_hex(text + 1, &ret->id) &&
	       read_hex(text + 18, &ret->digest) &&
	       read_hex(text + 35, &ret->begun);
}

/* What a walk over the folder looks for, and the oldest that it has found. */
struct search {
	char kind;
	const uint64_t *id, *digest;
	const char *behind; /* only what comes after this; "": all */
	char found[WAITING_NAME_BYTES];
	struct file_name name;
	size_t files; /* of all kinds */
};

static bool
is_wanted(const struct search *search, const struct file_name *name)
{
	return name->kind == search->kind &&
	       (search->id == NULL || name->id == *search->id) &&
	       (search->digest == NULL || name->digest == *search->digest);
}

/* By when it began; by its name, where several began at once. */
static bool
is_before(const struct file_name *name, const char *text,
    const struct file_name *other, const char *other_text)
{
	return name->begun != other->begun ? name->begun < other->begun
					   : strcmp(text, other_text) < 0;
}

static void
look_at(struct search *search, const char *text, const struct file_name *name)
{
	struct file_name behind;

	if (!is_wanted(search, name))
		return;
	if (read_name(search->behind, &behind) &&
	    !is_before(&behind, search->behind, name, text))
		return;
	if (search->found[0] != '\0' &&
	    !is_before(name, text, &search->name, search->found))
		return;
	search->name = *name;
	snprintf(search->found, sizeof(search->found), "%s", text);
}

/* Another hook may have begun a call since we looked at the clock; one long
 * ahead of us is of an earlier boot. */
static bool
is_of_past(const struct waiting *waiting, const struct file_name *name)
{
	return name->begun > waiting->now + USEC_PER_MIN ||
	       name->begun + WAITING_AGE < waiting->now;
}

/* Walk over all of it. What is too old is removed. */
static bool
walk(const struct waiting *waiting, struct search *search)
{
	cleanup(cleanup_closedir) DIR *listing = open_listing(waiting->dir);
	const struct dirent *item;

	search->found[0] = '\0';
	search->files = 0;
	if (listing == NULL)
		return false;
	while ((item = readdir(listing)) != NULL) {
		struct file_name name;

		if (item->d_name[0] == '.')
			continue;
		search->files++;
		if (!read_name(item->d_name, &name))
			continue;
		if (is_of_past(waiting, &name))
			unlinkat(waiting->dir, item->d_name, 0);
		else
			look_at(search, item->d_name, &name);
	}
	return search->found[0] != '\0';
}

/* --- files ---------------------------------------------------------------- */

static void
write_file(int dir, const char *name, struct slice text, int flags)
{
	cleanup(cleanup_close) int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);

	/* What is not written is not known later: no more than that. */
	if (fd != -1 && write(fd, text.data, text.len) != (ssize_t)text.len)
		unlinkat(dir, name, 0);
}

static bool
read_file(int dir, const char *name, struct buf *ret)
{
	cleanup(cleanup_close) int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	buf_reset(ret);
	buf_reserve(ret, CONTENT_BYTES);
	got = fd == -1 ? -1 : read(fd, ret->data, CONTENT_BYTES);
	if (got <= 0)
		return false;
	buf_set_len(ret, (size_t)got);
	return true;
}

/* Words between spaces; names hold none, and an empty one is a '-'. */
static struct slice
take_word(struct slice *rest)
{
	size_t len = 0;
	struct slice word;

	while (len < rest->len && rest->data[len] != ' ' &&
	       rest->data[len] != '\n')
		len++;
	word = (struct slice){ rest->data, len };
	rest->data += len < rest->len ? len + 1 : len;
	rest->len -= len < rest->len ? len + 1 : len;
	return slice_is(word, "-") ? (struct slice){ "", 0 } : word;
}

static void
add_word(struct buf *out, struct slice word)
{
	buf_add_slice(out, word.len == 0 ? SLICE_LITERAL("-") : word);
	buf_add_char(out, ' ');
}

static void
write_call(const struct waiting_call *call, struct buf *out)
{
	const char *tier = entry_tier_name(call->tier);

	buf_addf(out, "%llu %d %d %d ", (unsigned long long)call->asked,
	    call->is_explicit, call->has_made_id, call->starts_agents);
	add_word(out, tier == NULL ? SLICE_LITERAL("") : slice_of(tier));
	add_word(out, call->call_id);
	add_word(out, call->capability);
	add_word(out, call->agent_id);
	buf_add_char(out, '\n');
}

static bool
read_call(const struct waiting *waiting, const struct search *search,
    struct waiting_call *ret)
{
	uint64_t asked, flags[3];
	struct slice rest;
	int tier;

	if (!read_file(waiting->dir, search->found, &ret->text))
		return false;
	rest = buf_slice(&ret->text);
	if (number_parse_u64(take_word(&rest), 0, UINT64_MAX, &asked) == -1)
		return false;
	for (int i = 0; i < 3; i++)
		if (number_parse_u64(take_word(&rest), 0, 1, &flags[i]) == -1)
			return false;
	tier = entry_tier_of(take_word(&rest));
	ret->call_id = take_word(&rest);
	ret->capability = take_word(&rest);
	ret->agent_id = take_word(&rest);
	if (!entry_is_name(ret->call_id) ||
	    !entry_is_capability(ret->capability))
		return false;
	ret->asked = asked;
	ret->is_explicit = flags[0] != 0;
	ret->has_made_id = flags[1] != 0;
	ret->starts_agents = flags[2] != 0;
	ret->tier = tier == -1 ? ENTRY_NO_TIER : (enum entry_tier)tier;
	ret->begun = search->name.begun;
	ret->digest = search->name.digest;
	snprintf(ret->file, sizeof(ret->file), "%s", search->found);
	return true;
}

/* --- calls ---------------------------------------------------------------- */

void
waiting_begin(struct waiting *waiting, const struct waiting_call *call)
{
	struct search search = { .kind = FILE_CALL, .behind = "" };
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct file_name name = { FILE_CALL, fnv_add(FNV_BEGIN, call->call_id),
		call->digest, call->begun };
	char path[WAITING_NAME_BYTES];

	if (waiting->dir == -1) {
		mkdirat(waiting->folder, waiting->session, 0700);
		waiting->dir =
		    openat(waiting->folder, waiting->session, FOLDER_FLAGS);
	}
	walk(waiting, &search);
	if (waiting->dir == -1 || search.files >= WAITING_FILES)
		return;
	write_call(call, &text);
	write_name(&name, path);
	write_file(waiting->dir, path, buf_slice(&text), O_EXCL);
	if (!call->starts_agents)
		return;
	name.kind = FILE_STARTER;
	write_name(&name, path);
	write_file(waiting->dir, path, buf_slice(&text), O_EXCL);
}

static bool
fits(const struct waiting_wanted *wanted, const struct waiting_call *call)
{
	if (wanted->agent_id != NULL &&
	    !slice_equal(*wanted->agent_id, call->agent_id))
		return false;
	return !wanted->is_asked || call->asked != 0 ||
	       call->tier == ENTRY_APPROVAL_REQUIRED;
}

/* Read it before it is taken: then it is gone. */
static bool
find(struct waiting *waiting, char kind, const struct waiting_wanted *wanted,
    bool is_taken, struct waiting_call *ret)
{
	uint64_t id = fnv_add(FNV_BEGIN, wanted->call_id);
	struct search search = { .kind = kind,
		.id = wanted->call_id.data == NULL ? NULL : &id,
		.digest = wanted->digest,
		.behind = "" };
	char behind[WAITING_NAME_BYTES];

	*ret = (struct waiting_call)WAITING_CALL_INIT;
	while (walk(waiting, &search)) {
		if (read_call(waiting, &search, ret) && fits(wanted, ret) &&
		    (!is_taken || unlinkat(waiting->dir, search.found, 0) == 0))
			return true;
		snprintf(behind, sizeof(behind), "%s", search.found);
		search.behind = behind;
	}
	return false;
}

bool
waiting_find(struct waiting *waiting, const struct waiting_wanted *wanted,
    struct waiting_call *ret)
{
	return find(waiting, FILE_CALL, wanted, false, ret);
}

bool
waiting_take(struct waiting *waiting, const struct waiting_wanted *wanted,
    struct waiting_call *ret)
{
	return find(waiting, FILE_CALL, wanted, true, ret);
}

void
waiting_ask(
    struct waiting *waiting, const struct waiting_call *call, usec_t now)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct waiting_call asked = *call;

	asked.asked = now;
	write_call(&asked, &text);
	write_file(waiting->dir, call->file, buf_slice(&text), O_TRUNC);
}

/* --- sub-agents ----------------------------------------------------------- */

/* A file beside the sessions: a sub-agent may have one of its own. */
static void
write_link_name(struct slice agent_id, char ret[static WAITING_NAME_BYTES])
{
	snprintf(ret, WAITING_NAME_BYTES, "a-%016" PRIx64,
	    fnv_add(FNV_BEGIN, agent_id));
}

void
waiting_link(
    struct waiting *waiting, struct slice agent_id, struct slice call_id)
{
	struct waiting_wanted wanted = { .call_id = call_id };
	cleanup(waiting_call_free) struct waiting_call starter =
	    WAITING_CALL_INIT;
	cleanup(buf_free) struct buf known = BUF_INIT;
	char path[WAITING_NAME_BYTES];

	waiting_find_parent(waiting, agent_id, &known);
	if (known.len > 0)
		return;
	if (find(waiting, FILE_STARTER, &wanted, true, &starter) &&
	    call_id.data == NULL)
		call_id = starter.call_id;
	write_link_name(agent_id, path);
	if (call_id.len > 0)
		write_file(waiting->folder, path, call_id, O_EXCL);
}

void
waiting_find_parent(
    struct waiting *waiting, struct slice agent_id, struct buf *ret)
{
	char path[WAITING_NAME_BYTES];

	write_link_name(agent_id, path);
	if (!read_file(waiting->folder, path, ret) ||
	    !entry_is_name(buf_slice(ret)))
		buf_reset(ret);
}

/* --- the end -------------------------------------------------------------- */

static void
empty(int dir)
{
	cleanup(cleanup_closedir) DIR *listing = open_listing(dir);
	const struct dirent *item;

	if (listing == NULL)
		return;
	while ((item = readdir(listing)) != NULL)
		if (item->d_name[0] != '.')
			unlinkat(dir, item->d_name, 0);
}

void
waiting_end(struct waiting *waiting)
{
	if (waiting->dir == -1)
		return;
	empty(waiting->dir);
	unlinkat(waiting->folder, waiting->session, AT_REMOVEDIR);
	close(waiting->dir);
	waiting->dir = -1;
}

void
waiting_sweep(struct waiting *waiting, usec_t realtime)
{
	cleanup(cleanup_closedir) DIR *listing = open_listing(waiting->folder);
	const struct dirent *item;

	if (listing == NULL)
		return;
	while ((item = readdir(listing)) != NULL) {
		cleanup(cleanup_close) int dir = -1;
		struct stat st;

		if (item->d_name[0] == '.' ||
		    fstatat(waiting->folder, item->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == -1 ||
		    (usec_t)st.st_mtime * USEC_PER_SEC + WAITING_AGE > realtime)
			continue;
		dir = openat(waiting->folder, item->d_name, FOLDER_FLAGS);
		empty(dir);
		unlinkat(waiting->folder, item->d_name,
		    dir == -1 ? 0 : AT_REMOVEDIR);
	}
}
