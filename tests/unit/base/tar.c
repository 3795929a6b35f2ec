#include "lib/base/tar.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

static void
what_is_written_is_read(void **state)
{
	static const struct tar_member members[] = {
		{ "a", 0, 0 },
		{ "audit/2026-11-23.jsonl", 1234567, 1795464908 },
		{ "audit/2026-11-23_02.jsonl", (1ULL << 33) - 1, 1 },
		{ "large", 1ULL << 33, 1 },
		{ "larger", 1ULL << 62, 1ULL << 33 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct tar_member read = { 0 };
		char block[TAR_BLOCK];
		struct error err;

		tar_compose(&members[i], block);
		assert_int_equal(tar_parse(block, &read, &err), 1);
		assert_string_equal(read.name, members[i].name);
		assert_int_equal(read.bytes, members[i].bytes);
		assert_int_equal(read.at, members[i].at);
	}
}

static void
the_longest_name_fits(void **state)
{
	struct tar_member member = { .bytes = 1 }, read;
	char block[TAR_BLOCK];
	struct error err;

	(void)state;
	memset(member.name, 'n', TAR_NAME_SIZE - 1);
	tar_compose(&member, block);
	assert_int_equal(tar_parse(block, &read, &err), 1);
	assert_string_equal(read.name, member.name);
}

static void
names_that_lead_elsewhere_are_none(void **state)
{
	static const char *const names[] = {
		"",
		"/etc/passwd",
		"..",
		"../x",
		"a/../b",
		"a//b",
		"a/",
		"./a",
		"a/./b",
		".lock",
		"audit/.lock",
		"a\nb",
		"a b",
		"a\\b",
		"\xc3\xa4",
		"~x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tar_is_name(slice_of(names[i])))
			fail_msg("\"%s\" is taken", names[i]);
	assert_true(tar_is_name(slice_of("audit/torn/x_9-1.jsonl")));
}

static void
zeros_are_the_end(void **state)
{
	char block[TAR_BLOCK] = { 0 };
	struct tar_member member;
	struct error err;

	(void)state;
	assert_int_equal(tar_parse(block, &member, &err), 0);
}

/* Whatever bit it is: no head of ours becomes another one. */
static void
a_head_with_a_changed_byte_is_refused(void **state)
{
	const struct tar_member written = { "audit/x.jsonl", 42, 7 };
	char block[TAR_BLOCK];
	struct tar_member member;
	struct error err;

	(void)state;
	tar_compose(&written, block);
	for (int i = 0; i < TAR_BLOCK; i++)
		for (int bit = 0; bit < 8; bit++) {
			block[i] = (char)(block[i] ^ 1 << bit);
			if (tar_parse(block, &member, &err) != -1)
				fail_msg("byte %d, bit %d", i, bit);
			assert_int_equal(err.code, ERROR_CORRUPT);
			block[i] = (char)(block[i] ^ 1 << bit);
		}
}

/* A link, with a sum that holds. */
static void
other_kinds_of_members_are_refused(void **state)
{
	static const char kinds[] = "123456789xgLKS";
	const struct tar_member written = { "a", 42, 7 };
	struct tar_member member;
	struct error err;

	(void)state;
	for (const char *kind = kinds; *kind != '\0'; kind++) {
		char block[TAR_BLOCK];

		tar_compose(&written, block);
		block[TYPE.at] = *kind;
		put_number(block, (struct place){ SUM.at, SUM.size - 1 },
		    sum_of(block));
		assert_int_equal(tar_parse(block, &member, &err), -1);
	}
}

static void
blocks_are_filled_up(void **state)
{
	(void)state;
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding((1ULL << 33) + 513), 511);
}

/* The system's own reads it. */
static void
tar_lists_it(void **state)
{
	static const struct tar_member written = { "audit/x.jsonl", 2, 7 };
	char path[] = "/tmp/kruxos-tar-XXXXXX", command[128], line[200] = "";
	char block[TAR_BLOCK], rest[3 * TAR_BLOCK] = "{}";
	int fd = mkstemp(path);
	FILE *said;

	(void)state;
	assert_int_not_equal(fd, -1);
	tar_compose(&written, block);
	assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	assert_int_equal(write(fd, rest, sizeof(rest)), sizeof(rest));
	close(fd);
	snprintf(command, sizeof(command), "TZ=UTC tar tvf %s 2>&1", path);
	said = popen(command, "r");
	assert_non_null(said);
	assert_non_null(fgets(line, sizeof(line), said));
	assert_int_equal(pclose(said), 0);
	assert_non_null(strstr(line, "-rw------- 0/0"));
	assert_non_null(strstr(line, "1970-01-01 00:00 audit/x.jsonl"));
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(names_that_lead_elsewhere_are_none),
		cmocka_unit_test(zeros_are_the_end),
		cmocka_unit_test(a_head_with_a_changed_byte_is_refused),
		cmocka_unit_test(other_kinds_of_members_are_refused),
		cmocka_unit_test(blocks_are_filled_up),
		cmocka_unit_test(tar_lists_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
