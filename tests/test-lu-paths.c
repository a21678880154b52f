/* SPDX-License-Identifier: BSD-3-Clause */

/* Which path commands take: one fact a test. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "alua.h"
#include "check.h"
#include "clock.h"
#include "fake-clock.h"
#include "lu-test.h"

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
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  let_pass (40000);
  CHECK_UINT (fake_sessions (0), 1);
  set_portal (2, FAKE_ANSWERS);
  for (i = 0; i < 100 && !is_at (&second); ++i) {
    do_read (a, 0, &(uint32_t) { 0 });
    let_pass (2000);
  }
  CHECK (is_at (&second));
  end_test ();
}

/* It takes connections, and each try keeps the users from the other one. */
static void
test_best_portal_frozen (void)
{
  unsigned logins;

  TEST ("a better portal that answers no login is tried less and less often",
        2);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  set_state (0, 0, ALUA_NON_OPTIMIZED);
  set_state (0, 1, ALUA_OPTIMIZED);
  set_portal (1, FAKE_FROZEN);
  do_read (get (0), 0, &(uint32_t) { 0 });
  logins = count (&fake.logins);
  let_pass (100000);
  CHECK (count (&fake.logins) >= logins + 2);
  CHECK (count (&fake.logins) <= logins + 5);
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
hide_states (bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].hides_states = yes;
  pthread_mutex_unlock (&fake.lock);
}

/* Paths are chosen by what commands are told, as where there are no states. */
static void
test_states_unanswered (void)
{
  struct lu_user *a, *b;
  struct job j;

  TEST ("a LUN that never tells its states is used, and not asked again", 2);
  settings.timeout_ms = 10000;
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  get_two (&a, &b);
  hide_states (true);
  fake_cut (0);                 /* whichever is up first is asked */
  fake_cut (1);
  begin (&j, a, true, 0, 1);
  CHECK_UINT (end_within (&j, 14000), STATUS_GOOD);
  fake_cut (0);
  fake_cut (1);
  begin (&j, b, true, 1, 1);
  CHECK_UINT (end_within (&j, 4900), STATUS_GOOD); /* no time for another */
  hide_states (false);
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

/* TCP had no acknowledgement for too long, or a router says why. */
static void
test_path_given_up_by_tcp (void)
{
  static const int errors[] = { ETIMEDOUT, EHOSTUNREACH, ENETUNREACH };
  struct lu_user *a;
  struct job j;
  unsigned i;

  for (i = 0; i < 2 * sizeof errors / sizeof errors[0]; ++i) {
    const bool busy = i % 2;

    TEST ("a portal is left when TCP gives up a connection to it", 2);
    a = get (0);
    hold_reads (0, true);
    if (busy) {
      begin (&j, a, false, 0, 0);
      await_held ();
    }
    fake_fail_sockets (0, errors[i / 2]);
    if (busy)
      CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
    else
      let_pass (3000);
    CHECK_UINT (fake_sessions (1), 1); /* nobody has tried the first one */
    end_test ();
  }
}

/* We end the session there, since another one has reset the LUN, before a ping
 * would have told.
 */
static void
test_silent_at_a_reset (void)
{
  struct lu_user *a, *b;
  struct job j, w;

  TEST ("a portal that is silent is left when the LUN is reset", 3);
  get_two (&a, &b);
  CHECK_UINT (b->path->nexus->portal, 1);
  hold_reads (1, true);
  begin (&j, b, false, 0, 0);
  await_held ();
  set_portal (1, FAKE_FROZEN);
  let_pass (settings.noop_timeout_ms + 1000);
  leave_unsettled (&w, a);
  let_pass (2000);
  CHECK_UINT (look (0).resets, 1);
  CHECK_UINT (fake_sessions (2), 2); /* nobody has tried the second one */
  CHECK_UINT (end_within (&j, 1000), STATUS_GOOD);
  CHECK_UINT (end_within (&w, 1000), STATUS_GOOD);
  end_test ();
}

/* What it asks may be swallowed and be asked again, be answered BUSY, or find no
 * session.
 */
static void
open_in_vain (void)
{
  struct job j;

  begin_open (&j, 0, clock_ms () + 40000);
  let_pass (39000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 2500), STATUS_LOST);
  nr_users--;
}

