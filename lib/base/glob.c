#include "base/glob.h"

#include <stdint.h>

bool
glob_fits(struct slice glob, struct slice text)
{
	size_t g = 0, t = 0;
	size_t star = SIZE_MAX; /* the last '*', … */
	size_t from = 0; /* … and what follows the text it stands for */

	while (t < text.len) {
		if (g < glob.len && glob.data[g] == '*') {
			star = g++;
			from = t;
		} else if (g < glob.len && glob.data[g] == text.data[t]) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (g < glob.len && glob.data[g] == '*')
		g++;
	return g == glob.len;
}
