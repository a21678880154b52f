/* SPDX-License-Identifier: BSD-3-Clause */

/* When writes may be sent: the rules of fence.h, one by one. */

#include <config.h>

#include "check.h"
#include "fence.h"

static void
test_mark_and_settle (void)
{
  struct fence f = { .unsettled = 0 };

  CHECK (fence_is_open (&f));
  fence_mark (&f, 3, 1, 1);
  CHECK (!fence_is_open (&f));
  CHECK (fence_has (&f, 3));
  CHECK (!fence_has (&f, 2));

  /* Of another nexus: nothing. */
  fence_settle (&f, 2, 1);
  CHECK (!fence_is_open (&f));
  fence_settle (&f, 3, 1);
  CHECK (fence_is_open (&f));
  fence_settle (&f, 3, 1);
  CHECK (fence_is_open (&f));
}

/* Several writes, or several losses, of a nexus are settled by one login. */
static void
test_marks_of_one_nexus (void)
{
  struct fence f = { .unsettled = 0 };

  fence_mark (&f, 0, 1, 1);
  fence_mark (&f, 0, 1, 1);
  fence_mark (&f, 0, 2, 1);
  fence_settle (&f, 0, 1);
  CHECK (fence_is_open (&f));
}

static void
test_each_nexus_counts (void)
{
  struct fence f = { .unsettled = 0 };
  unsigned i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    fence_mark (&f, i, i + 1, 1);
  for (i = 0; i < MAX_SESSIONS; ++i) {
    CHECK (!fence_is_open (&f));
    fence_settle (&f, i, 1);
  }
  CHECK (fence_is_open (&f));
}

/* A login settles what was left in its own portal group, and no login what was
 * left in several, or where the target told none.
 */
static void
test_groups (void)
{
  struct fence f = { .unsettled = 0 };

  fence_mark (&f, 0, 1, 0);
  fence_mark (&f, 1, 1, 0xffff);
  CHECK (fence_has_in (&f, 0, 0));
  CHECK (!fence_has_in (&f, 1, 0));
  CHECK (!fence_has_in (&f, 2, 0));
  fence_settle (&f, 0, 1);
  fence_settle (&f, 0, -1);
  fence_settle (&f, 1, 0);
  CHECK (fence_has (&f, 0));
  CHECK (fence_has (&f, 1));
  fence_settle (&f, 0, 0);
  CHECK (!fence_has (&f, 0));
  fence_settle (&f, 1, 0xffff);
  CHECK (fence_is_open (&f));

  fence_mark (&f, 0, 2, 1);
  fence_mark (&f, 0, 3, 2);
  fence_mark (&f, 0, 4, 2);
  fence_mark (&f, 1, 2, -1);
  CHECK (!fence_has_in (&f, 0, 2));
  CHECK (!fence_has_in (&f, 1, -1));
  fence_settle (&f, 0, 0);
  fence_settle (&f, 0, 1);
  fence_settle (&f, 0, 2);
  fence_settle (&f, 1, -1);
  fence_settle (&f, 1, 0);
  CHECK (fence_has (&f, 0));
  CHECK (fence_has (&f, 1));
}

/* A reset settles what was unsettled before it, of all nexuses, and nothing
 * of what was lost since it began.
 */
static void
test_reset (void)
{
  struct fence f = { .unsettled = 0 };
  struct fence_snapshot before;

  fence_mark (&f, 0, 1, 1);
  fence_mark (&f, 1, 7, 1);
  fence_before_reset (&f, &before);
  fence_after_reset (&f, &before);
  CHECK (fence_is_open (&f));

  fence_mark (&f, 0, 2, 1);
  fence_mark (&f, 1, 8, 1);
  fence_mark (&f, 3, 1, 1);
  fence_mark (&f, 3, 2, 2);
  fence_before_reset (&f, &before);
  fence_mark (&f, 2, 1, 1);     /* another nexus is lost meanwhile */
  fence_settle (&f, 1, 1);      /* the same logs in, and is lost again */
  fence_mark (&f, 1, 9, 1);
  fence_mark (&f, 3, 3, 2);     /* no login settles it, and it is lost again */
  fence_after_reset (&f, &before);
  CHECK (!fence_has (&f, 0));
  CHECK (fence_has (&f, 1));
  CHECK (fence_has (&f, 2));
  CHECK (fence_has (&f, 3));
  CHECK (!fence_is_open (&f));
}

int
main (void)
{
  test_mark_and_settle ();
  test_marks_of_one_nexus ();
  test_each_nexus_counts ();
  test_groups ();
  test_reset ();
  return check_summary ();
}
