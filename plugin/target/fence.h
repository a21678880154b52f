/* SPDX-License-Identifier: BSD-3-Clause */

/* The fence: no write is ever overtaken by an older copy of itself.  One for
 * each LUN that is in use, whatever the path.
 *
 * 1. A write that a session had, and that was not answered when the session
 *    was lost, is unsettled on its nexus: the target may still execute it.
 * 2. It is settled by a login of that nexus in the portal group where it was
 *    left, which reinstates the session and so ends its tasks (RFC 7143
 *    sections 4.4.3, 6.3.5), or by a LOGICAL UNIT RESET, which ends those of
 *    every nexus (SAM-5 section 6.3.3).
 * 3. While anything is unsettled no write is sent to the LUN.  Reads are,
 *    unless what they read is to be written.
 *
 * Any thread, without a lock.
 */

#ifndef ISCSI_FENCE_H
#define ISCSI_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct fence {
  /* For each nexus the loss (a number of its own) that left a write
   * unsettled, and the portal group where (fence.c); 0: none did.
   */
  _Atomic uint64_t marks[MAX_SESSIONS];
  atomic_uint unsettled;        /* of these, not 0 */
};

/* Rule 1.  ‘loss’ is not 0, and was never used before for this nexus; ‘group’
 * is the tag of the session's portal group, -1: not told.  To be called before
 * the writes' threads learn of it, by one thread at a time for each nexus.
 */
extern void fence_mark (struct fence *f, unsigned nexus, uint64_t loss,
                        int group);

/* Rule 2, the login: ‘nexus’ has a new session in that portal group (-1: not
 * told), and no command was sent over it yet.
 */
extern void fence_settle (struct fence *f, unsigned nexus, int group);

/* Rule 2, the reset: what was unsettled before it is settled after it. */
struct fence_snapshot {
  uint64_t marks[MAX_SESSIONS];
};
extern void fence_before_reset (const struct fence *f,
                                struct fence_snapshot *before);
extern void fence_after_reset (struct fence *f,
                               const struct fence_snapshot *before);

/* Rule 3. */
static inline bool
fence_is_open (const struct fence *f)
{
  return atomic_load (&f->unsettled) == 0;
}

/* Has this nexus left anything? */
static inline bool
fence_has (const struct fence *f, unsigned nexus)
{
  return atomic_load (&f->marks[nexus]) != 0;
}

/* And does a login in that portal group settle it? */
extern bool fence_has_in (const struct fence *f, unsigned nexus, int group);

#endif /* ISCSI_FENCE_H */
