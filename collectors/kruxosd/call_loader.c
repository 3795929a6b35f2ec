#include "collectors/kruxosd/call_loader.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "log/cursor.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

struct call_loader {
	struct call_finder *finder;
	usec_t since;
	int done; /* an eventfd */
	pthread_t thread;
	bool is_started;
	struct call_filter *filter; /* the thread's until it is done */
};

int
call_loader_read_tail(const char *audit_dir, uint64_t index_seq,
    uint64_t head_seq, usec_t now, struct recent *recent,
    struct outcomes *outcomes, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(audit_dir, err);
	usec_t since = now > RECENT_SPAN ? now - RECENT_SPAN : 0;
	uint64_t from = index_seq + 1;
	struct cursor_line line;
	int more;

	if (head_seq > RECENT_TAIL && from < head_seq - RECENT_TAIL)
		from = head_seq - RECENT_TAIL;
	if (cursor == NULL || cursor_seek(cursor, from, err) == -1)
		return -1;
	while ((more = cursor_next(cursor, head_seq, &line, err)) != 0) {
		struct entry entry;
		struct error ignored; /* a damaged line tells nothing */

		if (more == -1 && err->code != ERROR_CORRUPT)
			return -1;
		if (more != 1 ||
		    entry_parse(line.line, &entry, &ignored) == -1 ||
		    entry.recorded_at < since)
			continue;
		recent_add(recent, &entry);
		outcomes_add(outcomes, &entry);
	}
	return 0;
}

static void
on_call(void *context, uint32_t hash, usec_t at)
{
	call_filter_add(context, hash, at);
}

static void *
run(void *context)
{
	struct call_loader *loader = context;
	uint64_t one = 1;
	struct error err;

	if (call_finder_each(loader->finder, loader->since, on_call,
		loader->filter, &err) == -1) {
		diag(DIAG_WARNING, "calls of the last day: %s", err.sentence);
		call_filter_free(loader->filter);
		loader->filter = NULL;
	}
	/* An eventfd that holds 0 takes a 1. */
	if (write(loader->done, &one, sizeof(one)) == -1)
		diag(DIAG_ERROR, "eventfd: %m");
	return NULL;
}

struct call_loader *
call_loader_start(struct call_finder *finder, usec_t since, struct error *err)
{
	struct call_loader *loader = memory_new(sizeof(*loader));

	loader->finder = finder;
	loader->since = since;
	loader->filter = call_filter_new();
	loader->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loader->done == -1) {
		error_set_errno(err, "eventfd");
		call_loader_free(loader);
		return NULL;
	}
	errno = pthread_create(&loader->thread, NULL, run, loader);
	if (errno != 0) {
		error_set_errno(err, "the thread that reads calls");
		call_loader_free(loader);
		return NULL;
	}
	loader->is_started = true;
	return loader;
}

int
call_loader_fd(const struct call_loader *loader)
{
	return loader->done;
}

struct call_filter *
call_loader_take(struct call_loader *loader)
{
	struct call_filter *filter = loader->filter;

	loader->filter = NULL;
	return filter;
}

void
call_loader_free(struct call_loader *loader)
{
	if (loader == NULL)
		return;
	if (loader->is_started)
		pthread_join(loader->thread, NULL);
	if (loader->done != -1)
		close(loader->done);
	call_filter_free(loader->filter);
	free(loader);
}
