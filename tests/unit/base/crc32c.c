#include "lib/base/crc32c.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 3720 appendix B.4, and the check value of the catalogue of CRCs. */
static void
checksums_are_those_of_the_standard(void **state)
{
	char zeros[32] = { 0 }, ones[32], rising[32];
	struct {
		struct slice bytes;
		uint32_t expected;
	} cases[] = {
		{ { zeros, 32 }, 0x8a9136aa },
		{ { ones, 32 }, 0x62a8ab43 },
		{ { rising, 32 }, 0x46dd794e },
		{ SLICE_LITERAL("123456789"), 0xe3069283 },
		{ SLICE_LITERAL(""), 0 },
	};

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (int i = 0; i < 32; i++)
		rising[i] = (char)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(crc32c(0, cases[i].bytes), cases[i].expected);
}

static void
instruction_and_table_agree_at_every_length_and_offset(void **state)
{
	char bytes[96];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37 + 11);
	for (size_t from = 0; from < 16; from++)
		for (size_t len = 0; from + len <= sizeof(bytes); len++) {
			struct slice part = { bytes + from, len };

			assert_int_equal(crc32c(0, part),
			    ~update_by_table(~0u, part.data, part.len));
		}
}

static void
a_checksum_goes_on_where_another_ended(void **state)
{
	(void)state;
	assert_int_equal(
	    crc32c(crc32c(0, SLICE_LITERAL("12345")), SLICE_LITERAL("6789")),
	    0xe3069283);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_those_of_the_standard),
		cmocka_unit_test(
		    instruction_and_table_agree_at_every_length_and_offset),
		cmocka_unit_test(a_checksum_goes_on_where_another_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