static void
test_open_limit (void)
{
  TEST ("an open has one limit, whatever becomes of its questions", 1);
  settings.timeout_ms = 30000;
  get (0);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].hangs = true;
  pthread_mutex_unlock (&fake.lock);
  open_in_vain ();
  fake_release_all ();
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].hangs = false;
  fake.busy_in = 1;
  pthread_mutex_unlock (&fake.lock);
  settings.timeout_ms = 60000;
  open_in_vain ();
  pthread_mutex_lock (&fake.lock);
  fake.busy_in = 0;
  pthread_mutex_unlock (&fake.lock);
  lose_portal (0);
  open_in_vain ();
  end_test ();
}

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
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (0), 1);
  set_state (0, 0, ALUA_STANDBY);
  set_state (0, 1, ALUA_OPTIMIZED);
  begin (&j, a, true, 0, 2);
  CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  set_state (0, 0, ALUA_OPTIMIZED);
  set_state (0, 1, ALUA_NON_OPTIMIZED);
  fake_attention (0, 0x2a06);
  CHECK_UINT (do_write (a, 0, 3), STATUS_GOOD);
  CHECK (fake_clock_turn_until (is_at, &first, 50, 10000));
  begin (&j, a, true, 0, 4);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

/* Not all targets say that a state has changed. */
static void
test_better_untold (void)
{
  struct lu_user *a;
  struct job j;
  unsigned i;

  TEST ("a better path that nobody tells of is found within 30 s", 2);
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  set_state (0, 0, ALUA_NON_OPTIMIZED);
  set_state (0, 1, ALUA_STANDBY);
  a = get (0);
  for (i = 0; i < 90; ++i) {
    begin (&j, a, false, 0, 0);
    CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
    let_pass (1000);
    if (i == 44) {              /* it has been to the other one, and is back */
      CHECK_UINT (fake_sessions (0), 1);
      CHECK (count (&fake.logins) >= 3);
      set_state (0, 1, ALUA_OPTIMIZED);
    }
  }
  CHECK_UINT (fake_sessions (0), 0);
  CHECK_UINT (fake_sessions (1), 1);
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
  unsigned i, j, most = 8;

  TEST ("sessions spread over the portals, and users over the sessions", 2);
  settings.sessions = 4;
  for (i = 0; i < 8; ++i)
    get (0);
  await_sessions (4);
  /* Each looks before its next command.  The target has the last session
     before the nexus knows that it is up. */
  for (j = 0; j < 1000 && most != 2; ++j) {
    for (i = 0; i < 8; ++i)
      CHECK_UINT (do_read (&users[i], 0, &(uint32_t) { 0 }), STATUS_GOOD);
    for (i = most = 0; i < 8; ++i)
      if (users_of (&users[i]) > most)
        most = users_of (&users[i]);
  }
  CHECK_UINT (fake_sessions (0), 2);
  CHECK_UINT (fake_sessions (1), 2);
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
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  CHECK_UINT (do_write (b, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  CHECK_UINT (count (&fake.logins), 1);
  end_test ();
}

/* Two take turns until there are no logins for it any more. */
static void
take_turns (struct lu_user *a, struct lu_user *b)
{
  static uint32_t value;
  unsigned i, quiet = 0, logins = 0;
  struct job j;

  for (i = 0; i < 600 && quiet < 20; ++i) {
    begin (&j, i % 2 ? a : b, true, 0, ++value);
    CHECK_UINT (end_within (&j, 20000), STATUS_GOOD);
    let_pass (200);
    quiet = count (&fake.logins) == logins ? quiet + 1 : 0;
    logins = count (&fake.logins);
  }
  CHECK_UINT (quiet, 20);
}

/* How many logins it takes is a matter of which thread notices what first. */
static void
test_eviction (void)
{
  struct lu_user *a, *b;
  struct job j;
  unsigned logins;

  TEST ("a target that keeps one session for each initiator is settled "
        "with", 1);
  fake.evicts = true;
  settings.sessions = 2;
  a = get (0);
  b = get (0);
  take_turns (a, b);
  logins = count (&fake.logins);
  let_pass (20000);
  CHECK_UINT (count (&fake.logins), logins);
  CHECK_UINT (fake_sessions (-1), 1);
  CHECK_UINT (do_write (a, 1, 1), STATUS_GOOD);
  CHECK_UINT (do_write (b, 2, 1), STATUS_GOOD);

  /* It is asked again after 10 minutes, and 20 minutes after that. */
  fake_clock_turn (599000);
  let_pass (2000);
  take_turns (a, b);
  CHECK (count (&fake.logins) > logins);
  CHECK_UINT (fake_sessions (-1), 1);
  logins = count (&fake.logins);
  pthread_mutex_lock (&fake.lock);
  fake.evicts = false;
  pthread_mutex_unlock (&fake.lock);
  fake_clock_turn (1100000);
  let_pass (1000);
  begin (&j, a, true, 1, 2);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  fake_clock_turn (100000);
  let_pass (1000);
  begin (&j, a, true, 1, 3);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  begin (&j, b, true, 2, 2);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  await_sessions (2);
  end_test ();
}

/* The first of two portals comes to lead to another LUN of that number, and the
 * LUN is on standby at the second one.
 */
static void
test_standby_beside_another (void)
{
  struct lu_user *u[2];
  struct job j;
  unsigned i;

  TEST ("the end of a standby is seen beside a portal of another LUN", 2);
  settings.sessions = 2;
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  for (i = 0; i < 2; ++i)
    u[i] = get (0);
  await_sessions (2);
  pthread_mutex_lock (&fake.lock);
  fake.portals[0].shift = 2;
  pthread_mutex_unlock (&fake.lock);
  fake_cut (0);
  for (i = 0; i < 2; ++i) {
    begin (&j, u[i], false, 0, 0);
    CHECK_UINT (end_within (&j, 2000), STATUS_GOOD);
  }
  set_state (0, 1, ALUA_STANDBY);
  begin (&j, u[0], false, 0, 0);
  let_pass (1000);
  CHECK (!j.over);
  CHECK_UINT (fake_sessions (0), 1); /* which is the first to be asked */
  set_state (0, 1, ALUA_OPTIMIZED);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  end_test ();
}

/* Portal 1 leads to LUN 2, whose states are others. */
static void
test_states_of_another (void)
{
  struct lu_user *u[2];
  struct job j;
  unsigned i;

  TEST ("the states of another LUN are not taken for those of this one", 2);
  settings.sessions = 2;
  fake.portals[1].shift = 2;
  fake.luns[0].tpgs = fake.luns[2].tpgs = TPGS_IMPLICIT;
  set_state (2, 0, ALUA_STANDBY);
  for (i = 0; i < 2; ++i)
    u[i] = get (0);
  for (i = 0; i < 60; ++i) {
    begin (&j, u[i % 2], false, 0, 0);
    CHECK_UINT (end_within (&j, 1000), STATUS_GOOD);
    let_pass (100);
  }
  end_test ();
}

static void
set_identity (unsigned lun, uint8_t identity)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].identity = identity;
  pthread_mutex_unlock (&fake.lock);
}

