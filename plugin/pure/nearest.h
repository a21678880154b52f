/* SPDX-License-Identifier: BSD-3-Clause */

/* Which key an unknown one was most likely meant to be.  Pure. */

#ifndef ISCSI_NEAREST_H
#define ISCSI_NEAREST_H

#include <stddef.h>

/* Of the keys in ‘help’ (lines that start with "key=" or "[key=]", as
 * nbdkit --help prints them), the one that ‘word’ is a misspelling or an
 * abbreviation of.  Returns where it starts in ‘help’ and sets ‘*len’; NULL
 * if there is none, or if two are as near.  Reports no errors; any thread.
 */
extern const char *nearest_key (const char *help, const char *word,
                                size_t *len);

#endif /* ISCSI_NEAREST_H */
