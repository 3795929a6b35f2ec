#include "base/tar.h"

#include <assert.h>
#include <stdio.h>

/* Where the fields of a head lie. */
static const struct place {
	unsigned short at, size;
} NAME = { 0, 100 }, MODE = { 100, 8 }, UID = { 108, 8 }, GID = { 116, 8 },
  SIZE = { 124, 12 }, MTIME = { 136, 12 }, SUM = { 148, 8 }, TYPE = { 156, 1 },
  MAGIC = { 257, 8 };

static const char magic[8] = "ustar\00000";

/* Octal digits, up to a NUL. What they cannot hold (8 GiB and more) is written
 * as bytes behind a first one of 0x80, as GNU's tar and bsdtar do. */
static void
put_number(char *block, struct place place, uint64_t number)
{
	int digits = place.size - 1;

	if (number >> (3 * digits) == 0) {
		snprintf(block + place.at, place.size, "%0*llo", digits,
		    (unsigned long long)number);
		return;
	}
	for (int i = place.size - 1; i > 0; i--, number >>= 8)
		block[place.at + i] = (char)(number & 0xff);
	block[place.at] = (char)0x80;
}

static bool
get_number(const char *block, struct place place, uint64_t *ret)
{
	const char *field = block + place.at;
	uint64_t number = 0;
	int at = 0;

	if ((unsigned char)field[0] == 0x80) {
		for (at = 1; at < place.size; at++) {
			if (number >> 55 != 0)
				return false;
			number = number << 8 | (unsigned char)field[at];
		}
	} else {
		for (; at < place.size && field[at] >= '0' && field[at] <= '7';
		     at++)
			number = number << 3 | (uint64_t)(field[at] - '0');
		if (at == 0 || at == place.size || field[at] != '\0')
			return false;
	}
	*ret = number;
	return true;
}

/* Of all bytes of the head, those of the sum counted as blanks. */
static uint64_t
sum_of(const char *block)
{
	uint64_t sum = 0;

	for (int i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM.at && i < SUM.at + SUM.size
			   ? ' '
			   : (unsigned char)block[i];
	return sum;
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool
tar_is_name(struct slice name)
{
	bool is_begin = true;

	if (name.len == 0 || name.len >= TAR_NAME_SIZE)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (is_begin && (c == '.' || c == '/'))
			return false;
		if (c != '/' && !is_name_char(c))
			return false;
		is_begin = c == '/';
	}
	return !is_begin;
}

void
tar_compose(const struct tar_member *member, char ret_block[static TAR_BLOCK])
{
	assert(tar_is_name(slice_of(member->name)));
	memset(ret_block, 0, TAR_BLOCK);
	memcpy(ret_block + NAME.at, member->name, strlen(member->name));
	put_number(ret_block, MODE, 0600);
	put_number(ret_block, UID, 0);
	put_number(ret_block, GID, 0);
	put_number(ret_block, SIZE, member->bytes);
	put_number(ret_block, MTIME, member->at);
	ret_block[TYPE.at] = '0';
	memcpy(ret_block + MAGIC.at, magic, sizeof(magic));
	put_number(ret_block, (struct place){ SUM.at, SUM.size - 1 },
	    sum_of(ret_block));
	ret_block[SUM.at + SUM.size - 1] = ' ';
}

static bool
is_zero(const char *block)
{
	for (int i = 0; i < TAR_BLOCK; i++)
		if (block[i] != 0)
			return false;
	return true;
}

int
tar_parse(const char block[static TAR_BLOCK], struct tar_member *ret_member,
    struct error *err)
{
	struct tar_member member = { 0 };
	char again[TAR_BLOCK];
	struct slice name = { block, strnlen(block, NAME.size) };

	if (is_zero(block))
		return 0;
	if (!tar_is_name(name) || !get_number(block, SIZE, &member.bytes) ||
	    !get_number(block, MTIME, &member.at))
		return error_set(err, ERROR_CORRUPT,
		    "a head of the archive is none of ours");
	memcpy(member.name, name.data, name.len);
	/* What is left of it (sum, kind, modes, places unused) can be told by
	 * making it anew. */
	tar_compose(&member, again);
	if (memcmp(block, again, TAR_BLOCK) != 0)
		return error_set(err, ERROR_CORRUPT,
		    "the head of %s in the archive is none of ours",
		    member.name);
	*ret_member = member;
	return 1;
}