/* Another LUN takes its place, which only the questions about states tell. */
static void
test_other_seen_by_states (void)
{
  uint32_t value = 0;
  struct lu_user *a;

  TEST ("a LUN that is another one when its states are asked is not used", 1);
  settings.recovery_timeout_ms = 3000;
  fake.luns[0].tpgs = TPGS_IMPLICIT;
  a = get (0);
  CHECK_UINT (do_read (a, 0, &value), STATUS_GOOD);
  set_identity (0, 9);
  set_state (0, 0, ALUA_STANDBY);
  CHECK_UINT (do_read (a, 0, &value), STATUS_LOST);
  set_state (0, 0, ALUA_OPTIMIZED);
  let_pass (2000);              /* it may be the right one again */
  CHECK_UINT (do_read (a, 0, &value), STATUS_LOST);
  CHECK_UINT (do_write (a, 0, 1), STATUS_LOST);
  set_identity (0, 1);
  let_pass (2000);
  CHECK_UINT (do_read (a, 0, &value), STATUS_GOOD);
  end_test ();
}

int
main (void)
{
  alarm (500);
  test_best_portal_dead ();
  test_best_portal_frozen ();
  test_transition_elsewhere ();
  test_states_unanswered ();
  test_silent_portal ();
  test_path_given_up_by_tcp ();
  test_silent_at_a_reset ();
  test_open_limit ();
  test_standby ();
  test_states_of_another ();
  test_other_seen_by_states ();
  test_standby_beside_another ();
  test_better_untold ();
  test_transition ();
  test_limit_of_each_transition ();
  test_spread ();
  test_no_room ();
  test_eviction ();
  check_row = NULL;
  target_close_all ();
  return check_summary ();
}
