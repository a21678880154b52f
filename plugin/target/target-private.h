/* SPDX-License-Identifier: BSD-3-Clause */

/* Shared by the files of a target in use, each with a job of its own:
 *   target.c     what there is, and waiting for a change of it
 *   users.c      how many nexuses there are, and which one a user has
 *   nexus-ops.c  what a nexus asks of its target
 *   round.c      a login at one of the portals, in turn or side by side
 *   placement.c  at which portal a nexus logs in, and when it moves
 *   settle.c     the writes that lost sessions have left
 *   eviction.c   targets that keep one session
 *
 * All of it is called under the lock unless it says otherwise.
 */

#ifndef ISCSI_TARGET_PRIVATE_H
#define ISCSI_TARGET_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target.h"

/* The next nexus of the target; NULL comes before the first one, and after the
 * last.
 */
static inline struct nexus *
nexus_after (const struct target *t, const struct nexus *n)
{
  unsigned i = n ? n->number + 1 : 0;

  while (i < MAX_SESSIONS && t->nexuses[i] == NULL)
    i++;
  return i < MAX_SESSIONS ? t->nexuses[i] : NULL;
}

/* Has it a session that it is to keep, or is it to get one? */
static inline bool
nexus_is_wanted (const struct nexus *n)
{
  return !n->ended && !n->retired;
}

/* ---- target.c ---- */

/* Have the threads of all nexuses look. */
extern void target_ring (struct target *t);

/* A target that refused a further session is not asked again for so long. */
#define FULL_MS 60000

/* ---- nexus-ops.c ---- */

extern const struct nexus_ops target_nexus_ops;

/* ---- round.c ---- */

/* Try the portals until the nexus has a session, and settle what it has left.
 * NULL with the sentence of the try that got furthest; ESHUTDOWN: asked to stop.
 * Without the lock; blocks.
 */
extern struct session *round_log_in (struct target *t, struct nexus *n,
                                     const struct stop *stop,
                                     struct error *err);

/* ---- placement.c ---- */

/* How often to look for a better portal, or while no path carries I/O. */
#define REBALANCE_MS 5000
#define HURRY_MS     1000

/* One try to log in somewhere. */
struct attempt {
  size_t portal;
  struct address at;
  uint64_t begun, deadline;     /* clock_ms; it may not have begun yet */
  unsigned connect_ms;          /* of it, for the connection; 0: all of it */
  bool passed;                  /* another one was made beside it */
  bool over;
  struct session *session;      /* what came of it, or NULL and the reason */
  struct error err;
};

/* Where a nexus is to log in, as things are: at no portal where one of its
 * attempts, of which there are ‘tried’, is not over, if there is another.
 */
extern size_t placement_choose (const struct target *t, const struct nexus *n,
                                const struct attempt *attempts, size_t tried);

/* Before that: find out which portals take connections.  Lets go of the lock
 * meanwhile.
 */
extern void placement_probe (struct target *t);

/* The next one of a round is to be made: fill in attempts[tried].  The portals
 * of those before that have no answer yet have failed.  Returns how many ms it
 * has before another one is made beside it; RACE_NO_MORE: there is none to be
 * made in this round.
 */
extern unsigned placement_begin (struct target *t, struct nexus *n,
                                 struct attempt *attempts, size_t tried);

/* What came of it: a session that the nexus is to have, or none. */
extern void placement_note_login (struct target *t, struct nexus *n,
                                  const struct attempt *a);
extern void placement_note_failure (struct target *t, const struct attempt *a);

/* Until when the first session of a nexus is tried for (clock_ms). */
extern uint64_t placement_limit (const struct target *t,
                                 const struct nexus *n);

/* Does any of these portals, which failed, take a connection again?  They are
 * tried side by side, for a second.  Lets go of the lock meanwhile.
 */
extern bool placement_try (struct target *t, const size_t *which, size_t n);

/* Is there a better portal for a nexus that is up, one that takes connections?
 * Lets go of the lock meanwhile.
 */
extern bool placement_has_better (struct target *t, struct nexus *n);

/* Is there a portal where no nexus is, and that may be better for the LUN than
 * what it has?
 */
extern bool placement_lacks (const struct lu *lu, unsigned rank);

/* ---- settle.c ---- */

/* Has this nexus left unsettled writes? */
extern bool settle_has (const struct target *t, const struct nexus *n);

/* Does a login in that portal group settle some of them? */
extern bool settle_works_in (const struct target *t, const struct nexus *n,
                             int group);

/* Has the target refused to reset one of those LUNs? */
extern bool settle_was_refused (const struct target *t, const struct nexus *n);

/* Make sure that nothing which the sessions before were sent is executed any
 * more, over a new session of the nexus that carries nothing yet.  -1 with a
 * sentence: the session is of no use.  Without the lock; blocks.
 */
extern int settle_old_writes (struct target *t, struct nexus *n,
                              struct session *s, const struct stop *stop,
                              struct error *err);

/* The nexus has left writes and finds no room for its session: one that is up
 * logs in again and makes the reset for it.  Where that was refused that is
 * rare, and the nexus has the first try to get in.
 */
extern void settle_for (struct target *t, const struct nexus *n);

/* The nexus has got in, or has failed. */
extern void settle_end_turn (struct target *t, const struct nexus *n);

/* Is it time for the nexus to log in again, since it could not? */
extern bool settle_is_due (struct target *t, struct nexus *n);

/* ---- eviction.c ---- */

/* A nexus has lost its session, and the target was not silent. */
extern void eviction_note (struct target *t, const struct nexus *lost,
                           uint64_t now);

/* Where it was found long ago that a target keeps one session: it may have
 * more now.
 */
extern void eviction_doubt (struct target *t);

#endif /* ISCSI_TARGET_PRIVATE_H */
