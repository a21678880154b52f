/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stdint.h>

#include "pace.h"

/* Level 0 is one command of so many bytes. */
#define LEAST_BYTES (UINT64_C (512) * 1024)

/* No round that took longer is followed by a larger one: other requests for
 * the LUN may have to wait for it.
 */
#define QUICK_MS 1000

/* 32 commands side by side. */
#define MAX_DOUBLINGS 5

/* An eighth of what went unanswered: each try costs a timeout and the
 * session.
 */
#define UNANSWERED_STEPS 3

/* The level to begin with, and that of the longest command.  WRITE SAME may
 * write every block, PRE-FETCH read them; UNMAP is a change of the map, and
 * often takes as long for much as for little.
 */
static const struct {
  unsigned first, longest;
} levels[] = {
  [SLOW_SAME] = { 4, 6 },       /* 8 and 32 MiB */
  [SLOW_UNMAP] = { 9, 9 },      /* 256 MiB */
  [SLOW_PREFETCH] = { 4, 6 },
};

static void
set_level (struct pace *p, unsigned level)
{
  p->level = level + 1;
}

static unsigned
level_of (const struct pace *p, enum slow kind)
{
  const unsigned level = p->level;

  return level ? level - 1 : levels[kind].first;
}

struct portion
pace_next (const struct pace *p, enum slow kind)
{
  const unsigned level = level_of (p, kind), longest = levels[kind].longest;

  if (level <= longest)
    return (struct portion) { 1, LEAST_BYTES << level };
  return (struct portion) { 1U << (level - longest), LEAST_BYTES << longest };
}

/* What took long, but was answered, is not made shorter: it need not be any
 * quicker then, and there would be more of them.
 */
void
pace_learn (struct pace *p, enum slow kind, bool held_back,
            uint64_t ms, unsigned timeout_ms)
{
  const unsigned level = level_of (p, kind), longest = levels[kind].longest;

  if (ms > timeout_ms / 2) {
    if (level > longest)
      set_level (p, level - 1);
  }
  else if (held_back && ms < QUICK_MS && ms < timeout_ms / 8 &&
           level < longest + MAX_DOUBLINGS)
    set_level (p, level + 1);
}

void
pace_unanswered (struct pace *p, enum slow kind)
{
  const unsigned level = level_of (p, kind), longest = levels[kind].longest;

  if (level > longest)
    set_level (p, longest);
  else
    set_level (p, level > UNANSWERED_STEPS ? level - UNANSWERED_STEPS : 0);
}
