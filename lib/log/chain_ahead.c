#include "log/chain_ahead.h"

#include "base/disk.h"
#include "base/memory.h"
#include "log/chain_internal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	/* Enough that nobody waits while the verifier goes through a block
	 * itself; so, with what begins a block, 1.5 MiB a thread. */
	BLOCKS_A_THREAD = 4,
};

/* A ring of blocks: number n has the place n % blocks_count. The verifier's
 * thread reads them and is given them, the others take them in between. */
struct chain_ahead {
	size_t block_bytes;
	int fd;
	uint64_t at, length; /* of the file */
	struct buf rest;     /* of the block that was read last */
	bool is_read;	     /* no more of the file comes */

	struct chain_ahead_block *blocks;
	size_t blocks_count;
	uint64_t given;

	pthread_t threads[CHAIN_THREADS_MAX];
	unsigned threads_count;
	pthread_mutex_t lock; /* of what follows, and of is_seen */
	pthread_cond_t to_do; /* a block can be taken, or the end has come */
	pthread_cond_t seen;
	uint64_t read, taken;
	bool is_closing;
};

/* --- a thread ------------------------------------------------------------- */

/* What an entry of the log itself says is about more than its block: about the
 * file before, about erased payloads, about where the log begins. */
static struct chain *
chain_of(struct slice lines)
{
	struct chain *chain = NULL;
	struct chain_fault ignored;
	struct entry entry;
	struct error err;
	struct slice line;

	while (slice_take_line(&lines, &line)) {
		if (chain == NULL && entry_parse(line, &entry, &err) == 0)
			chain = chain_new(entry.seq, entry.prev_hash);
		if (chain == NULL ||
		    chain_parse_line(chain, line, &entry, &ignored) == -1 ||
		    entry_is_permanent(entry.capability) ||
		    chain_add_entry(chain, &entry, &ignored) == -1) {
			chain_free(chain);
			return NULL;
		}
	}
	return chain;
}

static void *
run(void *context)
{
	struct chain_ahead *ahead = context;
	struct chain_ahead_block *block;

	pthread_mutex_lock(&ahead->lock);
	for (;;) {
		while (ahead->taken == ahead->read && !ahead->is_closing)
			pthread_cond_wait(&ahead->to_do, &ahead->lock);
		if (ahead->is_closing)
			break;
		block = &ahead->blocks[ahead->taken++ % ahead->blocks_count];
		pthread_mutex_unlock(&ahead->lock);
		block->chain = chain_of(block->lines);
		pthread_mutex_lock(&ahead->lock);
		block->is_seen = true;
		pthread_cond_signal(&ahead->seen);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* --- the verifier's ------------------------------------------------------- */

struct chain_ahead *
chain_ahead_new(unsigned threads, size_t block_bytes)
{
	struct chain_ahead *ahead = memory_new(sizeof(*ahead));

	assert(threads <= CHAIN_THREADS_MAX);
	ahead->block_bytes = block_bytes == 0 ? CHAIN_BLOCK_BYTES : block_bytes;
	ahead->is_read = true;
	buf_init(&ahead->rest);
	ahead->blocks_count = threads == 0 ? 1 : threads * BLOCKS_A_THREAD;
	ahead->blocks = memory_new(
	    memory_product(ahead->blocks_count, sizeof(*ahead->blocks)));
	for (size_t i = 0; i < ahead->blocks_count; i++)
		buf_init(&ahead->blocks[i].bytes);
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->to_do, NULL);
	pthread_cond_init(&ahead->seen, NULL);
	/* With fewer than wanted, or none, it takes longer. */
	while (ahead->threads_count < threads &&
	       pthread_create(&ahead->threads[ahead->threads_count], NULL, run,
		   ahead) == 0)
		ahead->threads_count++;
	return ahead;
}

void
chain_ahead_free(struct chain_ahead *ahead)
{
	if (ahead == NULL)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->is_closing = true;
	pthread_cond_broadcast(&ahead->to_do);
	pthread_mutex_unlock(&ahead->lock);
	for (unsigned i = 0; i < ahead->threads_count; i++)
		pthread_join(ahead->threads[i], NULL);
	pthread_cond_destroy(&ahead->seen);
	pthread_cond_destroy(&ahead->to_do);
	pthread_mutex_destroy(&ahead->lock);
	for (size_t i = 0; i < ahead->blocks_count; i++) {
		chain_free(ahead->blocks[i].chain);
		buf_free(&ahead->blocks[i].bytes);
	}
	free(ahead->blocks);
	buf_free(&ahead->rest);
	free(ahead);
}

void
chain_ahead_begin(struct chain_ahead *ahead, int fd, uint64_t length)
{
	assert(ahead->is_read && ahead->given == ahead->read);
	ahead->fd = fd;
	ahead->at = 0;
	ahead->length = length;
	ahead->is_read = length == 0;
	buf_reset(&ahead->rest);
}

/* The next bytes of the file, behind the rest of those before. */
static void
read_bytes(struct chain_ahead *ahead, struct chain_ahead_block *block)
{
	uint64_t left = ahead->length - ahead->at;
	size_t want =
	    left < ahead->block_bytes ? (size_t)left : ahead->block_bytes;
	ssize_t got;

	buf_reset(&block->bytes);
	buf_add_slice(&block->bytes, buf_slice(&ahead->rest));
	buf_reserve(&block->bytes, want);
	got = disk_read_all(&disk_system, ahead->fd,
	    block->bytes.data + block->bytes.len, want, (off_t)ahead->at);
	block->errnum = got == -1 ? errno : 0;
	block->got = got == -1 ? 0 : (size_t)got;
	buf_set_len(&block->bytes, block->bytes.len + block->got);
	ahead->at += block->got;
	if (block->got < want)
		ahead->length = ahead->at; /* cut meanwhile */
}

static void
read_block(struct chain_ahead *ahead, struct chain_ahead_block *block)
{
	const char *bytes, *newline;
	size_t whole;

	chain_free(block->chain);
	block->chain = NULL;
	block->is_seen = false;
	read_bytes(ahead, block);
	bytes = block->bytes.data;
	newline = memrchr(bytes, '\n', block->bytes.len);
	whole = newline == NULL ? 0 : (size_t)(newline + 1 - bytes);
	block->lines = (struct slice){ bytes, whole };
	block->rest = (struct slice){ bytes + whole, block->bytes.len - whole };
	block->is_last = block->errnum != 0 || ahead->at >= ahead->length ||
			 block->rest.len > ENTRY_LINE_BYTES;
	buf_reset(&ahead->rest);
	buf_add_slice(&ahead->rest, block->rest);
	ahead->is_read = block->is_last;
}

const struct chain_ahead_block *
chain_ahead_next(struct chain_ahead *ahead)
{
	struct chain_ahead_block *block;

	while (!ahead->is_read &&
	       ahead->read - ahead->given < ahead->blocks_count) {
		read_block(
		    ahead, &ahead->blocks[ahead->read % ahead->blocks_count]);
		pthread_mutex_lock(&ahead->lock);
		ahead->read++;
		pthread_cond_signal(&ahead->to_do);
		pthread_mutex_unlock(&ahead->lock);
	}
	if (ahead->given == ahead->read)
		return NULL;
	block = &ahead->blocks[ahead->given++ % ahead->blocks_count];
	pthread_mutex_lock(&ahead->lock);
	while (ahead->threads_count > 0 && !block->is_seen)
		pthread_cond_wait(&ahead->seen, &ahead->lock);
	pthread_mutex_unlock(&ahead->lock);
	return block;
}
