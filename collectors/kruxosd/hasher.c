#include "collectors/kruxosd/hasher.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"

#include <openssl/crypto.h>

#include <sys/eventfd.h>
#include <sys/queue.h>

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* crypt_gensalt(3): its default cost, and bits at random of its own. */
#define METHOD "$y$"

struct job {
	STAILQ_ENTRY(job) in_queue;
	struct buf password;
	char setting[CRYPT_OUTPUT_SIZE]; /* a salt, or a whole hash */
	char hash[CRYPT_OUTPUT_SIZE];
	bool is_check;
	bool is_nobodys; /* whatever comes out, it does not match */
	hasher_on_done on_done;
	void *context;
	struct error err;
};

STAILQ_HEAD(job_queue, job);

struct hasher {
	char nobodys[CRYPT_GENSALT_OUTPUT_SIZE]; /* the salt for those */
	int event;
	pthread_t threads[HASHER_THREADS];
	unsigned started;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	struct job_queue asked;
	struct job_queue done;
	unsigned waiting; /* in `asked` */
	bool is_stopping;
};

static void
free_job(struct job *job)
{
	buf_wipe(&job->password);
	explicit_bzero(job, sizeof(*job));
	free(job);
}

/* --- the threads ---------------------------------------------------------- */

/* The next one, taken out; NULL: stop. */
static struct job *
next_job(struct hasher *hasher)
{
	struct job *job = NULL;

	pthread_mutex_lock(&hasher->mutex);
	while (STAILQ_EMPTY(&hasher->asked) && !hasher->is_stopping)
		pthread_cond_wait(&hasher->wake, &hasher->mutex);
	if (!hasher->is_stopping) {
		job = STAILQ_FIRST(&hasher->asked);
		STAILQ_REMOVE_HEAD(&hasher->asked, in_queue);
		hasher->waiting--;
	}
	pthread_mutex_unlock(&hasher->mutex);
	return job;
}

static void
hash(struct job *job, struct crypt_data *data)
{
	const char *made;

	errno = 0;
	made = crypt_rn(
	    job->password.data, job->setting, data, (int)sizeof(*data));
	if (made == NULL)
		error_set_errno(&job->err, "hashing a password");
	else
		snprintf(job->hash, sizeof(job->hash), "%s", made);
	explicit_bzero(data, sizeof(*data));
	buf_wipe(&job->password);
}

static void
hand_over(struct hasher *hasher, struct job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&hasher->mutex);
	STAILQ_INSERT_TAIL(&hasher->done, job, in_queue);
	pthread_mutex_unlock(&hasher->mutex);
	/* Full after 2^64 - 2 writes that nobody read. */
	if (write(hasher->event, &one, sizeof(one)) == -1)
		diag(DIAG_WARNING, "hashing: eventfd: %m");
}

static void *
run(void *context)
{
	struct hasher *hasher = context;
	struct crypt_data *data = memory_new(sizeof(*data)); /* 32 KiB */
	struct job *job;

	while ((job = next_job(hasher)) != NULL) {
		hash(job, data);
		hand_over(hasher, job);
	}
	free(data);
	return NULL;
}

/* --- the loop's side ------------------------------------------------------ */

