/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter.h"

static bool
glob_matches (const char *glob, const char *name)
{
  return fnmatch (glob, name, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
}

bool
pattern_matches (const char *pattern, const char *name)
{
  return strcasecmp (pattern, name) == 0 || glob_matches (pattern, name);
}

int
filter_add (struct filter *f, const char *pattern, struct error *err)
{
  char **more;

  if (pattern[pattern[0] == '!'] == '\0')
    return error_set (err, EINVAL, "a pattern for names of exports is "
                      "missing, as in iqn.2001-04.com.example:* or "
                      "!*/0");
  more = realloc (f->patterns, (f->n + 1) * sizeof *more);
  if (more == NULL)
    return error_set (err, ENOMEM, "out of memory");
  f->patterns = more;
  more[f->n] = strdup (pattern);
  if (more[f->n] == NULL)
    return error_set (err, ENOMEM, "out of memory");
  f->n++;
  return 0;
}

void
filter_free (struct filter *f)
{
  size_t i;

  for (i = 0; i < f->n; ++i)
    free (f->patterns[i]);
  free (f->patterns);
  *f = (struct filter) { NULL, 0 };
}

static bool
is_id (const char *text)
{
  return strncasecmp (text, "id:", 3) == 0;
}

static bool
excludes (const char *pattern)
{
  return pattern[0] == '!';
}

/* Without its '!'. */
static const char *
glob_of (const char *pattern)
{
  return pattern + excludes (pattern);
}

/* Does an export have to match one? */
static bool
includes_some (const struct filter *f)
{
  size_t i;

  for (i = 0; i < f->n; ++i)
    if (!excludes (f->patterns[i]))
      return true;
  return false;
}

bool
filter_has_ids (const struct filter *f)
{
  size_t i;

  for (i = 0; i < f->n; ++i)
    if (is_id (glob_of (f->patterns[i])))
      return true;
  return false;
}

void
filter_consider (const struct filter *f, const char *name,
                 struct filter_matches *m)
{
  size_t i;

  for (i = 0; i < f->n; ++i) {
    const char *pattern = f->patterns[i], *glob = glob_of (pattern);

    if (is_id (glob) == is_id (name) && pattern_matches (glob, name))
      *(excludes (pattern) ? &m->excluded : &m->included) = true;
  }
}

bool
filter_allows (const struct filter *f, const struct filter_matches *m)
{
  return !m->excluded && (m->included || !includes_some (f));
}

bool
filter_may_allow (const struct filter *f, const char *name)
{
  struct filter_matches m = { .included = false };
  size_t i;

  filter_consider (f, name, &m);
  for (i = 0; i < f->n; ++i)
    m.included |= !excludes (f->patterns[i]) && is_id (f->patterns[i]);
  return filter_allows (f, &m);
}

/* ---- many names at once ---- */

/* More than any name or pattern that makes sense; longer ones may match. */
#define MAX_NAME 1024

/* Could it match a number?  What is between brackets may. */
static bool
may_be_number (const char *glob)
{
  static const char digits[] = "0123456789*?";
  const char *last = strrchr (glob, ']');

  glob += strspn (glob, digits);
  if (*glob == '[' && last > glob)
    glob = last + 1 + strspn (last + 1, digits);
  return *glob == '\0';
}

/* Could the pattern match the prefix and a number?  It must match the prefix
 * up to some place in it; a '*' there goes on behind it.  A place inside of
 * brackets is none, and says yes too often.
 */
static bool
may_match (const char *glob, const char *prefix)
{
  const size_t len = strlen (glob);
  char start[MAX_NAME];
  size_t i;

  if (strncasecmp (glob, prefix, strlen (prefix)) == 0 || len >= sizeof start)
    return true;
  memcpy (start, glob, len + 1);
  for (i = len; i > 0; --i) {
    start[i] = '\0';
    if (may_be_number (glob + i) && pattern_matches (start, prefix))
      return true;
  }
  return false;
}

/* Does it match whatever begins with the prefix?  Not if it only is the
 * prefix, letter by letter: behind "[::1]*" nothing may follow then.
 */
static bool
matches_all (const char *glob, const char *prefix)
{
  const size_t len = strlen (glob);

  return len > 0 && glob[len - 1] == '*' && glob_matches (glob, prefix);
}

/* Is it clear without looking at the numbers that none is allowed? */
static bool
allows_none (const struct filter *f, const char *prefix)
{
  bool may = !includes_some (f);
  size_t i;

  for (i = 0; i < f->n; ++i) {
    const char *pattern = f->patterns[i], *glob = glob_of (pattern);

    if (excludes (pattern) && !is_id (glob) && matches_all (glob, prefix))
      return true;
    may |= !excludes (pattern) && (is_id (glob) || may_match (glob, prefix));
  }
  return !may;
}

bool
filter_may_allow_numbers (const struct filter *f, const char *prefix,
                          unsigned max)
{
  char name[MAX_NAME];
  unsigned i;

  if (allows_none (f, prefix))
    return false;
  for (i = 0; i <= max; ++i) {
    if (snprintf (name, sizeof name, "%s%u", prefix, i) >= (int) sizeof name ||
        filter_may_allow (f, name))
      return true;
  }
  return false;
}
