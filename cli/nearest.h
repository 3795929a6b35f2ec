/* What may have been meant by a word that nobody knows. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

/* The one of `names` (ends in NULL) that `word` is a slip of the finger away
 * from, or NULL. */
const char *nearest_word(const char *word, const char *const *names);

#endif
