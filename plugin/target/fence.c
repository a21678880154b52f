/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include "fence.h"

/* A mark: the number of the loss, and below it the tag of the portal group (16
 * bits, RFC 7143 section 13.9), or that it is not known.
 */
#define GROUP_BITS    17
#define UNKNOWN_GROUP 0x10000U

static uint64_t
make_mark (uint64_t loss, int group)
{
  return loss << GROUP_BITS | (group >= 0 ? (unsigned) group : UNKNOWN_GROUP);
}

static unsigned
group_of (uint64_t mark)
{
  return mark & ((1U << GROUP_BITS) - 1);
}

/* The count goes up before the mark is seen and down after it is gone, so
 * that fence_is_open never says yes too early.  One mark is for all losses,
 * and those in several groups no login settles.
 */
void
fence_mark (struct fence *f, unsigned nexus, uint64_t loss, int group)
{
  uint64_t old, mark;

  atomic_fetch_add (&f->unsettled, 1);
  old = atomic_load (&f->marks[nexus]);
  do {
    mark = make_mark (loss, group);
    if (old != 0 && group_of (old) != group_of (mark))
      mark = make_mark (loss, -1);
  } while (!atomic_compare_exchange_weak (&f->marks[nexus], &old, mark));
  if (old != 0)
    atomic_fetch_sub (&f->unsettled, 1);
}

static void
clear (struct fence *f, unsigned nexus, uint64_t mark)
{
  if (mark != 0 &&
      atomic_compare_exchange_strong (&f->marks[nexus], &mark, 0))
    atomic_fetch_sub (&f->unsettled, 1);
}

static bool
is_settled_in (uint64_t mark, int group)
{
  return mark != 0 && group >= 0 && group_of (mark) == (unsigned) group;
}

void
fence_settle (struct fence *f, unsigned nexus, int group)
{
  const uint64_t mark = atomic_load (&f->marks[nexus]);

  if (is_settled_in (mark, group))
    clear (f, nexus, mark);
}

bool
fence_has_in (const struct fence *f, unsigned nexus, int group)
{
  return is_settled_in (atomic_load (&f->marks[nexus]), group);
}

void
fence_before_reset (const struct fence *f, struct fence_snapshot *before)
{
  unsigned i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    before->marks[i] = atomic_load (&f->marks[i]);
}

void
fence_after_reset (struct fence *f, const struct fence_snapshot *before)
{
  unsigned i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    clear (f, i, before->marks[i]);
}