static int
make_salt(char ret_salt[static CRYPT_GENSALT_OUTPUT_SIZE], struct error *err)
{
	if (crypt_gensalt_rn(METHOD, 0, NULL, 0, ret_salt,
		CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
		return error_set_errno(err, "making a salt");
	return 0;
}

static int
start_threads(struct hasher *hasher, struct error *err)
{
	while (hasher->started < HASHER_THREADS) {
		errno = pthread_create(
		    &hasher->threads[hasher->started], NULL, run, hasher);
		if (errno != 0)
			return error_set_errno(err, "a hashing thread");
		hasher->started++;
	}
	return 0;
}

struct hasher *
hasher_new(struct error *err)
{
	struct hasher *hasher = memory_new(sizeof(*hasher));

	STAILQ_INIT(&hasher->asked);
	STAILQ_INIT(&hasher->done);
	pthread_mutex_init(&hasher->mutex, NULL);
	pthread_cond_init(&hasher->wake, NULL);
	hasher->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hasher->event == -1)
		error_set_errno(err, "hashing: eventfd");
	else if (make_salt(hasher->nobodys, err) == 0 &&
		 start_threads(hasher, err) == 0)
		return hasher;
	hasher_free(hasher);
	return NULL;
}

static void
finish(struct job *job, const struct error *err)
{
	bool matches =
	    err == NULL && job->is_check && !job->is_nobodys &&
	    CRYPTO_memcmp(job->hash, job->setting, sizeof(job->hash)) == 0;
	struct hasher_result result = { matches, slice_of(job->hash), err };

	job->on_done(job->context, &result);
	free_job(job);
}

static void
end_all(struct job_queue *queue)
{
	struct error err;

	error_set(&err, ERROR_BUSY, "the daemon is stopping");
	while (!STAILQ_EMPTY(queue)) {
		struct job *job = STAILQ_FIRST(queue);

		STAILQ_REMOVE_HEAD(queue, in_queue);
		finish(job, &err);
	}
}

void
hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	pthread_mutex_lock(&hasher->mutex);
	hasher->is_stopping = true;
	pthread_cond_broadcast(&hasher->wake);
	pthread_mutex_unlock(&hasher->mutex);
	for (unsigned i = 0; i < hasher->started; i++)
		pthread_join(hasher->threads[i], NULL);
	end_all(&hasher->asked);
	end_all(&hasher->done);
	if (hasher->event != -1)
		close(hasher->event);
	pthread_cond_destroy(&hasher->wake);
	pthread_mutex_destroy(&hasher->mutex);
	free(hasher);
}

int
hasher_fd(const struct hasher *hasher)
{
	return hasher->event;
}

static struct job *
take_done(struct hasher *hasher)
{
	struct job *job;

	pthread_mutex_lock(&hasher->mutex);
	job = STAILQ_FIRST(&hasher->done);
	if (job != NULL)
		STAILQ_REMOVE_HEAD(&hasher->done, in_queue);
	pthread_mutex_unlock(&hasher->mutex);
	return job;
}

void
hasher_take(struct hasher *hasher)
{
	struct job *job;
	uint64_t count;

	if (read(hasher->event, &count, sizeof(count)) == -1 && errno != EAGAIN)
		diag(DIAG_ERROR, "hashing: eventfd: %m");
	while ((job = take_done(hasher)) != NULL)
		finish(job, job->err.code == ERROR_NONE ? NULL : &job->err);
}

static int
ask(struct hasher *hasher, struct job *job, struct error *err)
{
	bool is_full;

	pthread_mutex_lock(&hasher->mutex);
	is_full = hasher->waiting >= HASHER_QUEUE;
	if (!is_full) {
		STAILQ_INSERT_TAIL(&hasher->asked, job, in_queue);
		hasher->waiting++;
		pthread_cond_signal(&hasher->wake);
	}
	pthread_mutex_unlock(&hasher->mutex);
	if (!is_full)
		return 0;
	free_job(job);
	return error_set(
	    err, ERROR_BUSY, "too many passwords wait to be looked at");
}

static struct job *
new_job(struct slice password, hasher_on_done on_done, void *context)
{
	struct job *job = memory_new(sizeof(*job));

	buf_init(&job->password);
	buf_reserve(&job->password, password.len);
	buf_add_slice(&job->password, password);
	job->on_done = on_done;
	job->context = context;
	return job;
}

int
hasher_make(struct hasher *hasher, struct slice password,
    hasher_on_done on_done, void *context, struct error *err)
{
	struct job *job = new_job(password, on_done, context);

	if (make_salt(job->setting, err) == -1) {
		free_job(job);
		return -1;
	}
	return ask(hasher, job, err);
}

/* What crypt(3) would not take, or would take for less than it is, matches
 * nothing. It costs a hash as any other. */
static bool
can_match(struct slice password, struct slice hash)
{
	return hash.len > 0 && hash.len < CRYPT_OUTPUT_SIZE &&
	       password.len < CRYPT_MAX_PASSPHRASE_SIZE &&
	       memchr(password.data, '\0', password.len) == NULL;
}

int
hasher_check(struct hasher *hasher, struct slice password, struct slice hash,
    hasher_on_done on_done, void *context, struct error *err)
{
	bool is_nobodys = !can_match(password, hash);
	struct job *job =
	    new_job(is_nobodys ? SLICE_LITERAL("nobody's") : password, on_done,
		context);

	job->is_check = true;
	job->is_nobodys = is_nobodys;
	snprintf(job->setting, sizeof(job->setting), "%.*s",
	    SLICE_ARG(is_nobodys ? slice_of(hasher->nobodys) : hash));
	return ask(hasher, job, err);
}
