/* A log in memory, to be damaged or forged, then written into a folder.
 *
 *	image_read(&image, dir);            as it is there
 *	image_copy(&copy, &image);          one to spoil
 *	image_line(&copy, file, line)       where a line stands
 *	image_forge(&copy, file, line, …);  its hashes made right again
 *	image_write(&copy, dir);            the folder holds this and no more
 */
#ifndef TESTS_FAULT_IMAGE_H
#define TESTS_FAULT_IMAGE_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/sha256.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IMAGE_FILES = 12, IMAGE_NAME = 40 };

struct image_file {
	char name[IMAGE_NAME];
	struct buf bytes;
};

struct image {
	struct image_file files[IMAGE_FILES]; /* by name, as they were read */
	size_t count;
};

static inline void
image_free(struct image *image)
{
	for (size_t i = 0; i < IMAGE_FILES; i++)
		buf_free(&image->files[i].bytes);
}

static inline void
image_init(struct image *image)
{
	image->count = 0;
	for (size_t i = 0; i < IMAGE_FILES; i++)
		buf_init(&image->files[i].bytes);
}

static inline struct image_file *
image_add(struct image *image, const char *name)
{
	struct image_file *file = &image->files[image->count];

	if (image->count == IMAGE_FILES)
		return NULL;
	image->count++;
	snprintf(file->name, sizeof(file->name), "%.39s", name);
	buf_reset(&file->bytes);
	return file;
}

static inline void
image_copy(struct image *to, const struct image *from)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++)
		buf_add_slice(&image_add(to, from->files[i].name)->bytes,
		    buf_slice(&from->files[i].bytes));
}

static inline void
image_remove(struct image *image, size_t index)
{
	struct image_file gone = image->files[index];

	for (size_t i = index; i + 1 < image->count; i++)
		image->files[i] = image->files[i + 1];
	image->files[--image->count] = gone;
}

/* Replace `len` bytes at `at` by `text`. */
static inline void
image_splice(struct buf *bytes, size_t at, size_t len, struct slice text)
{
	struct buf spliced = BUF_INIT;

	assert(at + len <= bytes->len);
	buf_add(&spliced, bytes->data, at);
	buf_add_slice(&spliced, text);
	buf_add(&spliced, bytes->data + at + len, bytes->len - at - len);
	buf_free(bytes);
	*bytes = spliced;
}

/* --- folders ------------------------------------------------------------ */

static inline int
image_is_log(const struct dirent *entry)
{
	return strstr(entry->d_name, ".jsonl") != NULL;
}

static inline void
image_read(struct image *image, const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, image_is_log, alphasort);

	assert(count >= 0);
	image->count = 0;
	for (int i = 0; i < count; i++) {
		struct image_file *file = image_add(image, entries[i]->d_name);
		char path[512];
		struct stat st;
		int fd;

		assert(file != NULL);
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1 || fstat(fd, &st) == -1)
			abort();
		buf_reserve(&file->bytes, (size_t)st.st_size);
		if (read(fd, file->bytes.data, (size_t)st.st_size) !=
		    st.st_size)
			abort();
		buf_set_len(&file->bytes, (size_t)st.st_size);
		close(fd);
		free(entries[i]);
	}
	free(entries);
}

static inline void
image_clear_folder(const char *dir)
{
	DIR *listing = opendir(dir);
	struct dirent *entry;

	assert(listing != NULL);
	while ((entry = readdir(listing)) != NULL)
		unlinkat(dirfd(listing), entry->d_name, 0);
	closedir(listing);
}

static inline void
image_write(const struct image *image, const char *dir)
{
	image_clear_folder(dir);
	for (size_t i = 0; i < image->count; i++) {
		const struct image_file *file = &image->files[i];
		char path[512];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, file->name);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd == -1 || write(fd, file->bytes.data, file->bytes.len) !=
				    (ssize_t)file->bytes.len)
			abort();
		close(fd);
	}
}

/* --- lines -------------------------------------------------------------- */

/* Where in the file a line stands, its '\n' included. */
struct image_line {
	size_t at, len;
};

