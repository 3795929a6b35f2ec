#include "cli/run/certificate.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-11-28 */
#define NOW (1795824000 * USEC_PER_SEC)

static const char *words[] = { "monitor.example", "localhost", NULL };
static const struct config standard = {
	.path = "/tmp/kruxos.conf",
	.bind = "192.0.2.7",
	.names = { words, 2 },
};

static char folder[] = "/tmp/kruxos-certificate-XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static void
path_of(const char *file, char path[static 128])
{
	snprintf(path, 128, "%s/%s", folder, file);
}

static int
remove_folder(void **state)
{
	static const char *const files[] = { "cert.pem", "key.pem",
		"cert.pem.new", "key.pem.new" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		path_of(files[i], path);
		unlink(path);
	}
	return rmdir(folder);
}

static void
read_file(const char *file, struct buf *out)
{
	char path[128], text[4096];
	FILE *stream;

	path_of(file, path);
	stream = fopen(path, "r");
	assert_non_null(stream);
	buf_set_len(out, 0);
	buf_add(out, text, fread(text, 1, sizeof(text), stream));
	fclose(stream);
}

static void
write_file(const char *file, const char *text)
{
	char path[128];
	FILE *stream;

	path_of(file, path);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static mode_t
mode_of(const char *file)
{
	char path[128];
	struct stat found;

	path_of(file, path);
	assert_int_equal(lstat(path, &found), 0);
	return found.st_mode & 0777;
}

static int
keep_at(usec_t now)
{
	struct error err = { 0 };
	int made = certificate_keep(folder, &standard, now, &err);

	if (made == -1)
		fail_msg("%s", err.sentence);
	return made;
}

/* A certificate of `subject`, which `issuer` has signed, and its key. */
static void
put_foreign(const char *subject, const char *issuer)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = { 0 };
	EVP_PKEY *key = make_key(fd, &err);
	X509 *certificate = make_certificate(key, &standard, NOW, &err);
	X509_NAME *named = X509_NAME_new();

	assert_non_null(certificate);
	X509_NAME_add_entry_by_txt(named, "CN", MBSTRING_ASC,
	    (const unsigned char *)subject, -1, -1, 0);
	X509_set_subject_name(certificate, named);
	X509_NAME_free(named);
	named = X509_NAME_new();
	X509_NAME_add_entry_by_txt(named, "CN", MBSTRING_ASC,
	    (const unsigned char *)issuer, -1, -1, 0);
	X509_set_issuer_name(certificate, named);
	X509_NAME_free(named);
	X509_sign(certificate, key, EVP_sha256());
	assert_int_equal(write_certificate(fd, certificate, &err), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
	close(fd);
}

static void
what_is_made_is_for_our_names_and_no_authority(void **state)
{
	X509 *certificate;

	(void)state;
	assert_int_equal(keep_at(NOW), 1);
	certificate = look(folder);
	assert_non_null(certificate);
	assert_int_equal(
	    X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
	assert_int_equal(
	    X509_check_host(certificate, "monitor.example", 0, 0, NULL), 1);
	assert_int_equal(
	    X509_check_host(certificate, "evil.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.7", 0), 1);
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_int_equal(
	    X509_get_extended_key_usage(certificate), XKU_SSL_SERVER);
	assert_true(ends_within(certificate, NOW, 397 * USEC_PER_DAY));
	assert_false(ends_within(certificate, NOW, 395 * USEC_PER_DAY));
	X509_free(certificate);
}

static void
a_key_is_for_its_owner_unless_the_folder_is_for_a_group(void **state)
{
	(void)state;
	assert_int_equal(keep_at(NOW), 1);
	assert_int_equal(mode_of("key.pem"), 0600);
	assert_int_equal(remove_folder(NULL), 0);
	assert_int_equal(make_folder(NULL), 0);
	assert_int_equal(chmod(folder, 0750), 0);
	assert_int_equal(keep_at(NOW), 1);
	assert_int_equal(mode_of("key.pem"), 0640);
	assert_int_equal(mode_of("cert.pem"), 0644);
}

static void
what_is_good_for_a_month_stays(void **state)
{
	struct buf before = BUF_INIT, behind = BUF_INIT;

	(void)state;
	keep_at(NOW);
	read_file("cert.pem", &before);
	assert_int_equal(keep_at(NOW + 365 * USEC_PER_DAY), 0);
	read_file("cert.pem", &behind);
	assert_string_equal(before.data, behind.data);
	buf_free(&before);
	buf_free(&behind);
}

static void
what_ends_soon_is_made_anew_for_the_same_key(void **state)
{
	struct buf key = BUF_INIT, key_behind = BUF_INIT;

	(void)state;
	keep_at(NOW);
	read_file("key.pem", &key);
	assert_int_equal(keep_at(NOW + 367 * USEC_PER_DAY), 1);
	read_file("key.pem", &key_behind);
	assert_string_equal(key.data, key_behind.data);
	assert_int_equal(keep_at(NOW + 367 * USEC_PER_DAY), 0);
	buf_free(&key);
	buf_free(&key_behind);
}

static void
what_has_not_all_our_names_is_made_anew(void **state)
{
	static const char *more[] = { "monitor.example", "Other.example.",
		NULL };
	struct config config = standard;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(keep_at(NOW), 1);
	config.names = (struct config_words){ more, 2 };
	assert_int_equal(certificate_keep(folder, &config, NOW, &err), 1);
	assert_int_equal(certificate_keep(folder, &config, NOW, &err), 0);
	config.bind = "2001:db8::7";
	assert_int_equal(certificate_keep(folder, &config, NOW, &err), 1);
	assert_int_equal(certificate_keep(folder, &config, NOW, &err), 0);
	config.bind = "0.0.0.0";
	assert_int_equal(certificate_keep(folder, &config, NOW, &err), 0);
}

/* Whatever moment it ended at, the next time makes it whole. */
static void
what_a_kill_has_left_is_made_whole(void **state)
{
	static const char *const missing[] = { "cert.pem", "key.pem" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT(missing); i++) {
		keep_at(NOW);
		path_of(missing[i], path);
		assert_int_equal(unlink(path), 0);
		write_file("key.pem.new", "half a k");
		assert_int_equal(keep_at(NOW), 1);
		assert_int_equal(keep_at(NOW), 0);
	}
}

static void
what_somebody_else_has_put_there_is_not_touched(void **state)
{
	static const struct {
		const char *subject, *issuer;
		bool is_issued;
	} cases[] = {
		{ "monitor.example", "An Authority", true },
		{ "monitor.example", "monitor.example", false },
		{ "kruxos", "An Authority", true },
	};
	struct buf before = BUF_INIT, behind = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put_foreign(cases[i].subject, cases[i].issuer);
		read_file("cert.pem", &before);
		assert_int_equal(keep_at(NOW + 800 * USEC_PER_DAY), 0);
		read_file("cert.pem", &behind);
		assert_string_equal(before.data, behind.data);
		assert_int_equal(
		    certificate_is_issued(folder), cases[i].is_issued);
	}
	write_file("cert.pem", "no certificate");
	assert_int_equal(keep_at(NOW), 0);
	assert_false(certificate_is_issued(folder));
	buf_free(&before);
	buf_free(&behind);
}

static void
what_cannot_be_kept_is_named(void **state)
{
	struct error err = { 0 };
	char path[128];

	(void)state;
	put_foreign("monitor.example", "An Authority");
	path_of("key.pem", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(certificate_keep(folder, &standard, NOW, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "key.pem"));
	assert_int_equal(remove_folder(NULL), 0);
	assert_int_equal(certificate_keep(folder, &standard, NOW, &err), -1);
	assert_non_null(strstr(err.sentence, folder));
	assert_int_equal(make_folder(NULL), 0);
	write_file("key.pem", "no key");
	assert_int_equal(certificate_keep(folder, &standard, NOW, &err), -1);
	assert_non_null(strstr(err.sentence, "no private key"));
}

static void
it_is_described_by_its_digest_and_its_end(void **state)
{
	struct arena arena = ARENA_INIT;
	struct error err = { 0 };
	char *text;

	(void)state;
	assert_null(certificate_describe(folder, &arena, &err));
	keep_at(NOW);
	text = certificate_describe(folder, &arena, &err);
	assert_non_null(text);
	assert_int_equal(strncmp(text, "SHA-256 ", 8), 0);
	assert_string_equal(text + 8 + 95, ", ends 2027-12-29");
	arena_free(&arena);
}

int
main(void)
{
#define IN_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_is_made_is_for_our_names_and_no_authority),
		IN_FOLDER(
		    a_key_is_for_its_owner_unless_the_folder_is_for_a_group),
		IN_FOLDER(what_is_good_for_a_month_stays),
		IN_FOLDER(what_ends_soon_is_made_anew_for_the_same_key),
		IN_FOLDER(what_has_not_all_our_names_is_made_anew),
		IN_FOLDER(what_a_kill_has_left_is_made_whole),
		IN_FOLDER(what_somebody_else_has_put_there_is_not_touched),
		IN_FOLDER(what_cannot_be_kept_is_named),
		IN_FOLDER(it_is_described_by_its_digest_and_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
