#include "cli/archive_reader.h"

#include "base/memory.h"
#include "base/sha256.h"
#include "cli/archive_writer.h"

#include <zstd.h>

#include <errno.h>

/* A file of each of some ten years; the rest is one of a few. */
enum { ARCHIVE_SUMS_BYTES = 4 << 20 };

struct archive_reader {
	int fd;
	const char *name;
	ZSTD_DCtx *zstd;
	struct sha256 *sha256;
	struct buf sums;	  /* of what was read */
	struct tar_member member; /* the file that is being read */
	uint64_t left;		  /* of its bytes */
	bool is_open;
	bool has_ended;	       /* the compressed frame has */
	ZSTD_inBuffer pending; /* in `input` */
	uint64_t bytes;
	char input[ARCHIVE_READER_PIECE_BYTES];
	char piece[ARCHIVE_READER_PIECE_BYTES];
};

struct archive_reader *
archive_reader_new(int fd, const char *name)
{
	struct archive_reader *reader = memory_new(sizeof(*reader));

	reader->fd = fd;
	reader->name = name;
	reader->sha256 = sha256_new();
	buf_init(&reader->sums);
	reader->pending.src = reader->input;
	reader->zstd = ZSTD_createDCtx();
	if (reader->zstd == NULL)
		memory_end(0);
	return reader;
}

void
archive_reader_free(struct archive_reader *reader)
{
	if (reader == NULL)
		return;
	ZSTD_freeDCtx(reader->zstd);
	sha256_free(reader->sha256);
	buf_free(&reader->sums);
	free(reader);
}

/* More of the file, behind all that was taken. 1; 0 at its end. */
static int
archive_reader_fill(struct archive_reader *reader, struct error *err)
{
	ssize_t len;

	do
		len = read(reader->fd, reader->input, sizeof(reader->input));
	while (len == -1 && errno == EINTR);
	if (len == -1)
		return error_set_errno(err, "%s", reader->name);
	reader->pending.pos = 0;
	reader->pending.size = (size_t)len;
	reader->bytes += (size_t)len;
	return len > 0;
}

static int
archive_reader_is_none(struct archive_reader *reader, struct error *err)
{
	return error_set(
	    err, ERROR_CORRUPT, "%s: is no backup of kruxos", reader->name);
}

static int
archive_reader_is_cut(struct archive_reader *reader, struct error *err)
{
	if (reader->bytes == 0)
		return archive_reader_is_none(reader, err);
	return error_set(err, ERROR_CORRUPT,
	    "%s: is cut short: it ends within the backup", reader->name);
}

static int
archive_reader_is_changed(
    struct archive_reader *reader, const char *what, struct error *err)
{
	return error_set(
	    err, ERROR_CORRUPT, "%s: is damaged: %s", reader->name, what);
}

/* Some bytes of the archive, at most `len`; 0: the frame has ended. */
static ssize_t
archive_reader_take(
    struct archive_reader *reader, void *bytes, size_t len, struct error *err)
{
	ZSTD_outBuffer output = { bytes, len, 0 };

	while (output.pos == 0 && !reader->has_ended) {
		bool is_begin = reader->bytes == 0;
		size_t left;
		int more = 1;

		if (reader->pending.pos == reader->pending.size)
			more = archive_reader_fill(reader, err);
		if (more == -1)
			return -1;
		if (more == 0)
			return archive_reader_is_cut(reader, err);
		left = ZSTD_decompressStream(
		    reader->zstd, &output, &reader->pending);
		if (ZSTD_isError(left))
			return is_begin ? archive_reader_is_none(reader, err)
					: archive_reader_is_changed(reader,
					      ZSTD_getErrorName(left), err);
		reader->has_ended = left == 0;
	}
	return (ssize_t)output.pos;
}

/* Exactly `len` bytes. */
static int
archive_reader_take_all(
    struct archive_reader *reader, void *bytes, size_t len, struct error *err)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t taken = archive_reader_take(reader, at, len, err);

		if (taken == -1)
			return -1;
		if (taken == 0)
			return archive_reader_is_changed(
			    reader, "it ends within a file", err);
		at += taken;
		len -= (size_t)taken;
	}
	return 0;
}

