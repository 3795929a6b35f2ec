#include "door/password.h"

#include "base/text.h"

#define FIELD "password"

/* Nobody can type one into a form, and a NUL would end it before its end. */
static bool
has_control(struct slice password)
{
	for (size_t i = 0; i < password.len; i++) {
		unsigned char byte = (unsigned char)password.data[i];

		if (byte < 0x20 || byte == 0x7f)
			return true;
	}
	return false;
}

static size_t
count_characters(struct slice password)
{
	size_t count = 0;
	uint32_t character;

	while (password.len > 0) {
		size_t bytes = text_decode(password, &character);

		password.data += bytes;
		password.len -= bytes;
		count++;
	}
	return count;
}

int
password_check(struct slice password, struct slice name, struct error *err)
{
	if (password.len > PASSWORD_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, FIELD,
		    "a password has at most %d bytes", PASSWORD_BYTES);
	if (text_valid_bytes(password) != password.len)
		return error_set_field(
		    err, ERROR_BAD_UTF8, FIELD, "the password is not UTF-8");
	if (has_control(password))
		return error_set_field(err, ERROR_OUT_OF_RANGE, FIELD,
		    "a password holds no control characters");
	if (count_characters(password) < PASSWORD_CHARACTERS)
		return error_set_field(err, ERROR_OUT_OF_RANGE, FIELD,
		    "a password has at least %d characters",
		    PASSWORD_CHARACTERS);
	if (password.len == name.len &&
	    strncasecmp(password.data, name.data, name.len) == 0)
		return error_set_field(err, ERROR_OUT_OF_RANGE, FIELD,
		    "an account's own name is no password");
	return 0;
}
