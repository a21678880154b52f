/* SPDX-License-Identifier: BSD-3-Clause */

/* export-filter=: which exports there are.  Patterns of fnmatch(3) in either
 * case of letters: those that begin with "id:" are for designators, the others
 * for the names in the list (export-name.h).  An export has one name in the
 * list and any number of designators.  It is allowed if no pattern that begins
 * with '!' matches one of them, and one of the others does, if there are any.
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

/* Is there a pattern for designators? */
extern bool filter_has_ids (const struct filter *f);

/* What matches an export, at first nothing. */
struct filter_matches {
  bool included, excluded;
};

/* Look at one of its names: that in the list, or "id:" and a designator. */
extern void filter_consider (const struct filter *f, const char *name,
                             struct filter_matches *m);

/* Is it allowed, when all of its names were looked at? */
extern bool filter_allows (const struct filter *f,
                           const struct filter_matches *m);

/* Its name in the list, where the designators are not known: false only if
 * none could make it true.
 */
extern bool filter_may_allow (const struct filter *f, const char *name);

/* The same for ‘prefix’ and a number from 0 to ‘max’ behind it: is there one?
 * Quick where no number makes a difference.
 */
extern bool filter_may_allow_numbers (const struct filter *f,
                                      const char *prefix, unsigned max);

#endif /* ISCSI_FILTER_H */
