#include "cli/run/certificate.h"

#include "base/cleanup.h"
#include "cli/run/certificate_names.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* CA/Browser Forum, Baseline Requirements 6.3.2: less than 398 days. */
#define LIFETIME     (397 * USEC_PER_DAY)
#define RENEWED_WITH (30 * USEC_PER_DAY)
/* A browser's clock may be behind ours. */
#define BEGUN USEC_PER_DAY

enum { SERIAL_BITS = 127 }; /* RFC 5280 §4.1.2.2: positive, 20 bytes at most */

static const char our_name[] = "kruxos";

DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free);
DEFINE_CLEANUP(BIGNUM *, BN_free);

/* --- reading ------------------------------------------------------------ */

static int
open_folder(const char *folder, struct error *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd == -1 ? error_set_errno(err, "%s", folder) : fd;
}

static bool
has_file(int folder, const char *file)
{
	return faccessat(folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static FILE *
open_file(int folder, const char *file)
{
	int fd = openat(folder, file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	FILE *stream = fd == -1 ? NULL : fdopen(fd, "r");

	if (stream == NULL && fd != -1)
		close(fd);
	return stream;
}

/* NULL: there is none, or nothing that is one. */
static X509 *
read_certificate(int folder)
{
	cleanup(cleanup_fclose) FILE *file = open_file(folder, "cert.pem");

	return file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
}

/* Nobody is there to be asked for a passphrase. */
static int
refuse_passphrase(char *room, int size, int is_writing, void *context)
{
	(void)room;
	(void)size;
	(void)is_writing;
	(void)context;
	return -1;
}

static EVP_PKEY *
read_key(int folder, struct error *err)
{
	cleanup(cleanup_fclose) FILE *file = open_file(folder, "key.pem");
	EVP_PKEY *key;

	if (file == NULL) {
		error_set_errno(err, "key.pem");
		return NULL;
	}
	key = PEM_read_PrivateKey(file, NULL, refuse_passphrase, NULL);
	ERR_clear_error();
	if (key == NULL)
		error_set(err, ERROR_INVALID,
		    "key.pem: this is no private key that can be read without "
		    "a passphrase");
	return key;
}

static bool
is_signed_by_itself(X509 *certificate)
{
	return X509_NAME_cmp(X509_get_subject_name(certificate),
		   X509_get_issuer_name(certificate)) == 0;
}

/* One that we have made: CN=kruxos and nothing else, signed by itself. */
static bool
is_ours(X509 *certificate)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	char text[sizeof(our_name) + 1] = "";

	return is_signed_by_itself(certificate) &&
	       X509_NAME_entry_count(subject) == 1 &&
	       X509_NAME_get_text_by_NID(
		   subject, NID_commonName, text, sizeof(text)) > 0 &&
	       strcmp(text, our_name) == 0;
}

static bool
ends_within(X509 *certificate, usec_t now, usec_t time)
{
	time_t then = (time_t)((now + time) / USEC_PER_SEC);

	return X509_cmp_time(X509_get0_notAfter(certificate), &then) < 0;
}

/* --- making ------------------------------------------------------------- */

static int
fail(struct error *err, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return error_set(err, ERROR_SYSTEM, "%s: %s", what,
	    reason != NULL ? reason : "OpenSSL refuses");
}

static int
add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	cleanup(X509_EXTENSION_freep) X509_EXTENSION *extension = NULL;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	return extension != NULL && X509_add_ext(certificate, extension, -1);
}

/* For a server, and to sign no other certificate. */
static bool
add_extensions(X509 *certificate, const struct config *config)
{
	cleanup(buf_free) struct buf names = BUF_INIT;

	certificate_names_write(config, &names);
	return add_extension(
		   certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(
		   certificate, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	       add_extension(certificate, NID_subject_key_identifier, "hash") &&
	       add_extension(certificate, NID_subject_alt_name, names.data);
}

static bool
set_serial(X509 *certificate)
{
	cleanup(BN_freep) BIGNUM *serial = BN_new();

	return serial != NULL &&
	       BN_rand(
		   serial, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) !=
		   NULL;
}

static bool
set_times(X509 *certificate, usec_t now)
{
	time_t from = (time_t)((now - BEGUN) / USEC_PER_SEC);
	time_t to = (time_t)((now - BEGUN + LIFETIME) / USEC_PER_SEC);

	return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), to) != NULL;
}

static X509 *
make_certificate(
    EVP_PKEY *key, const struct config *config, usec_t now, struct error *err)
{
	X509 *certificate = X509_new();
	X509_NAME *subject;

	if (certificate == NULL)
		goto fail;
	subject = X509_get_subject_name(certificate);
	if (!X509_set_version(certificate, X509_VERSION_3) ||
	    !set_serial(certificate) || !set_times(certificate, now) ||
	    !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)our_name, -1, -1, 0) ||
	    !X509_set_issuer_name(certificate, subject) ||
	    !X509_set_pubkey(certificate, key) ||
	    !add_extensions(certificate, config) ||
	    X509_sign(certificate, key, EVP_sha256()) == 0)
		goto fail;
	return certificate;
fail:
	X509_free(certificate);
	fail(err, "cert.pem");
	return NULL;
}

/* --- writing ------------------------------------------------------------ */

/* `mode`, and for the group of the folder if its members may enter it. Who is
 * of that group already may not need the right to give files away. */
