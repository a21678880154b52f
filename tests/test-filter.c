/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "filter.h"

#define A1 "iqn.x:a/1"
#define B1 "iqn.x:b/1"
#define ID "id:naa.6001405a"
#define SERIAL "id:serial.1"

/* With up to two ids. */
static bool
allows (const struct filter *f, const char *name, const char *one,
        const char *two)
{
  struct filter_matches m = { .included = false };

  filter_consider (f, name, &m);
  if (one)
    filter_consider (f, one, &m);
  if (two)
    filter_consider (f, two, &m);
  return filter_allows (f, &m);
}

/* Up to three patterns; which exports of these two they allow, with an id and
 * without one, and whether they may if the id is not known.
 */
static const struct {
  const char *patterns[3];
  bool a1, a1_id, a1_may, b1;
} rows[] = {
  { { NULL }, true, true, true, true },
  { { "*" }, true, true, true, true },
  { { A1 }, true, true, true, false },
  { { "IQN.X:A/*" }, true, true, true, false },
  { { "iqn.x:[a]/[0-9]" }, true, true, true, false },
  { { "*/1" }, true, true, true, true },
  { { "*/2" }, false, false, false, false },
  { { "iqn.x:a/2" }, false, false, false, false },
  { { "!*" }, false, false, false, false },
  { { "!" A1 }, false, false, false, true },
  { { "!iqn.x:b/*" }, true, true, true, false },
  { { "*", "!" A1 }, false, false, false, true },
  { { "!" A1, "*" }, false, false, false, true },
  { { A1, B1 }, true, true, true, true },
  { { A1, B1, "!*:b/*" }, true, true, true, false },
  { { "id:naa.6001405*" }, false, true, true, false },
  { { "ID:NAA.6001405A" }, false, true, true, false },
  { { "!id:naa.6001405*" }, true, false, true, true },
  { { A1, "!" ID }, true, false, true, false },
  { { "id:t10.*" }, false, false, true, false },
  { { "i?:naa*" }, false, false, false, false },
  { { "*a" }, false, false, false, false },
  { { "iqn*", "!id:*" }, true, false, true, true },
  { { "1" }, false, false, false, false },
};

static void
test_rows (void)
{
  struct error err;
  size_t i, j;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct filter f = { NULL, 0 };

    check_row = rows[i].patterns[0];
    for (j = 0; j < 3 && rows[i].patterns[j]; j++)
      CHECK_INT (filter_add (&f, rows[i].patterns[j], &err), 0);
    CHECK_INT (allows (&f, A1, NULL, NULL), rows[i].a1);
    CHECK_INT (allows (&f, A1, ID, NULL), rows[i].a1_id);
    CHECK_INT (allows (&f, A1, SERIAL, ID), rows[i].a1_id);
    CHECK_INT (allows (&f, A1, ID, SERIAL), rows[i].a1_id);
    CHECK_INT (filter_may_allow (&f, A1), rows[i].a1_may);
    CHECK_INT (allows (&f, B1, NULL, NULL), rows[i].b1);
    filter_free (&f);
    CHECK_UINT (f.n, 0);
  }
  check_row = NULL;
}

static void
test_refused (void)
{
  static const char *const bad[] = { "", "!" };
  struct filter f = { NULL, 0 };
  struct error err;
  size_t i;

  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_INT (filter_add (&f, bad[i], &err), -1);
    CHECK_INT (err.err, EINVAL);
    CHECK_CONTAINS (err.msg, "pattern");
    CHECK_UINT (f.n, 0);
  }
  filter_free (&f);
}

static void
test_patterns (void)
{
  CHECK (pattern_matches ("[::1]:3260", "[::1]:3260"));
  CHECK (pattern_matches ("a*", "A/b"));
  CHECK (!pattern_matches ("a?", "a"));
  CHECK (pattern_matches ("a\\b", "a\\b"));
}

