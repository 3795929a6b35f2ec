#include "collectors/kruxosd/spool.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/text.h"
#include "door/answer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	NAMES = 1 << 16, /* of one look at the folder, whatever they are */
	FILE_BYTES = 16 << 20, /* of a file */
	NAME_BYTES = 128,      /* of its name */
	RECEIVE_BYTES = 16 << 10,
	SAID = 64, /* of what a look removes; the rest is counted */
	VERDICTS = 64,
};

/* What a turn of the loop may cost, and what does: a name that is read, a file
 * that is removed, a question to the user database, which may take its time. */
enum {
	TURN_COST = 2048,
	REMOVAL_COST = 32,
	QUESTION_COST = 1024,
};

/* As the door's reading: neither keeps the other from its turns. */
enum { PRIORITY = SD_EVENT_PRIORITY_NORMAL + 10 };

/* The log, or the door, takes nothing at the moment. */
#define PAUSE (5 * USEC_PER_SEC)

/* What a hook that was killed left half-written goes after this. */
#define HALF_AGE USEC_PER_HOUR

/* What was taken in of one user since it was last said. */
struct tally {
	uid_t uid;
	uint64_t files, entries, known, refused;
};

struct name {
	char *text;
	uid_t uid; /* whose file it was in the look */
};

/* Of the user database, in one look. */
struct verdict {
	uint64_t look;
	uid_t uid;
	struct error err; /* ERROR_NONE: he may leave files */
};

struct spool {
	struct spool_parts parts;
	char *folder;
	bool has_failed; /* to open the folder, and that was said */
	usec_t again_at; /* CLOCK_BOOTTIME */

	/* Where the looks are; one may end before the folder does. */
	DIR *listing;	       /* NULL: the next begins with its first name */
	bool is_looking;       /* the look goes on */
	bool must_pause;       /* somebody was passed over */
	uint64_t looks;	       /* that were begun */
	size_t seen;	       /* names in this one */
	uint64_t removed;      /* since it began */
	unsigned cost;	       /* of this turn */
	sd_event_source *rest; /* something is left from the last turn */
	struct verdict verdicts[VERDICTS]; /* at uid % VERDICTS */

	/* The files of one look, in the order of their names. */
	struct name *names;
	size_t count, capacity, next;

	/* The file that is taken in, and our end of its connection. */
	int socket; /* -1: none */
	sd_event_source *source;
	struct buf text;
	size_t sent;
	uint64_t lines, answered;
	bool must_wait; /* some of it is not recorded, and may be later */
	struct buf answers;
	struct json_reader reader;
	struct tally tally;
	struct tally added; /* by this file */
};

struct spool *
spool_new(const struct spool_parts *parts)
{
	struct spool *spool = memory_new(sizeof(*spool));

	*spool = (struct spool){
		.parts = *parts,
		.folder = strdup(parts->folder),
		.socket = -1,
		.text = BUF_INIT,
		.answers = BUF_INIT,
		.reader = JSON_READER_INIT,
	};
	return spool;
}

static void
forget_names(struct spool *spool)
{
	for (size_t i = 0; i < spool->count; i++)
		free(spool->names[i].text);
	spool->count = spool->next = 0;
}

static void
close_file(struct spool *spool)
{
	sd_event_source_disable_unref(spool->source);
	spool->source = NULL;
	if (spool->socket != -1)
		close(spool->socket);
	spool->socket = -1;
	buf_free(&spool->text);
	buf_free(&spool->answers);
}

static void
close_listing(struct spool *spool)
{
	cleanup_closedir(&spool->listing);
	spool->listing = NULL;
}

void
spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	close_file(spool);
	close_listing(spool);
	sd_event_source_disable_unref(spool->rest);
	forget_names(spool);
	free(spool->names);
	json_reader_free(&spool->reader);
	free(spool->folder);
	free(spool);
}

/* --- what is said of it --------------------------------------------------- */

