/* SPDX-License-Identifier: BSD-3-Clause */

/* filter_add, filter_allows, filter_may_allow and filter_may_allow_numbers: three
 * lines, the patterns and the name.
 */

#include <config.h>

#include <string.h>
#include <strings.h>

#include "filter.h"
#include "fuzz.h"

/* As long as names are; fnmatch(3) is slow where they have no limit. */
#define MAX_LINE 64

static char *
take_line (char **rest)
{
  char *line = *rest, *end = line + strcspn (line, "\n");

  *rest = *end ? end + 1 : end;
  *end = '\0';
  if (end - line > MAX_LINE)
    line[MAX_LINE] = '\0';
  return line;
}

/* ‘id’ may be NULL. */
static bool
allows (const struct filter *f, const char *name, const char *id)
{
  struct filter_matches m = { .included = false };

  filter_consider (f, name, &m);
  if (id)
    filter_consider (f, id, &m);
  return filter_allows (f, &m);
}

/* A number behind the name is not allowed where none could be. */
static void
require_numbers (const struct filter *f, const char *name)
{
  char one[MAX_LINE + 2];

  snprintf (one, sizeof one, "%s7", name);
  if (!filter_may_allow_numbers (f, name, 9))
    REQUIRE (!filter_may_allow (f, one));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char id[] = "id:naa.6001405";
  char *str = input_string (&(struct input) { data, size }), *rest = str;
  const char *one = take_line (&rest), *two = take_line (&rest);
  const char *name = take_line (&rest);
  struct filter f = { NULL, 0 };
  struct error err;

  while (strncasecmp (name, "id:", 3) == 0)
    name += 3;                  /* no name in a list begins so */
  REQUIRE (allows (&f, name, NULL) && filter_may_allow (&f, name));
  filter_add (&f, one, &err);
  filter_add (&f, two, &err);
  /* What might be told at once is not taken back. */
  if (!filter_may_allow (&f, name)) {
    REQUIRE (!allows (&f, name, NULL));
    REQUIRE (!allows (&f, name, id));
  }
  require_numbers (&f, name);
  filter_add (&f, "!*", &err);
  REQUIRE (!allows (&f, name, id) && !filter_may_allow (&f, name));
  filter_free (&f);
  free (str);
  return 0;
}