/* Behind a file's bytes: zeros up to the next block; and its sum. */
static int
archive_reader_close(struct archive_reader *reader, struct error *err)
{
	unsigned char digest[SHA256_BYTES];
	char padding[TAR_BLOCK] = { 0 };
	size_t len = tar_padding(reader->member.bytes);

	if (archive_reader_take_all(reader, padding, len, err) == -1)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (padding[i] != 0)
			return archive_reader_is_changed(
			    reader, "there is something between files", err);
	sha256_end(reader->sha256, digest);
	buf_add_hex(&reader->sums, digest, sizeof(digest));
	buf_addf(&reader->sums, "  %s\n", reader->member.name);
	reader->is_open = false;
	return 0;
}

int
archive_reader_read(
    struct archive_reader *reader, struct slice *ret_bytes, struct error *err)
{
	size_t wanted = reader->left < sizeof(reader->piece)
			    ? (size_t)reader->left
			    : sizeof(reader->piece);

	if (archive_reader_take_all(reader, reader->piece, wanted, err) == -1)
		return -1;
	*ret_bytes = (struct slice){ reader->piece, wanted };
	sha256_add(reader->sha256, *ret_bytes);
	reader->left -= wanted;
	return 0;
}

int
archive_reader_read_all(struct archive_reader *reader, size_t most,
    struct buf *out, struct error *err)
{
	struct slice bytes;

	if (reader->left > most)
		return archive_reader_is_changed(
		    reader, "a file is longer than any of its kind", err);
	do {
		if (archive_reader_read(reader, &bytes, err) == -1)
			return -1;
		buf_add_slice(out, bytes);
	} while (bytes.len > 0);
	return 0;
}

/* Two blocks of zeros, and not a byte more. */
static int
archive_reader_end(struct archive_reader *reader, struct error *err)
{
	char block[TAR_BLOCK];
	struct tar_member member;
	ssize_t more;

	for (int i = 0; i < 2; i++)
		if (archive_reader_take_all(
			reader, block, sizeof(block), err) == -1 ||
		    tar_parse(block, &member, err) != 0)
			return archive_reader_is_changed(
			    reader, "it does not end as it should", err);
	more = archive_reader_take(reader, block, 1, err);
	if (more == -1)
		return -1;
	if (more > 0 || reader->pending.pos < reader->pending.size ||
	    archive_reader_fill(reader, err) != 0)
		return archive_reader_is_changed(
		    reader, "something follows its end", err);
	return 0;
}

/* What it says of all files before is what they were. */
static int
archive_reader_check(struct archive_reader *reader, struct error *err)
{
	cleanup(buf_free) struct buf found = BUF_INIT;
	cleanup(buf_free) struct buf sums = BUF_INIT;

	buf_add_slice(&sums, buf_slice(&reader->sums));
	if (archive_reader_read_all(reader, ARCHIVE_SUMS_BYTES, &found, err) ==
		-1 ||
	    archive_reader_close(reader, err) == -1)
		return -1;
	if (!slice_equal(buf_slice(&sums), buf_slice(&found)))
		return archive_reader_is_changed(reader,
		    "its files are not those of its " ARCHIVE_SUMS, err);
	return archive_reader_end(reader, err);
}

static int
archive_reader_skip(struct archive_reader *reader, struct error *err)
{
	struct slice bytes;

	while (reader->is_open) {
		if (archive_reader_read(reader, &bytes, err) == -1)
			return -1;
		if (bytes.len == 0 && archive_reader_close(reader, err) == -1)
			return -1;
	}
	/* What nobody could compare them to is not kept. */
	if (reader->sums.len > ARCHIVE_SUMS_BYTES)
		return archive_reader_is_changed(
		    reader, "it has more files than any backup", err);
	return 0;
}

int
archive_reader_next(struct archive_reader *reader,
    struct tar_member *ret_member, struct error *err)
{
	char head[TAR_BLOCK];

	if (archive_reader_skip(reader, err) == -1 ||
	    archive_reader_take_all(reader, head, sizeof(head), err) == -1)
		return -1;
	switch (tar_parse(head, &reader->member, err)) {
	case 0:
		return archive_reader_is_changed(
		    reader, "it has no " ARCHIVE_SUMS, err);
	case -1:
		return reader->sums.len == 0
			   ? archive_reader_is_none(reader, err)
			   : error_prefix(err, "%s", reader->name);
	default:
		break;
	}
	reader->left = reader->member.bytes;
	reader->is_open = true;
	sha256_begin(reader->sha256);
	if (strcmp(reader->member.name, ARCHIVE_SUMS) == 0)
		return archive_reader_check(reader, err);
	*ret_member = reader->member;
	return 1;
}

uint64_t
archive_reader_bytes(const struct archive_reader *reader)
{
	return reader->bytes;
}