static void
report(struct spool *spool)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct tally *tally = &spool->tally;
	struct json_writer json;
	struct error err;

	if (tally->files == 0)
		return;
	buf_addf(&summary, "%llu entries of uid %lu that were left for later",
	    (unsigned long long)tally->entries, (unsigned long)tally->uid);
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "uid", tally->uid);
	json_writer_pair_u64(&json, "files", tally->files);
	json_writer_pair_u64(&json, "entries", tally->entries);
	json_writer_pair_u64(&json, "known", tally->known);
	json_writer_pair_u64(&json, "refused", tally->refused);
	json_writer_end_object(&json);
	if (commit_add_system(spool->parts.commit, "ingest.spooled",
		ENTRY_SUCCESS, summary.data, buf_slice(&request), NULL,
		&err) == -1)
		diag(DIAG_WARNING, "ingest.spooled %s: not recorded: %s",
		    request.data, err.sentence);
	*tally = (struct tally){ 0 };
}

static struct tally *
tally_of(struct spool *spool, uid_t uid)
{
	if (spool->tally.uid != uid)
		report(spool);
	spool->tally.uid = uid;
	return &spool->tally;
}

/* --- the folder ----------------------------------------------------------- */

/* Ours; whoever else may write to it may not remove what is there. */
static int
check_folder(int dir, const char *folder, struct error *err)
{
	struct stat st;

	if (fstat(dir, &st) == -1)
		return error_set_errno(err, "%s", folder);
	if (st.st_uid != geteuid())
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: the folder belongs to uid %lu", folder,
		    (unsigned long)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    (st.st_mode & S_ISVTX) == 0)
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: others can write to the folder and it is not sticky: "
		    "chmod +t %s",
		    folder, folder);
	return 0;
}

static int
open_folder(const struct spool *spool, struct error *err)
{
	int dir;

	if (mkdir(spool->folder, 0700) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s: mkdir", spool->folder);
	dir = open(
	    spool->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return error_set_errno(err, "%s", spool->folder);
	if (check_folder(dir, spool->folder, err) == 0)
		return dir;
	close(dir);
	return -1;
}

static bool
is_spooled(const char *name)
{
	struct slice text = slice_of(name);

	return isdigit((unsigned char)name[0]) && text.len < NAME_BYTES &&
	       slice_ends_with(text, SLICE_LITERAL(".ndjson"));
}

static void
remove_half(struct spool *spool, int dir, const char *name)
{
	usec_t now = clock_realtime(spool->parts.clock);
	struct stat st;

	if (name[0] != '.' || !is_spooled(name + 1) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (usec_t)st.st_ctime * USEC_PER_SEC + HALF_AGE >= now)
		return;
	spool->cost += REMOVAL_COST;
	unlinkat(dir, name, 0);
}

static void
add_name(struct spool *spool, const char *name, uid_t uid)
{
	spool->names = memory_grow(spool->names, &spool->capacity,
	    spool->count + 1, sizeof(*spool->names));
	spool->names[spool->count++] =
	    (struct name){ .text = strdup(name), .uid = uid };
}

/* It is not taken in, now or ever. A folder that holds something stays. */
static void
refuse(struct spool *spool, int dir, const char *name, int flags,
    const struct error *why)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	spool->cost += REMOVAL_COST;
	if (unlinkat(dir, name, flags) == -1 || spool->removed++ >= SAID)
		return;
	text_add_visible(&shown, slice_of(name), TEXT_ONE_LINE);
	diag(DIAG_WARNING, "%s/%s is removed: %s", spool->folder, shown.data,
	    why->sentence);
}

static int
check_file(const struct stat *st, struct error *err)
{
	if (S_ISLNK(st->st_mode))
		return error_set(err, ERROR_NOT_ALLOWED, "it is a link");
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERROR_NOT_ALLOWED, "it is no file");
	if (st->st_nlink != 1)
		return error_set(
		    err, ERROR_NOT_ALLOWED, "the file has another name");
	if (st->st_size > FILE_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "it has more than the %d bytes that are allowed",
		    FILE_BYTES);
	return 0;
}

/* Asked once in a look, unless many others come between. */
static const struct error *
verdict_on(struct spool *spool, uid_t uid)
{
	struct verdict *verdict = &spool->verdicts[uid % VERDICTS];

	if (verdict->look == spool->looks && verdict->uid == uid)
		return &verdict->err;
	*verdict = (struct verdict){ .look = spool->looks, .uid = uid };
	spool->cost += QUESTION_COST;
	ingest_check_owner(spool->parts.ingest, uid, &verdict->err);
	return &verdict->err;
}