/* Each of the ids counts, not the first or the best one alone. */
static void
test_each_id (void)
{
  struct filter f = { NULL, 0 };
  struct error err;

  CHECK (!filter_has_ids (&f));
  CHECK_INT (filter_add (&f, "!id:serial.1", &err), 0);
  CHECK (filter_has_ids (&f));
  CHECK (!allows (&f, A1, ID, SERIAL));
  CHECK (!allows (&f, A1, SERIAL, ID));
  CHECK (allows (&f, A1, ID, NULL));
  filter_free (&f);
  CHECK_INT (filter_add (&f, "id:serial.*", &err), 0);
  CHECK (allows (&f, A1, ID, SERIAL));
  CHECK (!allows (&f, A1, ID, NULL));
  CHECK_INT (filter_add (&f, "!id:naa.*", &err), 0);
  CHECK (!allows (&f, A1, ID, SERIAL));
  filter_free (&f);
}

/* One number after the other. */
static bool
may_allow_slowly (const struct filter *f, const char *prefix, unsigned max)
{
  char name[64];
  unsigned i;

  for (i = 0; i <= max; ++i) {
    snprintf (name, sizeof name, "%s%u", prefix, i);
    if (filter_may_allow (f, name))
      return true;
  }
  return false;
}

/* Patterns made of what is in the names, and of what is none: whatever is told
 * without looking at the numbers is what the numbers say.
 */
static void
test_numbers (void)
{
  static const char *const pieces[] = {
    "iqn.x:a", "IQN.X:b/", "/", "*", "?", "1", "12", "[a-c]", "[0-9]", "[!1]",
    "[", "]", "id:", "!", "[*]", "**", ":", "0",
  };
  static const char *const prefixes[] = { "", "iqn.x:a/", "iqn.x:b/" };
  const size_t n = sizeof pieces / sizeof pieces[0];
  unsigned seed = 1, round, i, j;
  struct error err;

  for (round = 0; round < 20000; ++round) {
    struct filter f = { NULL, 0 };
    char pattern[64];

    for (i = 0; i < 1 + round % 3; ++i) {
      strcpy (pattern, round % 7 < 3 && i > 0 ? "!" : "");
      for (j = 0; j < 1 + round % 5; ++j) {
        seed = seed * 1103515245 + 12345;
        strcat (pattern, pieces[(seed >> 16) % n]);
      }
      filter_add (&f, pattern, &err);
    }
    check_row = pattern;
    for (i = 0; i < sizeof prefixes / sizeof prefixes[0]; ++i)
      CHECK_INT (filter_may_allow_numbers (&f, prefixes[i], 19),
                 may_allow_slowly (&f, prefixes[i], 19));
    filter_free (&f);
  }
  check_row = NULL;
}

/* A pattern leaves out the name that it is letter by letter, too; of what
 * begins with that name only what it matches.
 */
static void
test_pattern_as_name (void)
{
  static const char pattern[] = "iqn.x:[::1]*";
  struct filter f = { NULL, 0 };
  struct error err;

  CHECK_INT (filter_add (&f, "!iqn.x:[::1]*", &err), 0);
  CHECK (!filter_may_allow (&f, pattern));
  CHECK (filter_may_allow (&f, "iqn.x:[::1]*7"));
  CHECK (filter_may_allow_numbers (&f, pattern, 9));
  CHECK (!filter_may_allow_numbers (&f, "iqn.x:1", 9));
  filter_free (&f);
}

/* Of an array with thousands of targets most are left out: that is to be
 * decided for each target, not for each LUN that it could have, which would
 * take longer than this test may.
 */
static void
test_many_targets (void)
{
  static const char *const patterns[] = {
    "iqn.x:a*", "*:b/*", "iqn.x:c/1?", "!iqn.x:target*", "*[x]/1",
    "*:[a-c]/[0-9]",
  };
  struct error err;
  size_t i;
  unsigned j;

  for (i = 0; i < sizeof patterns / sizeof patterns[0]; ++i) {
    struct filter f = { NULL, 0 };
    unsigned left_out = 0;
    char prefix[64];

    filter_add (&f, patterns[i], &err);
    for (j = 0; j < 100000; ++j) {
      snprintf (prefix, sizeof prefix, "iqn.x:target%u/", j);
      left_out += !filter_may_allow_numbers (&f, prefix, 16383);
    }
    check_row = patterns[i];
    CHECK_UINT (left_out, 100000);
    filter_free (&f);
  }
  check_row = NULL;
}

int
main (void)
{
  test_rows ();
  test_each_id ();
  test_numbers ();
  test_pattern_as_name ();
  test_many_targets ();
  test_refused ();
  test_patterns ();
  return check_summary ();
}
