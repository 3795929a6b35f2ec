#include "collectors/kruxosd/name_finder.h"

#include "base/diag.h"
#include "base/memory.h"

#include <sys/eventfd.h>
#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct wanted {
	STAILQ_ENTRY(wanted) in_queue;
	uid_t uid;
	char name[ENTRY_NAME_BYTES + 1];
};

STAILQ_HEAD(wanted_queue, wanted);

struct name_finder {
	name_find find;
	int event;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	struct wanted_queue asked; /* the first one is being looked up */
	struct wanted_queue found;
	bool is_stopping;
	unsigned users; /* the loop, the thread: the last one frees */
};

static void
free_queue(struct wanted_queue *queue)
{
	while (!STAILQ_EMPTY(queue)) {
		struct wanted *wanted = STAILQ_FIRST(queue);

		STAILQ_REMOVE_HEAD(queue, in_queue);
		free(wanted);
	}
}

static void
leave(struct name_finder *finder)
{
	bool is_last;

	pthread_mutex_lock(&finder->mutex);
	is_last = --finder->users == 0;
	pthread_mutex_unlock(&finder->mutex);
	if (!is_last)
		return;
	free_queue(&finder->asked);
	free_queue(&finder->found);
	if (finder->event != -1)
		close(finder->event);
	pthread_cond_destroy(&finder->wake);
	pthread_mutex_destroy(&finder->mutex);
	free(finder);
}

/* --- the thread -------------------------------------------------------- */

/* The first in the queue, where it stays; NULL: stop. */
static struct wanted *
next_wanted(struct name_finder *finder)
{
	struct wanted *wanted;

	pthread_mutex_lock(&finder->mutex);
	while (STAILQ_EMPTY(&finder->asked) && !finder->is_stopping)
		pthread_cond_wait(&finder->wake, &finder->mutex);
	wanted = finder->is_stopping ? NULL : STAILQ_FIRST(&finder->asked);
	pthread_mutex_unlock(&finder->mutex);
	return wanted;
}

static void
hand_over(struct name_finder *finder, struct wanted *wanted)
{
	uint64_t one = 1;

	pthread_mutex_lock(&finder->mutex);
	STAILQ_REMOVE_HEAD(&finder->asked, in_queue);
	STAILQ_INSERT_TAIL(&finder->found, wanted, in_queue);
	pthread_mutex_unlock(&finder->mutex);
	/* Full after 2^64 - 2 writes that nobody read. */
	if (write(finder->event, &one, sizeof(one)) == -1)
		diag(DIAG_WARNING, "names of users: eventfd: %m");
}

static void *
run(void *context)
{
	struct name_finder *finder = context;
	struct wanted *wanted;

	while ((wanted = next_wanted(finder)) != NULL) {
		finder->find(wanted->uid, wanted->name);
		hand_over(finder, wanted);
	}
	leave(finder);
	return NULL;
}

/* Nobody joins the thread: it may be waiting for a directory server. */
static int
start(struct name_finder *finder)
{
	pthread_t thread;
	int status = pthread_create(&thread, NULL, run, finder);

	if (status == 0)
		pthread_detach(thread);
	return status;
}

/* --- the loop's side --------------------------------------------------- */

struct name_finder *
name_finder_new(name_find find, struct error *err)
{
	struct name_finder *finder = memory_new(sizeof(*finder));

	finder->find = find;
	STAILQ_INIT(&finder->asked);
	STAILQ_INIT(&finder->found);
	pthread_mutex_init(&finder->mutex, NULL);
	pthread_cond_init(&finder->wake, NULL);
	finder->users = 2;
	finder->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (finder->event != -1) {
		errno = start(finder);
		if (errno == 0)
			return finder;
	}
	error_set_errno(err, "names of users: starting their thread");
	finder->users = 1;
	leave(finder);
	return NULL;
}

void
name_finder_free(struct name_finder *finder)
{
	if (finder == NULL)
		return;
	pthread_mutex_lock(&finder->mutex);
	finder->is_stopping = true;
	pthread_cond_signal(&finder->wake);
	pthread_mutex_unlock(&finder->mutex);
	leave(finder);
}

static bool
is_asked(const struct name_finder *finder, uid_t uid)
{
	const struct wanted *i;

	STAILQ_FOREACH(i, &finder->asked, in_queue)
	if (i->uid == uid)
		return true;
	return false;
}

void
name_finder_ask(struct name_finder *finder, uid_t uid)
{
	pthread_mutex_lock(&finder->mutex);
	if (!is_asked(finder, uid)) {
		struct wanted *wanted = memory_new(sizeof(*wanted));

		wanted->uid = uid;
		STAILQ_INSERT_TAIL(&finder->asked, wanted, in_queue);
		pthread_cond_signal(&finder->wake);
	}
	pthread_mutex_unlock(&finder->mutex);
}

int
name_finder_fd(const struct name_finder *finder)
{
	return finder->event;
}

bool
name_finder_take(struct name_finder *finder, uid_t *ret_uid,
    char ret_name[static ENTRY_NAME_BYTES + 1])
{
	struct wanted *wanted;

	pthread_mutex_lock(&finder->mutex);
	wanted = STAILQ_FIRST(&finder->found);
	if (wanted != NULL)
		STAILQ_REMOVE_HEAD(&finder->found, in_queue);
	pthread_mutex_unlock(&finder->mutex);
	if (wanted == NULL)
		return false;
	*ret_uid = wanted->uid;
	memcpy(ret_name, wanted->name, sizeof(wanted->name));
	free(wanted);
	return true;
}
