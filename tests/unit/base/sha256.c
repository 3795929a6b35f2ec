#include "lib/base/sha256.c"
#include "lib/base/sha256_parse.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"

DEFINE_CLEANUP(struct sha256 *, sha256_free);

static void
digests_are_those_of_fips_180_4(void **state)
{
	/* "abc" and two blocks: NIST's examples; the empty text. */
	static const char *const cases[][2] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
	};
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();

	(void)state;
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < 3; i++) {
			unsigned char digest[SHA256_BYTES];
			cleanup(buf_free) struct buf hex = BUF_INIT;

			sha256_digest(sha256, slice_of(cases[i][0]), digest);
			buf_add_hex(&hex, digest, sizeof(digest));
			assert_string_equal(hex.data, cases[i][1]);
		}
}

static void
hex_is_read_back(void **state)
{
	unsigned char digest[SHA256_BYTES];
	struct slice hex = SLICE_LITERAL("00ff102030405060708090a0b0c0d0e0"
					 "f0112233445566778899aabbccddeeff");

	(void)state;
	assert_int_equal(sha256_parse_hex(hex, digest), 0);
	assert_int_equal(digest[0], 0x00);
	assert_int_equal(digest[1], 0xff);
	assert_int_equal(digest[31], 0xff);
	assert_int_equal(digest[30], 0xee);
}

static void
anything_but_64_lower_case_digits_is_refused(void **state)
{
	static const char good[] = "00ff102030405060708090a0b0c0d0e0"
				   "f0112233445566778899aabbccddeeff";
	unsigned char digest[SHA256_BYTES] = { 47 };
	char bad[SHA256_HEX + 2] = { 0 };

	(void)state;
	for (size_t i = 0; i < SHA256_HEX; i++) {
		static const char wrong[] = "gAF/:` \0";

		for (size_t j = 0; j < sizeof(wrong); j++) {
			memcpy(bad, good, SHA256_HEX);
			bad[i] = wrong[j];
			errno = 0;
			assert_int_equal(
			    sha256_parse_hex(
				(struct slice){ bad, SHA256_HEX }, digest),
			    -1);
			assert_int_equal(errno, EINVAL);
		}
	}
	memcpy(bad, good, SHA256_HEX);
	assert_int_equal(
	    sha256_parse_hex((struct slice){ bad, 63 }, digest), -1);
	bad[64] = '0';
	assert_int_equal(
	    sha256_parse_hex((struct slice){ bad, 65 }, digest), -1);
	assert_int_equal(digest[0], 47);
}

static void
codes_are_those_of_rfc_4231(void **state)
{
	char short_key[20], long_key[131];
	const struct {
		struct slice key;
		const char *text, *code;
	} cases[] = {
		{ { short_key, sizeof(short_key) }, "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ SLICE_LITERAL("Jefe"), "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ { long_key, sizeof(long_key) },
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54" },
	};

	(void)state;
	memset(short_key, 0x0b, sizeof(short_key));
	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(buf_free) struct buf hex = BUF_INIT;
		unsigned char code[SHA256_BYTES];

		sha256_hmac(cases[i].key, slice_of(cases[i].text), code);
		buf_add_hex(&hex, code, sizeof(code));
		assert_string_equal(hex.data, cases[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_fips_180_4),
		cmocka_unit_test(codes_are_those_of_rfc_4231),
		cmocka_unit_test(hex_is_read_back),
		cmocka_unit_test(anything_but_64_lower_case_digits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
