#include "fcgi/renewal.h"

#include "base/diag.h"
#include "base/memory.h"
#include "door/door.h"
#include "http/pool.h"

#include <stdlib.h>

enum {
	NOTED = 256,  /* who was told of last; who is forgotten is told again */
	WAITING = 64, /* who finds the queue full comes again with his next */
};

static const usec_t DOOR_TIMEOUT = 10 * USEC_PER_SEC;
static const usec_t PATIENCE = USEC_PER_SEC;

struct noted {
	char id[ACCOUNT_ID_BYTES + 1];
	usec_t at;
};

struct renewal {
	const char *ingest_path;
	struct pool *pool; /* NULL: not needed yet */
	struct noted noted[NOTED];
	size_t next; /* the place to be taken next */
};

struct telling {
	struct pool_job job;
	const char *ingest_path;
	char credential[CREDENTIAL_SIZE];
};

struct renewal *
renewal_new(const char *ingest_path)
{
	struct renewal *renewal = memory_new(sizeof(*renewal));

	renewal->ingest_path = ingest_path;
	return renewal;
}

void
renewal_free(struct renewal *renewal)
{
	if (renewal == NULL)
		return;
	/* One that waits for kruxosd has what it needs, and ends with the
	 * process. */
	if (renewal->pool != NULL)
		(void)pool_close(renewal->pool, PATIENCE);
	free(renewal);
}

/* In the pool. Nobody waits for what comes of it: the next one will tell. */
static void
tell(struct pool_job *job, unsigned worker)
{
	struct telling *telling = (struct telling *)job;
	struct error err;
	struct door *door =
	    door_open(telling->ingest_path, DOOR_TIMEOUT, NULL, NULL, &err);

	(void)worker;
	if (door != NULL)
		(void)door_command(door, "account.renew", SLICE_LITERAL("{}"),
		    slice_of(telling->credential), NULL, NULL, NULL, &err);
	door_close(door);
	explicit_bzero(telling, sizeof(*telling));
	free(telling);
}

/* Not if the clock was set back since then: kruxosd is to know of that. */
static bool
is_recent(usec_t at, usec_t now)
{
	return now >= at && now - at < RENEWAL_INTERVAL;
}

/* Was it told within the interval? Else it is from now on. */
static bool
is_noted(struct renewal *renewal, const char *id, usec_t now)
{
	struct noted *place = &renewal->noted[renewal->next];

	for (size_t i = 0; i < NOTED; i++) {
		struct noted *noted = &renewal->noted[i];

		if (noted->at == 0 || strcmp(noted->id, id) != 0)
			continue;
		if (is_recent(noted->at, now))
			return true;
		noted->at = now;
		return false;
	}
	snprintf(place->id, sizeof(place->id), "%s", id);
	place->at = now;
	renewal->next = (renewal->next + 1) % NOTED;
	return false;
}

/* Made with the first of them: its thread is to have the server's signals. */
static struct pool *
pool_of(struct renewal *renewal)
{
	struct error err;

	if (renewal->pool == NULL)
		renewal->pool = pool_new(1, 1, WAITING, &err);
	if (renewal->pool == NULL)
		diag(DIAG_WARNING, "%s", err.sentence);
	return renewal->pool;
}

void
renewal_note(struct renewal *renewal, const struct accounts_caller *caller,
    struct slice credential, usec_t now)
{
	struct telling *telling;
	struct pool *pool;

	if (is_recent(caller->last_used_at, now) ||
	    is_noted(renewal, caller->id, now))
		return;
	pool = pool_of(renewal);
	if (pool == NULL)
		return;
	telling = memory_new(sizeof(*telling));
	*telling = (struct telling){ { tell }, renewal->ingest_path };
	snprintf(telling->credential, sizeof(telling->credential), "%.*s",
	    SLICE_ARG(credential));
	if (pool_submit(pool, &telling->job) == -1)
		free(telling);
}
