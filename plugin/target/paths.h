/* SPDX-License-Identifier: BSD-3-Clause */

/* Choosing paths: tables in, a choice out.  No I/O, no lock; the unit test is
 * the specification.
 */

#ifndef ISCSI_PATHS_H
#define ISCSI_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How good a path is for a LUN: alua_rank, or one of these. */
#define RANK_UNKNOWN  1         /* as good as active/optimized, until asked */
#define RANK_STRANGER 0xfe      /* another LUN is there */

/* A nexus, as a LUN sees it. */
struct nexus_view {
  bool usable;                  /* it has a session, and is to keep it */
  unsigned rank;
  unsigned users;
};

/* The nexus for one more user: of those in the best state the one with the
 * fewest users.  ‘now’ is the one that the user has (-1: none): it is only
 * left for a better state, or for one that has two users less, since then
 * both have fewer afterwards.  -1: there is none that carries I/O.
 */
extern int paths_choose_nexus (const struct nexus_view *v, size_t n, int now);

/* A portal, as a nexus that has to log in sees it. */
struct portal_view {
  uint64_t failed_at;           /* clock_ms, 0: not since it worked last */
  bool alive;                   /* old writes are to be settled, and the target
                                   was heard there since they were left */
  bool settles;                 /* a login there settles old writes */
  unsigned rank;                /* the best that it has for any LUN in use */
  unsigned nexuses;             /* others that are there */
};

/* Where to log in: a portal that has not failed before one that has, then one
 * that is alive, then the group that settles old writes, then the best state,
 * then the fewest nexuses.  Of those that failed the one that did so first.
 * n > 0.
 */
extern size_t paths_choose_portal (const struct portal_view *v, size_t n);

/* Is a nexus at portal ‘now’ better off elsewhere?  In a better state, or
 * where there are two nexuses less.  The portal, or -1.
 */
extern int paths_better_portal (const struct portal_view *v, size_t n,
                                size_t now);

#endif /* ISCSI_PATHS_H */