/* Is it worth opening? Nothing that a stranger made is. Of whom that cannot be
 * told now, it is when it is his turn. */
static void
judge(struct spool *spool, int dir, const char *name)
{
	const struct error *verdict;
	struct error err;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	if (check_file(&st, &err) == -1) {
		refuse(spool, dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0,
		    &err);
		return;
	}
	verdict = verdict_on(spool, st.st_uid);
	if (verdict->code == ERROR_NOT_ALLOWED)
		refuse(spool, dir, name, 0, verdict);
	else
		add_name(spool, name, st.st_uid);
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return strcmp(left->text, right->text);
}

static void
begin_look(struct spool *spool, int dir)
{
	int again;

	if (spool->listing == NULL) {
		again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		spool->listing = again == -1 ? NULL : fdopendir(again);
		if (spool->listing == NULL)
			cleanup_close(&again);
	}
	spool->is_looking = spool->listing != NULL;
	spool->looks++;
	spool->seen = 0;
}

/* Returns whether there is a next name. */
static bool
look_at_next(struct spool *spool, int dir)
{
	const struct dirent *item = readdir(spool->listing);

	if (item == NULL)
		return false;
	spool->seen++;
	spool->cost++;
	if (is_spooled(item->d_name))
		judge(spool, dir, item->d_name);
	else
		remove_half(spool, dir, item->d_name);
	return true;
}

/* As much of the look as this turn may do. Of a folder of more than NAMES,
 * those that it lists first, in whatever order it does, come first. */
static void
look(struct spool *spool, int dir)
{
	while (spool->seen < NAMES) {
		if (spool->cost >= TURN_COST)
			return;
		if (!look_at_next(spool, dir)) {
			close_listing(spool);
			break;
		}
	}
	spool->is_looking = false;
	if (spool->count > 0)
		qsort(spool->names, spool->count, sizeof(*spool->names),
		    compare_names);
}

/* --- a file --------------------------------------------------------------- */

/* What was judged may be another's by now, and then waits for the next look. */
static int
read_file(int dir, const struct name *name, struct stat *st, struct buf *ret,
    struct error *err)
{
	cleanup(cleanup_close) int fd = openat(dir, name->text,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd == -1 && errno == ELOOP)
		return error_set(err, ERROR_NOT_ALLOWED, "it is a link");
	if (fd == -1 || fstat(fd, st) == -1)
		return error_set_errno(err, "open");
	if (st->st_uid != name->uid)
		return error_set(err, ERROR_NOT_FOUND, "it is another's");
	if (check_file(st, err) == -1)
		return -1;
	buf_reserve(ret, (size_t)st->st_size);
	while (got > 0 && ret->len < (size_t)st->st_size) {
		got = read(
		    fd, ret->data + ret->len, (size_t)st->st_size - ret->len);
		if (got == -1)
			return error_set_errno(err, "read");
		buf_set_len(ret, ret->len + (size_t)got);
	}
	return 0;
}

static uint64_t
count_lines(struct slice text)
{
	struct slice line;
	uint64_t count = 0;

	while (slice_take_line(&text, &line))
		if (!message_is_blank(line))
			count++;
	return count;
}

static int
on_socket(sd_event_source *source, int fd, uint32_t events, void *context);

/* Its owner comes by the door. */
static int
connect_owner(struct spool *spool, const struct stat *st, struct error *err)
{
	usec_t at = (usec_t)st->st_ctim.tv_sec * USEC_PER_SEC +
		    (usec_t)st->st_ctim.tv_nsec / 1000;
	usec_t now = clock_realtime(spool->parts.clock);
	int ends[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		ends) == -1)
		return error_set_errno(err, "socketpair");
	spool->socket = ends[0];
	if (ingest_adopt_spooled(spool->parts.ingest, ends[1], st->st_uid,
		at < now ? at : now, err) == -1)
		return -1;
	result = sd_event_add_io(spool->parts.event, &spool->source, ends[0],
	    EPOLLIN | EPOLLOUT, on_socket, spool);
	if (result >= 0)
		return 0;
	errno = -result;
	return error_set_errno(err, "the spool's event source");
}

