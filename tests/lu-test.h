/* SPDX-License-Identifier: BSD-3-Clause */

/* What the tests of the way to a LUN have in common: commands on threads of
 * their own, over a target in memory and a clock that only moves when it is
 * turned.  A test is what stands between begin_test and end_test.
 */

#ifndef TESTS_LU_TEST_H
#define TESTS_LU_TEST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fake-target.h"
#include "target.h"

#define MAX_USERS 16

/* May be changed at the beginning of a test. */
extern struct settings settings;

extern struct lu_user users[MAX_USERS];
extern unsigned nr_users;

extern void begin_test (const char *name, unsigned nr_portals);

/* Everything is well again, and everybody leaves. */
extern void end_test (void);

#define TEST(name, portals) begin_test (name, portals)

/* ---- clients ---- */

extern struct lu_user *get (int lun);
extern void put_all (void);

/* Two of LUN 0: nexus 1 at portal 0, nexus 2 at portal 1. */
extern void get_two (struct lu_user **a, struct lu_user **b);

/* A command or an open on a thread of its own. */
struct job {
  pthread_t thread;
  struct lu_user *user;
  int lun;                      /* to be opened */
  uint64_t limit;               /* clock_ms, of an open; 0: none */
  bool write;
  unsigned block;
  uint32_t value;
  unsigned status;
  struct error err;             /* of an open that failed */
  atomic_bool over;
};

extern void begin (struct job *j, struct lu_user *user, bool write,
                   unsigned block, uint32_t value);

/* The user is the next of ‘users’; the status STATUS_GOOD or STATUS_LOST. */
extern void begin_open (struct job *j, int lun, uint64_t limit);

/* Its status, when it has taken ‘limit’ ms at most; STATUS_NONE: longer, and
 * that is the end of the test.
 */
extern unsigned end_within (struct job *j, uint64_t limit);

/* Both at once, for one that is soon over.  The clock is turned only if it is
 * waited for: nothing may be executed by the thread that turns it.
 */
extern unsigned do_read (struct lu_user *user, unsigned block,
                         uint32_t *value);
extern unsigned do_write (struct lu_user *user, unsigned block,
                          uint32_t value);

/* Lose a session that holds a write of value 1 to block 0 of ‘user’, whose
 * nexus is at portal 0, where nobody gets in any more.
 */
extern void leave_unsettled (struct job *j, struct lu_user *user);

/* ---- what to wait for ---- */

extern void await_sessions (unsigned n);
extern void await_held (void);
extern void await_settled (const struct lu_user *user);

/* For so long, in small turns. */
extern void let_pass (unsigned ms);

/* For fake_clock_turn_until: are there writes of a struct lu that are
 * unsettled, or not, is there a session at portal *(int *)?
 */
extern bool is_fenced (void *lu);
extern bool is_settled (void *lu);
extern bool is_at (void *portal);

/* ---- the target ---- */

extern void hold_writes (unsigned portal, bool yes);
extern void hold_reads (unsigned portal, bool yes);
extern void hold_questions (unsigned portal, bool yes);
extern void set_portal (unsigned portal, enum fake_portal_state state);

/* New connections are refused, and those that are there end. */
extern void lose_portal (unsigned portal);

extern void set_state (unsigned lun, unsigned portal, uint8_t state);
extern struct fake_disk_lun look (unsigned lun);
extern unsigned count (const unsigned *field);

#endif /* TESTS_LU_TEST_H */
