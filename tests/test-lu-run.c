/* SPDX-License-Identifier: BSD-3-Clause */

/* The way of commands to a LUN, whatever fails: one fact a test, over a target
 * in memory and a clock that only moves when it is turned.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "alua.h"
#include "check.h"
#include "clock.h"
#include "fake-clock.h"
#include "fake-target.h"
#include "lu.h"

#define MAX_USERS 16

static struct settings settings;
static struct lu_user users[MAX_USERS];
static unsigned nr_users;

/* ---- commands on threads of their own ---- */

struct job {
  pthread_t thread;
  struct lu_user *user;
  bool write;
  unsigned block;
  uint32_t value;
  unsigned status;
  atomic_bool over;
};

static void *
job_thread (void *jv)
{
  struct job *j = jv;

  j->status = j->write ? fake_write (j->user, j->block, j->value)
    : fake_read (j->user, j->block, &j->value);
  j->over = true;
  return NULL;
}

static void
begin (struct job *j, struct lu_user *user, bool write, unsigned block,
       uint32_t value)
{
  *j = (struct job) {
    .user = user, .write = write, .block = block, .value = value,
  };
  if (pthread_create (&j->thread, NULL, job_thread, j) != 0)
    abort ();
}

static bool
is_over (void *jv)
{
  return ((struct job *) jv)->over;
}

/* Its status, when it has taken ‘limit’ ms at most; STATUS_NONE: longer, and
 * that is the end of the test.
 */
static unsigned
end_within (struct job *j, uint64_t limit)
{
  CHECK (fake_clock_turn_until (is_over, j, 50, limit));
  if (!j->over)
    exit (check_summary ());
  pthread_join (j->thread, NULL);
  return j->status;
}

/* ---- what to wait for ---- */

static bool
all_out (void *opaque __attribute__ ((__unused__)))
{
  return fake_sessions (-1) == 0;
}

static bool
something_held (void *opaque __attribute__ ((__unused__)))
{
  return fake_held () > 0;
}

static bool
have_sessions (void *n)
{
  return fake_sessions (-1) == *(unsigned *) n;
}

static void
await_sessions (unsigned n)
{
  CHECK (fake_clock_turn_until (have_sessions, &n, 50, 30000));
}

static void
await_held (void)
{
  CHECK (fake_clock_await (something_held, NULL));
}

/* For so long, in small turns. */
static void
let_pass (unsigned ms)
{
  unsigned i;

  for (; ms >= 50; ms -= 50) {
    fake_clock_turn (50);
    for (i = 0; i < 4; ++i)
      fake_clock_rest ();
  }
}

/* ---- the target ---- */

static void
hold_writes (unsigned portal, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_writes = yes;
  pthread_mutex_unlock (&fake.lock);
}

static void
set_portal (unsigned portal, enum fake_portal_state state)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].state = state;
  pthread_mutex_unlock (&fake.lock);
}

/* New connections are refused, and those that are there end. */
static void
lose_portal (unsigned portal)
{
  set_portal (portal, FAKE_REFUSES);
  fake_cut (portal);
}

static void
set_state (unsigned lun, unsigned portal, uint8_t state)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].states[portal] = state;
  pthread_mutex_unlock (&fake.lock);
}

static struct fake_disk_lun
look (unsigned lun)
{
  struct fake_disk_lun r;

  pthread_mutex_lock (&fake.lock);
  r = fake.luns[lun];
  pthread_mutex_unlock (&fake.lock);
  return r;
}

static unsigned
count (const unsigned *field)
{
  unsigned r;

  pthread_mutex_lock (&fake.lock);
  r = *field;
  pthread_mutex_unlock (&fake.lock);
  return r;
}

/* ---- tests ---- */

static struct lu_user *
get (int lun)
{
  struct lu_user *user = &users[nr_users++];
  struct error err;

  if (fake_open (&settings, lun, user, &err) == 0)
    return user;
  fprintf (stderr, "LUN %d: %s\n", lun, err.msg);
  CHECK (false);
  exit (check_summary ());
}

static void
put_all (void)
{
  while (nr_users > 0)
    lu_put (&users[--nr_users]);
}

static void
begin_test (const char *name, unsigned nr_portals)
{
  check_row = name;
  fake_target_init (nr_portals);
  fake_settings (&settings);
}

