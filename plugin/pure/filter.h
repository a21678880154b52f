/* SPDX-License-Identifier: BSD-3-Clause */

/* export-filter=: which exports there are.  Patterns of fnmatch(3) in either
 * case of letters: those that begin with "id:" are for designators, the others
 * for the names in the list (export-name.h).  An export is allowed if no pattern
 * that begins with '!' matches, and one of the others does, if there are any.
 * Pure.
 */

#ifndef ISCSI_FILTER_H
#define ISCSI_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct filter {
  char **patterns;
  size_t n;
};

/* Does ‘name’ match, as a pattern or literally?  The '[' of an IPv6 address
 * is none of a pattern.
 */
extern bool pattern_matches (const char *pattern, const char *name);

/* -1 with a sentence; the filter is then as it was. */
extern int filter_add (struct filter *f, const char *pattern,
                       struct error *err);
extern void filter_free (struct filter *f);

/* ‘id’ is "id:" and the designator, empty where the export has none. */
extern bool filter_allows (const struct filter *f, const char *name,
                           const char *id);

/* The same where the designator is not known: false only if none could make
 * it true.
 */
extern bool filter_may_allow (const struct filter *f, const char *name);

#endif /* ISCSI_FILTER_H */
