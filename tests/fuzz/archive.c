/* Any bytes as a backup: its files have names that lead nowhere else and the
 * lengths that were said, and what is read to its end without an error is, by
 * who writes them, the same again.
 *
 * The first byte says whether the rest is what comes out of the decompressor:
 * hardly anything else gets beyond that. Then the sums at its end are not
 * looked for, but made. */
#include "base/sha256.h"
#include "cli/archive_reader.h"
#include "cli/archive_writer.h"

#include <sys/mman.h>

#include <assert.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { WHOLE_BYTES = 1 << 20 };

static int
make_file(struct slice bytes)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert(
	    fd != -1 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* The heads and files that `tar` begins with, and then the sums and the end
 * that belong to them. */
static void
add_sums(struct slice tar, struct buf *out)
{
	cleanup(buf_free) struct buf sums = BUF_INIT;
	struct sha256 *sha256 = sha256_new();
	struct tar_member member = { .name = ARCHIVE_SUMS };
	unsigned char digest[SHA256_BYTES];
	char head[TAR_BLOCK];
	struct error err;
	size_t at = 0;

	while (tar.len - at >= TAR_BLOCK) {
		struct tar_member one;

		if (tar_parse(tar.data + at, &one, &err) != 1 ||
		    one.bytes > tar.len - at - TAR_BLOCK)
			break;
		at += TAR_BLOCK;
		sha256_digest(sha256,
		    (struct slice){ tar.data + at, (size_t)one.bytes }, digest);
		buf_add_hex(&sums, digest, sizeof(digest));
		buf_addf(&sums, "  %s\n", one.name);
		at += (size_t)one.bytes + tar_padding(one.bytes);
		if (at > tar.len)
			at = tar.len;
	}
	buf_add(out, tar.data, at);
	member.bytes = sums.len;
	tar_compose(&member, head);
	buf_add(out, head, sizeof(head));
	buf_add_slice(out, buf_slice(&sums));
	buf_add_chars(out, '\0', tar_padding(sums.len) + 2 * TAR_BLOCK);
	sha256_free(sha256);
}

static void
compress(struct slice tar, struct buf *out)
{
	static ZSTD_CCtx *context; /* a large one: kept */
	size_t len;

	if (context == NULL)
		context = ZSTD_createCCtx();
	buf_reserve(out, ZSTD_compressBound(tar.len));
	len = ZSTD_compressCCtx(context, out->data, ZSTD_compressBound(tar.len),
	    tar.data, tar.len, 1);
	assert(!ZSTD_isError(len));
	buf_set_len(out, len);
}

/* Read it whole: is it a backup? Its files are added to `writer`, if there is
 * one. */
static bool
read_all(int from, struct archive_writer *writer)
{
	cleanup(archive_reader_freep) struct archive_reader *reader =
	    archive_reader_new(from, "in");
	struct tar_member member;
	struct error err = { 0 };
	size_t whole = 0;
	int more;

	while ((more = archive_reader_next(reader, &member, &err)) == 1) {
		cleanup(buf_free) struct buf bytes = BUF_INIT;

		assert(tar_is_name(slice_of(member.name)));
		assert(strcmp(member.name, ARCHIVE_SUMS) != 0);
		if (archive_reader_read_all(
			reader, WHOLE_BYTES - whole, &bytes, &err) == -1)
			return false;
		assert(bytes.len == member.bytes);
		whole += bytes.len;
		if (writer != NULL)
			assert(archive_writer_add(writer, &member,
				   buf_slice(&bytes), &err) == 0);
	}
	assert(more == 0 || err.sentence[0] != '\0');
	return more == 0;
}

/* What a backup is read as, written anew. */
static int
write_again(int from)
{
	int to = make_file((struct slice){ "", 0 });
	cleanup(archive_writer_freep) struct archive_writer *writer =
	    archive_writer_new(to, "out");
	struct error err;

	assert(lseek(from, 0, SEEK_SET) == 0);
	assert(read_all(from, writer));
	assert(archive_writer_end(writer, &err) == 0);
	return to;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = { (const char *)bytes + 1, len - 1 };
	cleanup(buf_free) struct buf tar = BUF_INIT, packed = BUF_INIT;
	cleanup(cleanup_close) int from = -1, once = -1, twice = -1;

	if (len == 0)
		return 0;
	if (bytes[0] % 2 == 1) {
		add_sums(rest, &tar);
		compress(buf_slice(&tar), &packed);
		rest = buf_slice(&packed);
	}
	from = make_file(rest);
	if (!read_all(from, NULL))
		return 0;
	once = write_again(from);
	twice = write_again(once);
	assert(lseek(once, 0, SEEK_END) == lseek(twice, 0, SEEK_END));
	return 0;
}
