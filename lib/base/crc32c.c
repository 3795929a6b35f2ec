#include "base/crc32c.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78u /* Castagnoli's, its bits reversed */

static uint32_t table[256];
static uint32_t (*update)(uint32_t state, const char *data, size_t len);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t
update_by_table(uint32_t state, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		state = (state >> 8) ^
			table[(state ^ (unsigned char)data[i]) & 0xff];
	return state;
}

#ifdef __x86_64__
/* Eight bytes a step: 8 KiB in a microsecond, where the table takes twenty. */
__attribute__((target("sse4.2"))) static uint32_t
update_by_instruction(uint32_t state, const char *data, size_t len)
{
	uint64_t wide = state, word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	state = (uint32_t)wide;
	for (; len > 0; data++, len--)
		state = __builtin_ia32_crc32qi(state, (unsigned char)*data);
	return state;
}
#endif

static void
choose(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value =
			    (value >> 1) ^ ((value & 1) != 0 ? POLYNOMIAL : 0);
		table[i] = value;
	}
	update = update_by_table;
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		update = update_by_instruction;
#endif
}

uint32_t
crc32c(uint32_t before, struct slice bytes)
{
	pthread_once(&once, choose);
	return ~update(~before, bytes.data, bytes.len);
}