/* Everything is well again, and everybody leaves. */
static void
end_test (void)
{
  unsigned i;

  pthread_mutex_lock (&fake.lock);
  for (i = 0; i < fake.nr_portals; ++i)
    fake.portals[i].state = FAKE_ANSWERS;
  for (i = 0; i < fake.nr_portals; ++i)
    fake.portals[i].holds_writes = fake.portals[i].holds_reads =
      fake.portals[i].holds_questions = false;
  fake.refuses_reset = fake.mute_reset = false;
  fake.max_sessions = 0;
  for (i = 0; i < FAKE_LUNS; ++i)
    fake.luns[i].there = true;
  pthread_mutex_unlock (&fake.lock);
  fake_release_all ();
  put_all ();
  CHECK (fake_clock_turn_until (all_out, NULL, 100, 100000));
  CHECK_UINT (fake.verdicts.overtaken, 0);
  CHECK_UINT (fake.verdicts.late, 0);
  CHECK_UINT (fake.verdicts.unverified, 0);
  CHECK_UINT (fake.verdicts.wrong_lun, 0);
}

#define TEST(name, portals) begin_test (name, portals)

static bool
is_fenced (void *luv)
{
  const struct lu *lu = luv;

  return !fence_is_open (&lu->fence);
}

static bool
is_settled (void *luv)
{
  return !is_fenced (luv);
}

static void
await_settled (const struct lu_user *user)
{
  CHECK (fake_clock_turn_until (is_settled, user->lu, 50, 30000));
}

/* Lose a session that holds a write of value 1 to block 0 of ‘user’, whose
 * nexus is at portal 0, where nobody gets in any more.
 */
static void
leave_unsettled (struct job *j, struct lu_user *user)
{
  hold_writes (0, true);
  begin (j, user, true, 0, 1);
  await_held ();
  lose_portal (0);
  CHECK (fake_clock_await (is_fenced, user->lu));
}

static void
test_read_again (void)
{
  struct lu_user *u;
  struct job j;

  TEST ("a read whose session is lost is sent again over the next", 1);
  u = get (0);
  fake.portals[0].holds_reads = true;
  begin (&j, u, false, 0, 9);
  await_held ();
  fake.portals[0].holds_reads = false;
  fake_cut (0);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  CHECK_UINT (j.value, 0);
  end_test ();
}

static void
test_write_settled_by_login (void)
{
  struct lu_user *u;
  struct job j;

  TEST ("a login in the same group settles a write, which is sent again", 1);
  u = get (0);
  hold_writes (0, true);
  begin (&j, u, true, 0, 1);
  await_held ();
  hold_writes (0, false);
  fake_cut (0);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  fake_release_all ();          /* what was held is not executed */
  CHECK_UINT (look (0).writes, 1);
  CHECK_UINT (count (&fake.resets), 0);
  end_test ();
}

static void
test_write_settled_by_reset (void)
{
  struct lu_user *u;
  struct job j;

  TEST ("in another group it takes a LUN reset", 2);
  u = get (0);
  leave_unsettled (&j, u);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  CHECK_UINT (count (&fake.resets), 1);
  fake_release_all ();
  CHECK_UINT (look (0).writes, 1);
  end_test ();
}

static void
test_group_not_told (void)
{
  struct lu_user *u;
  struct job j;

  TEST ("a group that is not told counts as another one", 1);
  fake.tells_group = false;
  u = get (0);
  hold_writes (0, true);
  begin (&j, u, true, 0, 1);
  await_held ();
  hold_writes (0, false);
  fake_cut (0);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  CHECK_UINT (count (&fake.resets), 1);
  end_test ();
}

/* Nexus 1 at portal 0, nexus 2 at portal 1. */
static void
get_two (struct lu_user **a, struct lu_user **b)
{
  settings.sessions = 2;
  *a = get (0);
  *b = get (0);
  await_sessions (2);
  fake_read (*a, 0, &(uint32_t) { 0 });
  fake_read (*b, 0, &(uint32_t) { 0 });
  if ((*a)->path->nexus->portal != 0) {
    struct lu_user *swap = *a;

    *a = *b;
    *b = swap;
  }
}

