#include "cli/archive_reader.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>

static int
make_file(struct slice bytes)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Two files: one of three bytes, one of `bytes`, whose content is made. */
static void
write_archive(size_t bytes, struct buf *out)
{
	int fd = make_file((struct slice){ "", 0 });
	cleanup(archive_writer_freep) struct archive_writer *writer =
	    archive_writer_new(fd, "out");
	struct tar_member small = { "kruxos-backup", 3, 1 };
	struct tar_member large = { "audit/x.jsonl", bytes, 2 };
	cleanup(buf_free) struct buf content = BUF_INIT;
	cleanup(cleanup_close) int from = -1;
	struct error err = { 0 };

	for (size_t i = 0; content.len < bytes; i++)
		buf_addf(&content, "%zu,", i * i);
	from = make_file(buf_slice(&content));
	assert_int_equal(
	    archive_writer_add(writer, &small, SLICE_LITERAL("{}\n"), &err), 0);
	assert_int_equal(archive_writer_add_file(
			     writer, &large, from, "x", NULL, NULL, &err),
	    0);
	assert_int_equal(archive_writer_end(writer, &err), 0);
	buf_reserve(out, archive_writer_bytes(writer));
	assert_int_equal(pread(fd, out->data, archive_writer_bytes(writer), 0),
	    archive_writer_bytes(writer));
	buf_set_len(out, archive_writer_bytes(writer));
	close(fd);
}

/* Read all of it: how many files it has, and the sums of what they are; -1. */
static int
read_archive(struct slice bytes, struct buf *ret_sums, struct error *err)
{
	cleanup(cleanup_close) int fd = make_file(bytes);
	cleanup(archive_reader_freep) struct archive_reader *reader =
	    archive_reader_new(fd, "in");
	struct tar_member member;
	int count = 0, more;

	while ((more = archive_reader_next(reader, &member, err)) == 1)
		count++;
	buf_reset(ret_sums);
	buf_add_slice(ret_sums, buf_slice(&reader->sums));
	return more == 0 ? count : -1;
}

static void
what_is_written_is_read(void **state)
{
	static const size_t lengths[] = { 0, 1, 511, 512, 513, 300000 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		cleanup(buf_free) struct buf archive = BUF_INIT;
		cleanup(buf_free) struct buf bytes = BUF_INIT;
		cleanup(cleanup_close) int fd = -1;
		struct archive_reader *reader;
		struct tar_member member;
		struct error err = { 0 };

		write_archive(lengths[i], &archive);
		fd = make_file(buf_slice(&archive));
		reader = archive_reader_new(fd, "in");
		assert_int_equal(archive_reader_next(reader, &member, &err), 1);
		assert_string_equal(member.name, "kruxos-backup");
		assert_int_equal(
		    archive_reader_read_all(reader, 3, &bytes, &err), 0);
		assert_string_equal(bytes.data, "{}\n");
		assert_int_equal(archive_reader_next(reader, &member, &err), 1);
		assert_int_equal(member.bytes, lengths[i]);
		buf_reset(&bytes);
		assert_int_equal(
		    archive_reader_read_all(reader, lengths[i], &bytes, &err),
		    0);
		assert_int_equal(bytes.len, lengths[i]);
		assert_int_equal(archive_reader_next(reader, &member, &err), 0);
		archive_reader_free(reader);
	}
}

static void
files_that_are_passed_over_are_looked_at_all_the_same(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT, sums = BUF_INIT;
	struct error err = { 0 };

	(void)state;
	write_archive(100000, &archive);
	assert_int_equal(read_archive(buf_slice(&archive), &sums, &err), 2);
}

static void
cut_short_anywhere_it_is_refused(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT, sums = BUF_INIT;

	(void)state;
	write_archive(2000, &archive);
	for (size_t len = 0; len < archive.len; len++) {
		struct error err = { 0 };
		struct slice cut = { archive.data, len };

		assert_int_equal(read_archive(cut, &sums, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
	}
}

/* Hardly a bit of a frame means nothing for what comes out of it. */
static void
changed_anywhere_it_is_refused_or_the_same(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT, sums = BUF_INIT;
	cleanup(buf_free) struct buf changed = BUF_INIT;
	struct error err = { 0 };
	unsigned taken = 0;

	(void)state;
	write_archive(2000, &archive);
	assert_int_equal(read_archive(buf_slice(&archive), &sums, &err), 2);
	for (size_t i = 0; i < archive.len; i++) {
		archive.data[i] = (char)(archive.data[i] ^ 0x10);
		if (read_archive(buf_slice(&archive), &changed, &err) != -1) {
			assert_string_equal(changed.data, sums.data);
			taken++;
		}
		archive.data[i] = (char)(archive.data[i] ^ 0x10);
	}
	assert_in_range(taken, 0, archive.len / 50);
}

static void
bytes_behind_it_are_no_part_of_it(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT, sums = BUF_INIT;
	struct error err = { 0 };

	(void)state;
	write_archive(10, &archive);
	buf_add_char(&archive, 'x');
	assert_int_equal(read_archive(buf_slice(&archive), &sums, &err), -1);
	assert_non_null(strstr(err.sentence, "something follows"));
}

static void
a_file_that_is_too_long_is_not_read(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	cleanup(cleanup_close) int fd = -1;
	struct archive_reader *reader;
	struct tar_member member;
	struct error err = { 0 };

	(void)state;
	write_archive(10, &archive);
	fd = make_file(buf_slice(&archive));
	reader = archive_reader_new(fd, "in");
	assert_int_equal(archive_reader_next(reader, &member, &err), 1);
	assert_int_equal(archive_reader_read_all(reader, 2, &bytes, &err), -1);
	assert_int_equal(bytes.len, 0);
	archive_reader_free(reader);
}

/* As many as it takes until their sums are more than are kept. */
static void
files_without_end_are_not_read(void **state)
{
	cleanup(buf_free) struct buf archive = BUF_INIT, sums = BUF_INIT;
	int fd = make_file((struct slice){ "", 0 });
	cleanup(archive_writer_freep) struct archive_writer *writer =
	    archive_writer_new(fd, "out");
	struct tar_member empty = { "audit/torn/x", 0, 1 };
	size_t count = ARCHIVE_SUMS_BYTES / (2 * SHA256_BYTES) + 1;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(archive_writer_add(writer, &empty,
				     (struct slice){ "", 0 }, &err),
		    0);
	assert_int_equal(archive_writer_end(writer, &err), 0);
	buf_reserve(&archive, archive_writer_bytes(writer));
	assert_int_equal(
	    pread(fd, archive.data, archive_writer_bytes(writer), 0),
	    archive_writer_bytes(writer));
	buf_set_len(&archive, archive_writer_bytes(writer));
	close(fd);
	assert_int_equal(read_archive(buf_slice(&archive), &sums, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_non_null(strstr(err.sentence, "more files than any backup"));
	assert_in_range(sums.len, ARCHIVE_SUMS_BYTES, ARCHIVE_SUMS_BYTES + 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(
		    files_that_are_passed_over_are_looked_at_all_the_same),
		cmocka_unit_test(cut_short_anywhere_it_is_refused),
		cmocka_unit_test(changed_anywhere_it_is_refused_or_the_same),
		cmocka_unit_test(bytes_behind_it_are_no_part_of_it),
		cmocka_unit_test(a_file_that_is_too_long_is_not_read),
		cmocka_unit_test(files_without_end_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
