/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter.h"

bool
pattern_matches (const char *pattern, const char *name)
{
  return strcasecmp (pattern, name) == 0 ||
    fnmatch (pattern, name, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
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
