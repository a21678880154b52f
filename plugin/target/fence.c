/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include "fence.h"

/* The count goes up before the mark is seen and down after it is gone, so
 * that fence_is_open never says yes too early.
 */
void
fence_mark (struct fence *f, unsigned nexus, uint64_t loss)
{
  atomic_fetch_add (&f->unsettled, 1);
  if (atomic_exchange (&f->losses[nexus], loss) != 0)
    atomic_fetch_sub (&f->unsettled, 1); /* one mark for both losses */
}

static void
clear (struct fence *f, unsigned nexus, uint64_t loss)
{
  if (loss != 0 &&
      atomic_compare_exchange_strong (&f->losses[nexus], &loss, 0))
    atomic_fetch_sub (&f->unsettled, 1);
}

void
fence_settle (struct fence *f, unsigned nexus)
{
  clear (f, nexus, atomic_load (&f->losses[nexus]));
}

void
fence_before_reset (const struct fence *f, struct fence_snapshot *before)
{
  unsigned i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    before->losses[i] = atomic_load (&f->losses[i]);
}

void
fence_after_reset (struct fence *f, const struct fence_snapshot *before)
{
  unsigned i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    clear (f, i, before->losses[i]);
}