static inline size_t
image_count_lines(const struct image_file *file)
{
	size_t lines = 0;

	for (size_t i = 0; i < file->bytes.len; i++)
		lines += file->bytes.data[i] == '\n';
	return lines;
}

/* Line `number`, from 0; the file has it. */
static inline struct image_line
image_line(const struct image_file *file, size_t number)
{
	const char *from = file->bytes.data;
	const char *end = from + file->bytes.len;

	for (;; number--) {
		const char *newline = memchr(from, '\n', (size_t)(end - from));

		assert(newline != NULL);
		if (number == 0)
			return (struct image_line){ (size_t)(from -
							     file->bytes.data),
				(size_t)(newline - from) + 1 };
		from = newline + 1;
	}
}

static inline char *
image_find(struct image_file *file, struct image_line line, const char *text)
{
	return memmem(file->bytes.data + line.at, line.len, text, strlen(text));
}

/* --- what a forger does ------------------------------------------------- */

enum { IMAGE_HEX = 2 * SHA256_BYTES };

static inline void
image_put_hash(char *hex, struct slice hashed)
{
	static struct sha256 *sha256;
	unsigned char hash[SHA256_BYTES];
	struct buf digits = BUF_INIT;

	if (sha256 == NULL)
		sha256 = sha256_new();
	sha256_digest(sha256, hashed, hash);
	buf_add_hex(&digits, hash, sizeof(hash));
	memcpy(hex, digits.data, IMAGE_HEX);
	buf_free(&digits);
}

/* Make the two hashes of a line right, whatever stands in it; where it has
 * none, it stays. Returns where its entry_hash stands, or NULL. */
static inline char *
image_rehash(struct image_file *file, struct image_line line)
{
	static const char payload_key[] = ",\"payload_hash\":\"";
	static const char entry_key[] = ",\"entry_hash\":\"";
	char *from = file->bytes.data + line.at;
	char *end = from + line.len - 2; /* '}' */
	char *payload_hash = image_find(file, line, payload_key);
	char *entry_key_at = image_find(file, line, entry_key);
	char *entry_hash, *payload;

	if (payload_hash == NULL || entry_key_at == NULL ||
	    payload_hash > entry_key_at)
		return NULL;
	payload_hash += sizeof(payload_key) - 1;
	entry_hash = entry_key_at + sizeof(entry_key) - 1;
	payload = entry_hash + IMAGE_HEX + 2;
	if (payload >= end || payload_hash + IMAGE_HEX > entry_key_at)
		return NULL;
	if (strncmp(payload, "\"erased_by\"", 11) != 0)
		image_put_hash(payload_hash,
		    (struct slice){ payload, (size_t)(end - payload) });
	image_put_hash(
	    entry_hash, (struct slice){ from, (size_t)(entry_key_at - from) });
	return entry_hash;
}

static inline void
image_replace_hash(struct image_file *file, struct image_line line,
    const char *key, const char *hash)
{
	char *at = image_find(file, line, key);
	size_t len = strlen(key);

	if (at != NULL &&
	    at + len + IMAGE_HEX < file->bytes.data + line.at + line.len)
		memcpy(at + len, hash, IMAGE_HEX);
}

/* Make the hashes right of the line `number` of the file `index`; then, if
 * `to_the_end`, the chain from there on, as far as there are hashes. */
static inline void
image_forge(struct image *image, size_t index, size_t number, bool to_the_end)
{
	char hash[IMAGE_HEX] = { 0 };

	for (; index < image->count; index++, number = 0) {
		struct image_file *file = &image->files[index];
		size_t lines = image_count_lines(file);

		for (; number < lines; number++) {
			struct image_line line = image_line(file, number);
			const char *made;

			if (hash[0] != '\0') {
				image_replace_hash(
				    file, line, ",\"prev_hash\":\"", hash);
				image_replace_hash(
				    file, line, "\"previous_hash\":\"", hash);
			}
			made = image_rehash(file, line);
			if (made == NULL || !to_the_end)
				return;
			memcpy(hash, made, IMAGE_HEX);
		}
	}
}

#endif
