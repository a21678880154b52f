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
is_about_ids (const char *pattern)
{
  return strncasecmp (pattern, "id:", 3) == 0;
}

/* ‘id’ is NULL where it is not known. */
static bool
allows (const struct filter *f, const char *name, const char *id)
{
  bool included = true;         /* while no pattern includes anything */
  size_t i;

  for (i = 0; i < f->n; ++i)
    if (f->patterns[i][0] != '!')
      included = false;
  for (i = 0; i < f->n; ++i) {
    const bool excludes = f->patterns[i][0] == '!';
    const char *pattern = f->patterns[i] + excludes;
    const char *what = is_about_ids (pattern) ? id : name;
    const bool matches = what ? pattern_matches (pattern, what) : !excludes;

    if (matches && excludes)
      return false;
    included |= matches;
  }
  return included;
}

bool
filter_allows (const struct filter *f, const char *name, const char *id)
{
  return allows (f, name, id);
}

bool
filter_may_allow (const struct filter *f, const char *name)
{
  return allows (f, name, NULL);
}
