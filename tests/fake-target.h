/* SPDX-License-Identifier: BSD-3-Clause */

/* A target in memory, and the session room (session.h) in front of it: several
 * portals in portal groups, LUNs with an identity and ALUA states, and a
 * number for the contents of each block.  It executes what it is sent at once,
 * unless it is told to hold it; what it holds it may execute long after the
 * session was lost, unless a login with the same ISID in the same portal group
 * or a LUN reset has ended it.
 *
 * It judges what it executes: see ‘struct fake_verdicts’.
 *
 * One for each program.  Fields are read and changed under ‘lock’.
 */

#ifndef TESTS_FAKE_TARGET_H
#define TESTS_FAKE_TARGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "session.h"
#include "settings.h"
#include "target.h"

#define FAKE_PORTALS 4
#define FAKE_LUNS    4
#define FAKE_BLOCKS  64
#define FAKE_TARGET  "iqn.2001-04.example:fake"

enum fake_portal_state {
  FAKE_ANSWERS,
  FAKE_REFUSES,                 /* connections; sessions that are there work */
  FAKE_SILENT,                  /* nothing goes either way */
  FAKE_FROZEN,                  /* connections are made, and that is all */
};

struct fake_portal {
  enum fake_portal_state state;
  int group;                    /* TargetPortalGroupTag */
  unsigned port_group;          /* ALUA target port group */
  bool holds_writes, holds_reads, holds_questions;
  bool rejects_writes;          /* and holds them */
  unsigned login_ms;            /* a login takes so long */
  unsigned shift;               /* LUN n is LUN n + shift there */
};

struct fake_block {
  uint32_t there;               /* what it holds: the number of a write */
  uint32_t newest;              /* the highest that was sent by a client */
  uint32_t acked;               /* the highest that a client was told is done */
};

struct fake_disk_lun {
  bool there;
  bool hangs;                   /* it is sent commands, and that is all */
  bool hides_states;            /* and so with REPORT TARGET PORT GROUPS */
  bool busy;                    /* which is its answer to all commands */
  uint8_t identity;
  bool unsteady;                /* it may have changed (3F/0E), each time that
                                   it has told its identity */
  uint8_t tpgs;                 /* of the INQUIRY data */
  uint8_t states[FAKE_PORTALS]; /* of the port groups (enum alua_state) */
  uint8_t transition_s;
  struct fake_block blocks[FAKE_BLOCKS];
  unsigned reads, writes, resets; /* executed */
};

/* What must never be; each is counted, and told on stderr. */
struct fake_verdicts {
  unsigned overtaken;           /* a write was executed when a newer one of the
                                   same block had been sent */
  unsigned late;                /* or after it had been acknowledged */
  unsigned unverified;          /* I/O over a session that did not look at the
                                   identity before */
  unsigned wrong_lun;           /* a write to a LUN with another identity */
};

struct fake_target {
  pthread_mutex_t lock;
  struct fake_portal portals[FAKE_PORTALS];
  unsigned nr_portals;
  struct fake_disk_lun luns[FAKE_LUNS];

  unsigned max_sessions;        /* 0: any number */
  bool evicts;                  /* one session for each initiator name */
  bool refuses_reset, mute_reset; /* or it executes it without an answer */
  bool drops_reset;             /* or ends the session instead */
  bool tells_group;

  /* One in so many commands, 0: none. */
  unsigned busy_in, full_in, drops_in;
  unsigned seed;

  unsigned logins, refused_logins, late_logins, probes, resets, held;
  unsigned verdicts_told;
  struct fake_verdicts verdicts;
};
extern struct fake_target fake;

/* One portal group for each portal, LUNs without ALUA. */
extern void fake_target_init (unsigned nr_portals);

/* Settings for it, with all of its portals: what a test does not change is
 * generous.
 */
extern void fake_settings (struct settings *p);

/* ---- without the lock ---- */

/* End all sessions at a portal; what they hold stays. */
extern void fake_cut (unsigned portal);

/* The same by an error of the socket; nothing goes either way any more, even
 * if connections are made.
 */
extern void fake_fail_sockets (unsigned portal, int errnum);

/* The nth session, if there are so many. */
extern void fake_cut_one (unsigned n);

/* Every session finds this UNIT ATTENTION for the LUN. */
extern void fake_attention (unsigned lun, uint16_t asc);

/* The LUN is another one now (3F/0E). */
extern void fake_swap (unsigned lun, uint8_t identity);

/* Carry out a login that nobody waits for any more. */
extern void fake_late_login (void);

/* Execute what is held: all of it, or the nth. */
extern void fake_release_all (void);
extern void fake_release_one (unsigned n);

extern unsigned fake_sessions (int portal); /* live; -1: at any */
extern unsigned fake_held (void);

/* ---- the client's side ---- */

/* Open as a client does: get hold of the LUN and ask it everything.  -1 with
 * a sentence.
 */
extern int fake_open (const struct settings *p, int lun, struct lu_user *user,
                      struct error *err);

/* The same with a limit (clock_ms; 0: none). */
extern int fake_open_until (const struct settings *p, int lun, uint64_t limit,
                            struct lu_user *user, struct error *err);

/* The status of the answer; *value is what the block holds. */
extern unsigned fake_read (struct lu_user *user, unsigned block,
                           uint32_t *value);

/* Values of a block go up, one at a time. */
extern unsigned fake_write (struct lu_user *user, unsigned block,
                            uint32_t value);

#endif /* TESTS_FAKE_TARGET_H */