/* Is it our lack, and not the file's? Then another time it can be read. */
static bool
is_passing(const struct error *err)
{
	static const int numbers[] = { EMFILE, ENFILE, ENOMEM, EIO };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (err->code == ERROR_SYSTEM && err->errnum == numbers[i])
			return true;
	return false;
}

static bool
is_gone(const struct error *err)
{
	return err->code == ERROR_NOT_FOUND ||
	       (err->code == ERROR_SYSTEM && err->errnum == ENOENT);
}

/* All that is his waits for the next look, and nobody else for him. */
static void
pass_over(struct spool *spool, uid_t uid)
{
	size_t kept = spool->next;

	for (size_t i = spool->next; i < spool->count; i++)
		if (spool->names[i].uid == uid)
			free(spool->names[i].text);
		else
			spool->names[kept++] = spool->names[i];
	spool->count = kept;
	spool->must_pause = true;
}

static void
put_off(struct spool *spool, const struct name *name, const struct error *err)
{
	diag(DIAG_WARNING, "%s/%s waits: %s", spool->folder, name->text,
	    err->sentence);
	pass_over(spool, name->uid);
}

/* Let its owner in with it. Returns whether it can be tried again if he is not,
 * now. */
static bool
connect_file(struct spool *spool, const struct stat *st, struct error *err)
{
	spool->sent = spool->answered = 0;
	spool->must_wait = false;
	spool->lines = count_lines(buf_slice(&spool->text));
	spool->added = (struct tally){ .uid = st->st_uid, .files = 1 };
	return connect_owner(spool, st, err) == -1 &&
	       err->code != ERROR_NOT_ALLOWED;
}

/* Whether it has begun, spool->socket says. */
static void
begin_file(struct spool *spool, int dir)
{
	const struct name *name = &spool->names[spool->next++];
	struct error err = { 0 };
	struct stat st;
	bool may_wait;

	if (read_file(dir, name, &st, &spool->text, &err) == -1)
		may_wait = is_passing(&err);
	else
		may_wait = connect_file(spool, &st, &err);
	if (err.code == ERROR_NONE)
		return;
	close_file(spool);
	if (may_wait)
		put_off(spool, name, &err);
	else if (!is_gone(&err))
		refuse(spool, dir, name->text, 0, &err);
}

static void
end_look(struct spool *spool)
{
	if (spool->removed > SAID)
		diag(DIAG_WARNING, "%s: %llu more are removed", spool->folder,
		    (unsigned long long)(spool->removed - SAID));
	spool->removed = 0;
	if (spool->must_pause)
		spool->again_at = clock_boottime(spool->parts.clock) + PAUSE;
	spool->must_pause = false;
	forget_names(spool);
	report(spool);
}

/* The folder cannot be used at the moment. */
static void
give_up(struct spool *spool)
{
	close_file(spool);
	close_listing(spool);
	spool->is_looking = false;
	spool->must_pause = true;
	end_look(spool);
}

static int on_rest(sd_event_source *source, void *context);

/* At the next turn of the loop; if there is no memory for that, at the next
 * tick. */
static void
come_back(struct spool *spool)
{
	if (spool->rest != NULL)
		sd_event_source_set_enabled(spool->rest, SD_EVENT_ONESHOT);
	else if (sd_event_add_defer(
		     spool->parts.event, &spool->rest, on_rest, spool) >= 0)
		sd_event_source_set_priority(spool->rest, PRIORITY);
}

/* One file a turn, for a large one that is not let in costs as much as one that
 * is. */
static void
go_on(struct spool *spool, int dir)
{
	if (spool->next < spool->count)
		begin_file(spool, dir);
	if (spool->socket != -1)
		return;
	if (spool->next < spool->count)
		come_back(spool);
	else
		end_look(spool);
}

/* --- its connection ------------------------------------------------------- */

