/* What a password of an account has to be: for who takes it from a person, and
 * for the daemon, which decides. */
#ifndef DOOR_PASSWORD_H
#define DOOR_PASSWORD_H

#include "base/error.h"
#include "base/slice.h"

enum {
	PASSWORD_CHARACTERS = 12, /* at least */
	/* At most: crypt(3) takes CRYPT_MAX_PASSPHRASE_SIZE with the NUL. */
	PASSWORD_BYTES = 511,
};

/* May `password` be that of the account `name`? -1: ERROR_BAD_UTF8,
 * ERROR_TOO_LONG or ERROR_OUT_OF_RANGE of the field "password", and a sentence
 * that holds nothing of it. */
int password_check(struct slice password, struct slice name, struct error *err);

#endif
