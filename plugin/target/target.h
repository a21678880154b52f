/* SPDX-License-Identifier: BSD-3-Clause */

/* A target in use: its portals, its nexuses, and the LUNs that are used over
 * them.  One for each iSCSI name, whatever the number of LUNs; it goes, and
 * logs out, a while after its last user, but not while a write is unsettled
 * on it (fence.h).
 *
 * A LUN in use (struct lu) is the same for all who use it.  Each of its users
 * has one nexus of the best paths, which run.c has it leave for another when
 * that is better.
 */

#ifndef ISCSI_TARGET_H
#define ISCSI_TARGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "alua.h"
#include "command.h"
#include "engine.h"
#include "error.h"
#include "fence.h"
#include "lun.h"
#include "nexus.h"
#include "portals.h"
#include "settings.h"
#include "status.h"
#include "stop.h"

/* A LUN over one nexus. */
struct lu_path {
  struct itl itl;
  struct nexus *nexus;
  bool verifying;               /* somebody makes sure of it */
  unsigned silences;            /* how often it did not answer that */
};

struct lu {
  struct target *target;
  int lun;                      /* for messages */
  uint16_t wire;                /* its address */
  struct fence fence;

  /* Once it is known the facts are those of the LUN, and stay. */
  atomic_bool known;
  struct lun_facts facts;

  /* Of the rest, what is not atomic is protected by the target's lock. */
  struct lu *next;              /* of the target */
  unsigned users;
  struct lu_path *paths[MAX_SESSIONS]; /* by the number of the nexus */
  uint8_t ranks[PORTALS_MAX];   /* how good each portal is for it */
  uint64_t no_path_since;       /* clock_ms, 0: there is one that carries I/O */
  atomic_uint lost_write;       /* see run.h; 0: none */

  /* Is it there, and the same one (lu.h)? */
  atomic_bool missing;          /* the target said that there is no such LUN
                                   when commands were sent to it */
  struct error stranger;        /* why it was not taken for the LUN last */
  uint64_t stranger_at;         /* clock_ms, when that was seen */

  /* ALUA (lu-alua.h). */
  struct alua alua;             /* as it was told last */
  bool asking;                  /* a thread asks for it */
  uint64_t states_asked;        /* clock_ms, when one last did */
  _Atomic uint64_t states_from; /* clock_ms, none does before */
  atomic_bool stuck_told;       /* that no path is active, and what to do */

  /* Writes that wait for the fence (settle.c). */
  uint64_t fenced_since;        /* clock_ms, 0: none do */
  bool reset_refused;           /* which was told */
  unsigned resets_unanswered;   /* in a row */
  uint64_t reset_again;         /* clock_ms, no other before */
};

struct target {
  struct target *next;          /* of all */
  char *name;
  const struct settings *p;

  /* Goes up when nexuses or states change: users then choose anew. */
  atomic_uint generation;
  atomic_uint waiting;          /* threads that wait for such a change */
  atomic_bool stopping;         /* the server is going away */

  pthread_mutex_t lock;         /* protects the rest */
  pthread_cond_t changed;
  unsigned users;
  uint64_t idle_since;          /* clock_ms, while there are no users */
  struct portals portals;
  bool found;                   /* the portals were looked up */
  struct nexus *nexuses[MAX_SESSIONS]; /* NULL: free */
  struct lu *lus;
  uint64_t down_since;          /* clock_ms, 0: a nexus is up */
  bool away;                    /* it is down, and not because we logged out */
  uint64_t full_until;          /* no further nexus before: it has no room */
  struct error why;             /* why the last nexus failed or was lost */
  unsigned failures;            /* nexuses that failed to log in at all */
  bool crowded;                 /* one that has left writes finds no room */
  const struct nexus *first;    /* to log in, before others that are not up */

  /* Of a target that keeps one session for each initiator name. */
  unsigned evictions;           /* that look like it, in a row */
  const struct nexus *evictor;  /* whose login the last one may have been for */
  bool single;                  /* it is one, */
  uint64_t single_until;        /* clock_ms, until it is tried again */
  unsigned singles;             /* how often it was found to be one */
};