static void
take_answer(struct spool *spool, struct slice line)
{
	struct answer answer;
	struct error err;

	if (answer_parse(&spool->reader, line, &answer, &err) == -1)
		return;
	if (answer.kind == ANSWER_ACCEPTED) {
		spool->answered += answer.count;
		*(answer.is_duplicate ? &spool->added.known
				      : &spool->added.entries) += answer.count;
	} else if (answer.kind == ANSWER_ERROR) {
		spool->answered++;
		spool->added.refused++;
		if (answer.line == 0 ||
		    slice_is(
			answer.code, error_code_name(ERROR_AUDIT_UNAVAILABLE)))
			spool->must_wait = true;
	}
}

static void
take_answers(struct spool *spool)
{
	struct slice rest = buf_slice(&spool->answers), line;

	while (slice_take_line(&rest, &line))
		take_answer(spool, line);
	buf_consume(&spool->answers, spool->answers.len - rest.len);
}

/* Returns whether the door has closed it: all is answered that will be. */
static bool
receive(struct spool *spool)
{
	for (;;) {
		struct buf *answers = &spool->answers;
		ssize_t got;

		buf_reserve(answers, RECEIVE_BYTES);
		got = recv(spool->socket, answers->data + answers->len,
		    RECEIVE_BYTES, MSG_DONTWAIT);
		if (got <= 0)
			return got == 0 || (errno != EAGAIN && errno != EINTR);
		buf_set_len(answers, answers->len + (size_t)got);
		take_answers(spool);
	}
}

static void
send_some(struct spool *spool)
{
	while (spool->sent < spool->text.len) {
		ssize_t sent = send(spool->socket,
		    spool->text.data + spool->sent,
		    spool->text.len - spool->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent == -1)
			return;
		spool->sent += (size_t)sent;
	}
	/* With its end the door closes, when it has answered. */
	shutdown(spool->socket, SHUT_WR);
	sd_event_source_set_io_events(spool->source, EPOLLIN);
}

/* It is over with this file. */
static void
end_file(struct spool *spool, int dir)
{
	const char *name = spool->names[spool->next - 1].text;
	bool is_done = !spool->must_wait && spool->answered >= spool->lines;
	struct tally *tally = tally_of(spool, spool->added.uid);

	tally->files += is_done;
	tally->entries += spool->added.entries;
	tally->known += spool->added.known;
	tally->refused += is_done ? spool->added.refused : 0;
	if (is_done && unlinkat(dir, name, 0) == -1)
		diag(DIAG_WARNING, "%s/%s: unlink: %m", spool->folder, name);
	close_file(spool);
	if (!is_done)
		pass_over(spool, tally->uid);
}

static int
on_socket(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct spool *spool = context;
	cleanup(cleanup_close) int dir = -1;
	struct error err;

	(void)source;
	(void)fd;
	if ((events & EPOLLOUT) != 0)
		send_some(spool);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || !receive(spool))
		return 0;
	dir = open_folder(spool, &err);
	if (dir == -1) {
		give_up(spool);
		return 0;
	}
	end_file(spool, dir);
	go_on(spool, dir);
	return 0;
}

static void
take_turn(struct spool *spool, int dir)
{
	spool->cost = 0;
	if (!spool->is_looking && spool->count == 0)
		begin_look(spool, dir);
	if (spool->is_looking)
		look(spool, dir);
	if (spool->is_looking)
		come_back(spool);
	else
		go_on(spool, dir);
}

void
spool_tick(struct spool *spool)
{
	usec_t now = clock_boottime(spool->parts.clock);
	cleanup(cleanup_close) int dir = -1;
	struct error err;

	if (spool->socket != -1 || now < spool->again_at)
		return;
	dir = open_folder(spool, &err);
	if (dir == -1) {
		if (!spool->has_failed)
			diag(DIAG_ERROR,
			    "%s; nothing that was left for later is taken in",
			    err.sentence);
		spool->has_failed = true;
		give_up(spool);
		return;
	}
	spool->has_failed = false;
	take_turn(spool, dir);
}

static int
on_rest(sd_event_source *source, void *context)
{
	struct spool *spool = context;

	(void)source;
	/* A tick may have come before, and done it. */
	if (spool->is_looking || spool->count > 0)
		spool_tick(spool);
	return 0;
}
