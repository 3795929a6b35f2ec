#include "cli/archive_writer.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/sha256.h"

#include <zstd.h>

#include <errno.h>

enum { ARCHIVE_PIECE_BYTES = 16 << 10 };

struct archive_writer {
	int fd;
	const char *name;
	ZSTD_CCtx *zstd;
	struct sha256 *sha256;
	struct buf sums;
	uint64_t bytes;
	char output[ARCHIVE_PIECE_BYTES]; /* compressed */
	char piece[ARCHIVE_PIECE_BYTES];  /* of a file */
};

struct archive_writer *
archive_writer_new(int fd, const char *name)
{
	struct archive_writer *writer = memory_new(sizeof(*writer));

	writer->fd = fd;
	writer->name = name;
	writer->sha256 = sha256_new();
	buf_init(&writer->sums);
	writer->zstd = ZSTD_createCCtx();
	if (writer->zstd == NULL)
		memory_end(0);
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
	return writer;
}

void
archive_writer_free(struct archive_writer *writer)
{
	if (writer == NULL)
		return;
	ZSTD_freeCCtx(writer->zstd);
	sha256_free(writer->sha256);
	buf_free(&writer->sums);
	free(writer);
}

static int
archive_writer_flush(
    struct archive_writer *writer, size_t len, struct error *err)
{
	struct slice rest = { writer->output, len };

	while (rest.len > 0) {
		ssize_t written = write(writer->fd, rest.data, rest.len);

		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return error_set_errno(err, "%s", writer->name);
		rest.data += written;
		rest.len -= (size_t)written;
		writer->bytes += (size_t)written;
	}
	return 0;
}

static int
archive_writer_compress(struct archive_writer *writer, struct slice bytes,
    ZSTD_EndDirective directive, struct error *err)
{
	ZSTD_inBuffer input = { bytes.data, bytes.len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer output = { writer->output,
			sizeof(writer->output), 0 };

		left = ZSTD_compressStream2(
		    writer->zstd, &output, &input, directive);
		if (ZSTD_isError(left))
			return error_set(err, ERROR_SYSTEM, "%s: %s",
			    writer->name, ZSTD_getErrorName(left));
		if (archive_writer_flush(writer, output.pos, err) == -1)
			return -1;
	} while (
	    input.pos < input.size || (directive == ZSTD_e_end && left > 0));
	return 0;
}

static int
archive_writer_put(
    struct archive_writer *writer, struct slice bytes, struct error *err)
{
	return archive_writer_compress(writer, bytes, ZSTD_e_continue, err);
}

static int
archive_writer_begin(struct archive_writer *writer,
    const struct tar_member *member, struct error *err)
{
	char head[TAR_BLOCK];

	tar_compose(member, head);
	sha256_begin(writer->sha256);
	return archive_writer_put(
	    writer, (struct slice){ head, sizeof(head) }, err);
}

/* The file's last block is filled up, and its sum noted. */
static int
archive_writer_close(struct archive_writer *writer,
    const struct tar_member *member, struct error *err)
{
	static const char zeros[TAR_BLOCK];
	unsigned char digest[SHA256_BYTES];

	sha256_end(writer->sha256, digest);
	buf_add_hex(&writer->sums, digest, sizeof(digest));
	buf_addf(&writer->sums, "  %s\n", member->name);
	return archive_writer_put(
	    writer, (struct slice){ zeros, tar_padding(member->bytes) }, err);
}

int
archive_writer_add(struct archive_writer *writer,
    const struct tar_member *member, struct slice bytes, struct error *err)
{
	if (archive_writer_begin(writer, member, err) == -1)
		return -1;
	sha256_add(writer->sha256, bytes);
	if (archive_writer_put(writer, bytes, err) == -1)
		return -1;
	return archive_writer_close(writer, member, err);
}

int
archive_writer_add_file(struct archive_writer *writer,
    const struct tar_member *member, int from, const char *path,
    void (*on_bytes)(void *context, size_t bytes), void *context,
    struct error *err)
{
	uint64_t offset = 0;

	if (archive_writer_begin(writer, member, err) == -1)
		return -1;
	while (offset < member->bytes) {
		uint64_t left = member->bytes - offset;
		ssize_t len = pread(from, writer->piece,
		    left < sizeof(writer->piece) ? (size_t)left
						 : sizeof(writer->piece),
		    (off_t)offset);
		struct slice piece = { writer->piece, (size_t)len };

		if (len == -1 && errno == EINTR)
			continue;
		if (len == -1)
			return error_set_errno(err, "%s", path);
		if (len == 0)
			return error_set(err, ERROR_CORRUPT,
			    "%s: is shorter than it was", path);
		sha256_add(writer->sha256, piece);
		if (archive_writer_put(writer, piece, err) == -1)
			return -1;
		offset += (uint64_t)len;
		if (on_bytes != NULL)
			on_bytes(context, (size_t)len);
	}
	return archive_writer_close(writer, member, err);
}

int
archive_writer_end(struct archive_writer *writer, struct error *err)
{
	static const char zeros[2 * TAR_BLOCK];
	cleanup(buf_free) struct buf sums = BUF_INIT;
	struct tar_member member = { .name = ARCHIVE_SUMS };

	buf_add_slice(&sums, buf_slice(&writer->sums));
	member.bytes = sums.len;
	if (archive_writer_add(writer, &member, buf_slice(&sums), err) == -1)
		return -1;
	return archive_writer_compress(
	    writer, (struct slice){ zeros, sizeof(zeros) }, ZSTD_e_end, err);
}

uint64_t
archive_writer_bytes(const struct archive_writer *writer)
{
	return writer->bytes;
}