static void
test_reads_go_on (void)
{
  struct lu_user *a, *b;
  struct job j, w;
  uint32_t value = 9;

  TEST ("while a write is unsettled reads go on, and writes of all users "
        "wait", 2);
  get_two (&a, &b);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  begin (&w, b, true, 1, 1);
  let_pass (5000);
  CHECK (!j.over);
  CHECK (!w.over);
  CHECK_UINT (fake_read (b, 1, &value), STATUS_GOOD);
  CHECK_UINT (fake_read (a, 1, &value), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 0);
  set_portal (0, FAKE_ANSWERS);
  hold_writes (0, false);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  CHECK_UINT (end_within (&w, 10000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 2);
  end_test ();
}

static void
test_write_fails (void)
{
  struct lu_user *a, *b, *c;
  struct job j, w;

  TEST ("a write fails at recovery-timeout, and no newer one is sent, "
        "whoever asks", 2);
  settings.recovery_timeout_ms = 20000;
  get_two (&a, &b);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  let_pass (15000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 10000), STATUS_LOST);

  /* The same user, another one, and one that comes when all have left. */
  CHECK_UINT (fake_write (a, 0, 2), STATUS_LOST);
  CHECK_UINT (fake_write (b, 0, 2), STATUS_LOST);
  put_all ();
  let_pass (10000);
  c = get (0);
  begin (&w, c, true, 0, 2);
  let_pass (1000);
  CHECK_UINT (look (0).writes, 0);

  /* The target executes the old one, and is settled then. */
  hold_writes (0, false);
  fake_release_all ();
  CHECK_UINT (look (0).blocks[0].there, 1);
  set_portal (0, FAKE_ANSWERS);
  await_settled (c);
  end_within (&w, 60000);
  CHECK_UINT (fake_write (c, 0, 3), STATUS_GOOD);
  CHECK_UINT (look (0).blocks[0].there, 3);
  end_test ();
}

/* The limit is that of this outage, not of one before. */
static void
test_limit_of_each_fence (void)
{
  struct lu_user *a, *b;
  struct job j, w;

  TEST ("a write that waits for the fence has recovery-timeout each time", 2);
  settings.recovery_timeout_ms = 20000;
  get_two (&a, &b);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  await_settled (b);
  let_pass (10000);
  await_sessions (2);

  leave_unsettled (&w, fake_sessions (0) > 0 && a->path->nexus->portal == 0
                   ? a : b);
  let_pass (5000);
  CHECK (!w.over);
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&w, 30000), STATUS_GOOD);
  end_test ();
}

static void
test_limit_of_each_transition (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a command that waits for a path has its limit each time", 1);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  set_state (0, 0, ALUA_STANDBY);
  begin (&j, a, false, 0, 0);
  let_pass (10000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 80000), STATUS_LOST);
  set_state (0, 0, ALUA_OPTIMIZED);
  let_pass (3000);
  begin (&j, a, false, 0, 0);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);

  set_state (0, 0, ALUA_TRANSITIONING);
  begin (&j, a, false, 0, 0);
  let_pass (10000);
  CHECK (!j.over);
  set_state (0, 0, ALUA_OPTIMIZED);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  end_test ();
}

static bool
is_at (void *portal)
{
  return fake_sessions (*(int *) portal) > 0;
}

static void
test_best_portal_dead (void)
{
  struct lu_user *a;
  int second = 2;
  unsigned i;

  TEST ("the second best portal is taken when the best one is dead", 3);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  set_state (0, 0, ALUA_NON_OPTIMIZED);
  set_state (0, 1, ALUA_OPTIMIZED);
  set_state (0, 2, ALUA_OPTIMIZED);
  set_portal (1, FAKE_REFUSES);
  set_portal (2, FAKE_REFUSES);
  a = get (0);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  let_pass (40000);
  CHECK_UINT (fake_sessions (0), 1);
  set_portal (2, FAKE_ANSWERS);
  for (i = 0; i < 100 && !is_at (&second); ++i) {
    fake_read (a, 0, &(uint32_t) { 0 });
    let_pass (2000);
  }
  CHECK (is_at (&second));
  end_test ();
}

/* Nexus 2 logs in again at a portal that is in transition: who waits for it
 * to be made sure of is not to wait there, since there is another one.
 */