static int
give_to_group(int fd, int folder, mode_t mode)
{
	struct stat above, made;

	if (fstat(folder, &above) == -1 || fstat(fd, &made) == -1)
		return -1;
	if ((above.st_mode & S_IXGRP) == 0)
		return fchmod(fd, mode & 0700);
	if (made.st_gid != above.st_gid &&
	    fchown(fd, (uid_t)-1, above.st_gid) == -1)
		return -1;
	return fchmod(fd, mode);
}

/* NAME.new in `folder`, which nobody has put there before us. */
static FILE *
create(int folder, const char *file, mode_t mode)
{
	cleanup(cleanup_close) int fd = -1;
	FILE *stream;

	unlinkat(folder, file, 0);
	fd = openat(folder, file,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || give_to_group(fd, folder, mode) == -1)
		return NULL;
	stream = fdopen(fd, "w");
	if (stream != NULL)
		fd = -1;
	return stream;
}

/* What has been written is there whatever happens now, and takes its place. */
static int
finish(FILE *stream, int folder, const char *from, const char *to)
{
	if (fflush(stream) != 0 || fsync(fileno(stream)) == -1)
		return -1;
	return renameat(folder, from, folder, to) == -1 || fsync(folder) == -1
		   ? -1
		   : 0;
}

static int
write_key(int folder, const EVP_PKEY *key, struct error *err)
{
	cleanup(cleanup_fclose) FILE *file =
	    create(folder, "key.pem.new", 0640);

	if (file == NULL)
		return error_set_errno(err, "key.pem.new");
	if (!PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL))
		return fail(err, "key.pem.new");
	if (finish(file, folder, "key.pem.new", "key.pem") == -1)
		return error_set_errno(err, "key.pem");
	return 0;
}

static int
write_certificate(int folder, X509 *certificate, struct error *err)
{
	cleanup(cleanup_fclose) FILE *file =
	    create(folder, "cert.pem.new", 0644);

	if (file == NULL)
		return error_set_errno(err, "cert.pem.new");
	if (!PEM_write_X509(file, certificate))
		return fail(err, "cert.pem.new");
	if (finish(file, folder, "cert.pem.new", "cert.pem") == -1)
		return error_set_errno(err, "cert.pem");
	return 0;
}

/* --- keeping ------------------------------------------------------------ */

static EVP_PKEY *
make_key(int folder, struct error *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (key == NULL) {
		fail(err, "key.pem");
		return NULL;
	}
	if (write_key(folder, key, err) == 0)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static int
keep(int folder, const struct config *config, usec_t now, struct error *err)
{
	cleanup(X509_freep) X509 *old = read_certificate(folder);
	cleanup(X509_freep) X509 *made = NULL;
	cleanup(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	bool has_key = has_file(folder, "key.pem");
	bool is_foreign =
	    old != NULL ? !is_ours(old) : has_file(folder, "cert.pem");

	ERR_clear_error();
	if (is_foreign && !has_key)
		return error_set(err, ERROR_INVALID,
		    "cert.pem is there, and key.pem, its key, is not");
	if (is_foreign ||
	    (old != NULL && has_key && certificate_names_hold(old, config) &&
		!ends_within(old, now, RENEWED_WITH)))
		return 0;
	key = has_key ? read_key(folder, err) : make_key(folder, err);
	if (key == NULL)
		return -1;
	made = make_certificate(key, config, now, err);
	if (made == NULL)
		return -1;
	return write_certificate(folder, made, err) == -1 ? -1 : 1;
}

int
certificate_keep(const char *folder, const struct config *config, usec_t now,
    struct error *err)
{
	cleanup(cleanup_close) int fd = open_folder(folder, err);
	int made;

	if (fd == -1)
		return -1;
	made = keep(fd, config, now, err);
	return made == -1 ? error_prefix(err, "%s", folder) : made;
}

/* --- looking ------------------------------------------------------------ */

static X509 *
look(const char *folder)
{
	struct error ignored = { 0 };
	cleanup(cleanup_close) int fd = open_folder(folder, &ignored);
	X509 *certificate = fd == -1 ? NULL : read_certificate(fd);

	ERR_clear_error();
	return certificate;
}

bool
certificate_is_issued(const char *folder)
{
	cleanup(X509_freep) X509 *certificate = look(folder);

	return certificate != NULL && !is_signed_by_itself(certificate);
}

char *
certificate_describe(const char *folder, struct arena *arena, struct error *err)
{
	cleanup(X509_freep) X509 *certificate = look(folder);
	cleanup(buf_free) struct buf text = BUF_INIT;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size;
	struct tm end;

	if (certificate == NULL ||
	    !X509_digest(certificate, EVP_sha256(), digest, &size) ||
	    !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end)) {
		error_set(err, ERROR_INVALID,
		    "%s/cert.pem: this is no certificate", folder);
		return NULL;
	}
	buf_add_str(&text, "SHA-256 ");
	for (unsigned i = 0; i < size; i++)
		buf_addf(&text, "%s%02X", i > 0 ? ":" : "", digest[i]);
	buf_addf(&text, ", ends %04d-%02d-%02d", end.tm_year + 1900,
	    end.tm_mon + 1, end.tm_mday);
	return arena_printf(arena, "%s", text.data);
}
