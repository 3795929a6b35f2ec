#include "collectors/kruxosd/telemetry_file.h"

#include "base/diag.h"
#include "collectors/kruxosd/aside.h"
#include "sql/schema_telemetry.h"
#include "store/database_upgrade.h"

#include <pthread.h>

/* Of opening and putting aside. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct database *
open_once(const char *path, enum database_use use, struct error *err)
{
	struct database *database = database_open(path, use, err);
	int from = 0;

	if (database == NULL)
		return NULL;
	if (database_upgrade(database, &schema_telemetry, &from, err) == -1) {
		database_close(database);
		return NULL;
	}
	if (from > 0)
		diag(DIAG_NOTICE,
		    "telemetry.db has schema %d now; as it was it stays as "
		    "telemetry.db.schema-%d",
		    schema_telemetry.count, from);
	return database;
}

static void
put_aside(const char *path, struct clock *clock, const char *why)
{
	char time[CLOCK_TEXT_SIZE];

	aside_put(path, clock, time);
	diag(DIAG_CRITICAL,
	    "telemetry.db was damaged (%s) and is kept as "
	    "telemetry.db.damaged-%s; lost are: the history of figures and "
	    "services, resolved alerts",
	    why, time);
}

struct database *
telemetry_file_open(const char *path, enum database_use use,
    struct clock *clock, struct error *err)
{
	struct database *database;

	pthread_mutex_lock(&mutex);
	database = open_once(path, use, err);
	if (database == NULL && err->code == ERROR_CORRUPT) {
		put_aside(path, clock, err->sentence);
		database = open_once(path, use, err);
	}
	pthread_mutex_unlock(&mutex);
	return database;
}

void
telemetry_file_put_aside(
    const char *path, struct database *database, struct clock *clock)
{
	bool is_there;

	pthread_mutex_lock(&mutex);
	is_there = database_is_there(database);
	database_close(database);
	if (is_there)
		put_aside(path, clock, "found while it was used");
	pthread_mutex_unlock(&mutex);
}