static void
test_transition_elsewhere (void)
{
  struct lu_user *a, *b;
  struct job j, w;

  TEST ("a path in transition holds nobody when there is another", 2);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  get_two (&a, &b);
  set_state (0, 1, ALUA_TRANSITIONING);
  fake_cut (1);
  let_pass (500);
  begin (&j, b, true, 0, 1);
  begin (&w, a, true, 1, 1);
  CHECK_UINT (end_within (&w, 3000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

static void
test_other_address (void)
{
  struct lu_user *a, *b;
  struct error err;
  struct job j;

  TEST ("a LUN has one fence, whatever form its address is told in", 2);
  get_two (&a, &b);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  let_pass (1000);
  CHECK_INT (lu_get (&settings, FAKE_TARGET, 0, 0x4000, true,
                     &users[nr_users++], NULL, &err), 0);
  CHECK (!fence_is_open (&users[nr_users - 1].lu->fence));
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  end_test ();
}

/* The target says once for each session that a LUN is another one: it is
 * heard, whatever the command that is told.
 */
static void
test_told_to_a_question (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a UNIT ATTENTION that a question is told counts as any", 1);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  set_state (0, 0, ALUA_NON_OPTIMIZED);
  a = get (0);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  let_pass (31000);
  fake_swap (0, 9);
  lu_look_for_better (a->lu, a->path);
  begin (&j, a, true, 0, 2);
  let_pass (1000);
  CHECK_UINT (look (0).writes, 1);
  fake_swap (0, 1);
  end_within (&j, 200000);
  end_test ();
}

/* A LUN is deleted while a write of it is unsettled. */
static void
test_reset_refused (void)
{
  struct lu_user *a, *other;
  struct job j, w;

  TEST ("a LUN that cannot be reset fails alone", 2);
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  other = get (1);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  begin (&w, other, true, 0, 1);
  CHECK_UINT (end_within (&w, 10000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  CHECK_UINT (look (0).writes, 0);

  /* It heals by itself when it can be. */
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = false;
  pthread_mutex_unlock (&fake.lock);
  await_settled (a);
  CHECK_UINT (fake_write (a, 0, 2), STATUS_GOOD);
  end_test ();
}

static void
set_holds_questions (unsigned portal, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_questions = yes;
  pthread_mutex_unlock (&fake.lock);
}

/* Nexus 2 asks what LUN it is when nexus 1 has the LUN reset, which leaves the
 * question without an answer.
 */
static void
test_reset_ends_questions (void)
{
  struct lu_user *a, *b;
  struct job j, r;

  TEST ("a question that our reset has ended is asked again at once", 3);
  get_two (&a, &b);
  hold_writes (0, true);
  begin (&j, a, true, 0, 1);
  await_held ();
  set_holds_questions (1, true);
  fake_cut (1);
  let_pass (500);
  begin (&r, b, false, 0, 0);
  let_pass (500);
  CHECK_UINT (fake_held (), 2);
  set_holds_questions (1, false);
  lose_portal (0);
  CHECK_UINT (end_within (&r, 3000), STATUS_GOOD);
  CHECK_UINT (count (&fake.resets), 1);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

/* The commands of other sessions that our reset has ended. */
static void
test_reset_ends_commands (void)
{
  struct lu_user *a, *b;
  struct job j, r;

  TEST ("a command that our reset has ended is sent again at once", 3);
  get_two (&a, &b);
  hold_writes (0, true);
  hold_writes (1, true);
  begin (&j, a, true, 0, 1);
  await_held ();
  begin (&r, b, true, 1, 1);
  let_pass (100);
  CHECK_UINT (fake_held (), 2);
  hold_writes (1, false);
  lose_portal (0);
  CHECK_UINT (end_within (&r, 3000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 2);
  end_test ();
}

/* The one portal of the group where it was left comes back, and the nexus is
 * at another one meanwhile.
 */
static void
test_back_to_settle (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("what cannot be reset is settled when its group is back", 2);
  a = get (0);
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  let_pass (10000);
  CHECK (!j.over);
  CHECK_UINT (fake_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  end_test ();
}

static void
test_forgotten (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a LUN that nobody uses is forgotten when it is settled", 1);
  settings.recovery_timeout_ms = 5000;
  get (1);                      /* it keeps the target in use */
  a = get (0);
  leave_unsettled (&j, a);
  CHECK_UINT (end_within (&j, 20000), STATUS_LOST);
  lu_put (&users[--nr_users]);
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  let_pass (2000);
  fake_swap (0, 7);
  a = get (0);
  CHECK_UINT (fake_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  fake_swap (0, 1);
  end_test ();
}

/* ---- limits ---- */

static void
set_portal_holds (unsigned portal, bool reads)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_reads = reads;
  pthread_mutex_unlock (&fake.lock);
}

static void
test_given_up (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a command is given up when it was past its time three times", 1);
  settings.timeout_ms = 10000;
  settings.recovery_timeout_ms = 0;
  a = get (0);
  set_portal_holds (0, true);
  begin (&j, a, false, 0, 0);
  let_pass (25000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 10000), STATUS_TIMEOUT);
  end_test ();
}

static void
test_no_path_in_time (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("without a target a command fails at recovery-timeout", 2);
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  lose_portal (0);
  lose_portal (1);
  begin (&j, a, false, 0, 0);
  let_pass (18000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 5000), STATUS_LOST);
  set_portal (0, FAKE_ANSWERS);
  await_sessions (1);
  CHECK_UINT (fake_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  end_test ();
}

static void
test_silent_portal (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a portal that falls silent is left after a ping", 2);
  a = get (0);
  set_portal (0, FAKE_SILENT);
  begin (&j, a, false, 0, 0);
  let_pass (8000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 4000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  end_test ();
}

static void *
open_thread (void *jv)
{
  struct job *j = jv;
  struct error err;

  j->status = fake_open (&settings, 0, j->user, &err) == 0 ? STATUS_GOOD
    : STATUS_LOST;
  j->over = true;
  return NULL;
}

static void
test_silent_at_start (void)
{
  struct job j = { .user = &users[nr_users++] };

  TEST ("a portal that is silent does not use up the time of the others", 2);
  set_portal (0, FAKE_SILENT);
  if (pthread_create (&j.thread, NULL, open_thread, &j) != 0)
    abort ();
  CHECK_UINT (end_within (&j, 7000), STATUS_GOOD);
  end_test ();
}

/* ---- LUNs ---- */

static void
test_missing_alone (void)
{
  struct lu_user *a, *b;
  struct job j;

  TEST ("a LUN that is gone fails alone, and comes back", 1);
  a = get (0);
  b = get (1);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].there = false;
  pthread_mutex_unlock (&fake.lock);
  CHECK_UINT (fake_write (a, 0, 2), STATUS_CHECK_CONDITION);
  begin (&j, a, true, 0, 3);
  CHECK_UINT (end_within (&j, 5000), STATUS_LOST);
  CHECK_UINT (fake_write (b, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].there = true;
  pthread_mutex_unlock (&fake.lock);
  CHECK_UINT (fake_write (a, 0, 4), STATUS_GOOD);
  end_test ();
}

static void
test_another_lun (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a LUN that is another one after a login is not written to", 1);
  settings.recovery_timeout_ms = 10000;
  a = get (0);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].identity = 9;
  pthread_mutex_unlock (&fake.lock);
  fake_cut (0);
  begin (&j, a, true, 0, 2);
  CHECK (end_within (&j, 20000) != STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  fake_swap (0, 1);
  let_pass (3000);
  CHECK_UINT (fake_write (a, 0, 3), STATUS_GOOD);
  end_test ();
}

static void
test_told_of_reset (void)
{
  struct lu_user *a;
  struct job j, r;

  TEST ("commands that a reset by others has ended are sent again", 1);
  a = get (0);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  hold_writes (0, true);
  begin (&j, a, true, 1, 1);
  await_held ();
  hold_writes (0, false);
  fake_attention (0, 0x2903);
  begin (&r, a, false, 0, 0);
  CHECK_UINT (end_within (&r, 3000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

/* ---- paths ---- */

static void
test_standby (void)
{
  struct lu_user *a;
  struct job j;
  int first = 0;

  TEST ("a LUN that moves to the other controller is followed, and back", 2);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  set_state (0, 1, ALUA_STANDBY);
  a = get (0);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (0), 1);
  set_state (0, 0, ALUA_STANDBY);
  set_state (0, 1, ALUA_OPTIMIZED);
  begin (&j, a, true, 0, 2);
  CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  set_state (0, 0, ALUA_OPTIMIZED);
  set_state (0, 1, ALUA_NON_OPTIMIZED);
  fake_attention (0, 0x2a06);
  CHECK_UINT (fake_write (a, 0, 3), STATUS_GOOD);
  CHECK (fake_clock_turn_until (is_at, &first, 50, 10000));
  begin (&j, a, true, 0, 4);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

static void
test_transition (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a transition is waited for as long as the target says", 1);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  fake.luns[0].transition_s = 100;
  settings.timeout_ms = 10000;
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  set_state (0, 0, ALUA_TRANSITIONING);
  begin (&j, a, true, 0, 1);
  let_pass (90000);
  CHECK (!j.over);
  set_state (0, 0, ALUA_OPTIMIZED);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  end_test ();
}

static unsigned
users_of (const struct lu_user *user)
{
  struct target *t = user->lu->target;
  unsigned n;

  pthread_mutex_lock (&t->lock);
  n = user->path->nexus->users;
  pthread_mutex_unlock (&t->lock);
  return n;
}

static void
test_spread (void)
{
  unsigned i, j, most = 0;

  TEST ("sessions spread over the portals, and users over the sessions", 2);
  settings.sessions = 4;
  for (i = 0; i < 8; ++i)
    get (0);
  await_sessions (4);
  for (j = 0; j < 3; ++j)       /* each looks before its next command */
    for (i = 0; i < 8; ++i)
      CHECK_UINT (fake_read (&users[i], 0, &(uint32_t) { 0 }), STATUS_GOOD);
  CHECK_UINT (fake_sessions (0), 2);
  CHECK_UINT (fake_sessions (1), 2);
  for (i = 0; i < 8; ++i)
    if (users_of (&users[i]) > most)
      most = users_of (&users[i]);
  CHECK_UINT (most, 2);
  end_test ();
}

static void
test_no_room (void)
{
  struct lu_user *a, *b;

  TEST ("a target with room for one session serves all LUNs over it", 2);
  fake.max_sessions = 1;
  settings.sessions = 4;
  a = get (0);
  b = get (1);
  let_pass (20000);
  CHECK_UINT (fake_write (a, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_write (b, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  CHECK_UINT (count (&fake.logins), 1);
  end_test ();
}

static void
test_eviction (void)
{
  struct lu_user *a, *b;
  struct job j;
  unsigned i, logins;

  TEST ("a target that keeps one session for each initiator is settled "
        "with", 1);
  fake.evicts = true;
  settings.sessions = 2;
  a = get (0);
  b = get (0);
  for (i = 1; i < 30; ++i) {
    begin (&j, i % 2 ? a : b, true, 0, i);
    CHECK_UINT (end_within (&j, 20000), STATUS_GOOD);
    let_pass (200);
  }
  logins = count (&fake.logins);
  let_pass (20000);
  CHECK_UINT (count (&fake.logins), logins);
  CHECK_UINT (fake_sessions (-1), 1);
  CHECK_UINT (fake_write (a, 1, 1), STATUS_GOOD);
  CHECK_UINT (fake_write (b, 2, 1), STATUS_GOOD);
  end_test ();
}

int
main (void)
{
  alarm (300);
  test_read_again ();
  test_write_settled_by_login ();
  test_write_settled_by_reset ();
  test_group_not_told ();
  test_reads_go_on ();
  test_write_fails ();
  test_limit_of_each_fence ();
  test_limit_of_each_transition ();
  test_best_portal_dead ();
  test_transition_elsewhere ();
  test_other_address ();
  test_told_to_a_question ();
  test_reset_refused ();
  test_back_to_settle ();
  test_forgotten ();
  test_reset_ends_commands ();
  test_reset_ends_questions ();
  test_given_up ();
  test_no_path_in_time ();
  test_silent_portal ();
  test_silent_at_start ();
  test_missing_alone ();
  test_another_lun ();
  test_told_of_reset ();
  test_standby ();
  test_transition ();
  test_spread ();
  test_no_room ();
  test_eviction ();
  check_row = NULL;
  target_close_all ();
  return check_summary ();
}
