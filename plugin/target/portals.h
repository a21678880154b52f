/* SPDX-License-Identifier: BSD-3-Clause */

/* The portals of a target: the addresses of the URL, of portal= and of
 * discovery, and what is known of each.  A list that only grows, so that a
 * portal is known by its index.
 *
 * No lock: whoever shares a list has one.  Functions that block work on a
 * list that nobody else has yet.
 */

#ifndef ISCSI_PORTALS_H
#define ISCSI_PORTALS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "resolve.h"
#include "session.h"
#include "settings.h"
#include "stop.h"

#define PORTALS_MAX 64

/* How long a login is waited for before another portal is tried beside it. */
#define ATTEMPT_MS 5000

struct portal_state {
  struct address at;
  uint64_t failed_at;           /* clock_ms, 0: not since it worked last */
  unsigned failures;            /* to log in, since it did last */
  uint64_t login_ms;            /* that the last login took; 0: none yet */
  int group;                    /* TargetPortalGroupTag; -1: not told */
  int port_group;               /* ALUA target port group; -1: not told */
};

struct portals {
  struct portal_state list[PORTALS_MAX];
  size_t n;                     /* 0: not looked up yet */
};

/* What every session to a target has in common.  Points into ‘p’ and
 * ‘target’.
 */
extern struct session_params portals_params (const struct settings *p,
                                             const char *target);

/* Look up the portals: the URL's, those of portal=, and with portal=auto
 * those that discovery tells of ‘target’ (may be NULL).  A name that cannot
 * be looked up is no error as long as another one can.  Blocks until
 * ‘deadline’ (clock_ms) at most.  -1 with a sentence.
 */
extern int portals_look_up (struct portals *ps, const struct settings *p,
                            const char *target, uint64_t deadline,
                            const struct stop *stop, struct error *err);

/* Add those of ‘more’ that are not in the list. */
extern void portals_merge (struct portals *ps, const struct portals *more);

/* Of two reasons, is ‘a’ that of an attempt that got further? */
extern bool portals_got_further (const struct error *a,
                                 const struct error *b);

/* session_discover at the first portal that answers. */
extern int portals_discover (const struct portals *ps,
                             const struct settings *p, uint64_t deadline,
                             const struct stop *stop,
                             struct discovered **list, size_t *n,
                             struct error *err);

#endif /* ISCSI_PORTALS_H */