/* One who uses a LUN, by one path at a time. */
struct lu_user {
  struct lu *lu;
  bool counts;                  /* it brings I/O, and so is worth a session */
  uint64_t limit;               /* clock_ms, of an open: nothing is waited for
                                   any longer; 0: none */
  uint64_t deadline;            /* clock_ms, of sending again; 0: none */
  _Atomic (struct lu_path *) path; /* NULL: none yet */
  atomic_uint generation;       /* of the target, when it was chosen */
  _Atomic uint64_t retries;     /* commands that were sent again */
};

/* Get hold of a LUN, whether or not there is one of that number.  The first
 * user of a target has its portals looked up and its first session opened.
 * ‘wire’ is the address that the target listed, or lun_wire ().  Of ‘user’ the
 * caller has set ‘counts’ and ‘limit’.  Blocks up to the login timeout, while
 * the target is away up to recovery-timeout, and never beyond the limit.  -1
 * with a sentence; err->err as session_open.  Any thread, as all that
 * follows.
 */
extern int lu_get (const struct settings *p, const char *target, int lun,
                   uint16_t wire, struct lu_user *user,
                   const struct stop *stop, struct error *err);

/* No command of the user may be under way. */
extern void lu_put (struct lu_user *user);

/* The target's first session is tried before the fork, so that what is wrong
 * is still told in the terminal: log in, and ask ‘lun’ everything or, if it
 * is -1, nothing; and log out.  What was found serves the first user.  Main
 * thread.
 */
extern int target_preflight (const struct settings *p, const char *target,
                             int lun, struct error *err);

/* Is the target of that name in use, or was it a moment ago, and has it a
 * session?  Any thread; not at the time of target_close_all.
 */
extern bool target_has_session (const char *name);

/* Add what there is to know of all targets to ‘out’.  Any thread; not at the
 * time of target_close_all.
 */
extern void target_report_all (struct status_report *out);

/* Log out of everything.  Main thread, when no request is under way. */
extern void target_close_all (void);

/* ---- for the other files of this room ---- */

/* A target that nobody uses yet, and its end: logs out, until ‘deadline’
 * (clock_ms) at most.  ‘portals’ may be NULL: they are looked up when they
 * are needed.
 */
extern struct target *target_new (const struct settings *p, const char *name,
                                  const struct portals *portals,
                                  struct error *err);
extern void target_begin_stop (struct target *t, uint64_t deadline);
extern void target_free (struct target *t, uint64_t deadline);

/* The portals that target_preflight has found for a target of that name; NULL:
 * none.  Valid until preflight_forget, which is for the end of all.
 */
extern const struct portals *preflight_portals (const char *name);
extern void preflight_forget (void);

/* For retry_policy, with a struct target: sleep, unless the server goes away:
 * false.  Any thread, without the lock.
 */
extern bool target_sleep (void *target, unsigned ms);

/* All that follows is called under the lock. */

/* Something changed that users or waiters look at. */
extern void target_changed (struct target *t);

/* Wait for a change, until ‘deadline’ (clock_ms) at most, without the lock.
 */
extern void target_wait (struct target *t, uint64_t deadline);

/* The best path for the user, NULL: there is none that carries I/O.  Has
 * further nexuses started where that is of use.
 */
extern struct lu_path *target_choose (struct lu_user *user);

/* The user leaves its path. */
extern void target_leave (struct lu_user *user);

/* Under the lock: the LUN of that number that is known; NULL: none is.  There
 * is one at most, whatever the form of its address, since it has one fence.
 */
extern struct lu *target_known_lu (const struct target *t, int number);

/* One who has the LUN has it no more.  It is forgotten after the last one, but
 * not while a write is unsettled on it.
 */
extern void target_put_lu (struct lu *lu);

/* Is there a session at all?  Or at least a nexus that tries to log in? */
extern bool target_is_up (const struct target *t);
extern bool target_tries (const struct target *t);

/* Has any LUN a write that is unsettled? */
extern bool target_has_unsettled (const struct target *t);

/* Another LUN has the number at this portal, as *err says.  Nothing more is
 * sent to it there before somebody has made sure of it (lu_verify).
 */
extern void target_note_stranger (struct lu *lu, size_t portal,
                                  const struct error *err);

/* Do all portals lead to another LUN? */
extern bool target_all_strangers (const struct lu *lu);

/* Add what there is to know of the target (facts.c). */
extern void target_report (const struct target *t, struct status_report *out);

#endif /* ISCSI_TARGET_H */
