/* SPDX-License-Identifier: BSD-3-Clause */

/* At which portal a nexus logs in, and how long that takes: one fact a test. */

#include <config.h>

#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "fake-clock.h"
#include "lu-test.h"

static void
test_silent_at_start (void)
{
  struct job j;

  TEST ("a portal that is silent does not use up the time of the others", 2);
  set_portal (0, FAKE_SILENT);
  begin_open (&j, 0, 0);
  CHECK_UINT (end_within (&j, 7000), STATUS_GOOD);
  end_test ();
}

/* Its time may be over before the first login, which is the first to tell. */
static void
test_late_at_start (void)
{
  struct job j;

  TEST ("an open that is late says why, even if nothing was told yet", 2);
  set_portal (0, FAKE_FROZEN);
  set_portal (1, FAKE_FROZEN);
  begin_open (&j, 0, clock_ms () + 8000);
  CHECK_UINT (end_within (&j, 9000), STATUS_LOST);
  CHECK_STR (j.err.msg, FAKE_TARGET ": the target is away: no login was "
             "answered yet");
  nr_users--;
  end_test ();
}

static void
set_login_ms (unsigned portal, unsigned ms)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].login_ms = ms;
  pthread_mutex_unlock (&fake.lock);
}

/* Three nexuses, each with a write of another block, and two portals of which
 * nothing is heard any more, the second a moment after the first.
 */
static void
lose_two_of_three (enum fake_portal_state how, uint64_t more)
{
  struct lu_user *u[3];
  struct job j[3];
  unsigned i;

  settings.sessions = 3;
  for (i = 0; i < 3; ++i)
    u[i] = get (0);
  await_sessions (3);
  for (i = 0; i < 3; ++i)
    do_read (u[i], 0, &(uint32_t) { 0 });
  for (i = 0; i < 3; ++i)
    CHECK_UINT (fake_sessions ((int) i), 1);
  set_portal (0, how);
  for (i = 0; i < 3; ++i)
    begin (&j[i], u[i], true, i, 1);
  let_pass (2000);
  set_portal (1, how);
  let_pass (settings.noop_interval_ms + settings.noop_timeout_ms + 1000 +
            more);
  for (i = 0; i < 3; ++i) {
    CHECK (j[i].over);
    CHECK_UINT (end_within (&j[i], 60000), STATUS_GOOD);
  }
  end_test ();
}

static void
test_two_frozen (void)
{
  TEST ("two of three portals take connections and no more: writes stall for "
        "a ping and a login", 3);
  lose_two_of_three (FAKE_FROZEN, ATTEMPT_MS);
}

static void
test_two_cut (void)
{
  TEST ("two of three links are cut: writes stall for a ping, and no longer",
        3);
  lose_two_of_three (FAKE_SILENT, 0);
}

/* One session, and nobody knows which of the others answers. */
static void
test_many_cut (void)
{
  struct lu_user *a;
  struct job j;
  unsigned i;

  TEST ("all links but one are cut, and there is one session: the same", 4);
  a = get (0);
  for (i = 0; i < 3; ++i)
    set_portal (i, FAKE_SILENT);
  begin (&j, a, true, 0, 1);
  CHECK_UINT (end_within (&j, settings.noop_interval_ms +
                          settings.noop_timeout_ms + 1500), STATUS_GOOD);
  CHECK_UINT (fake_sessions (3), 1);
  end_test ();
}

/* Each of the others would have 5 s. */
static void
test_back_beside_dead_portals (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("the only portal that lives is found soon when it is back", 4);
  set_portal (1, FAKE_SILENT);
  set_portal (2, FAKE_SILENT);
  set_portal (3, FAKE_SILENT);
  a = get (0);
  set_portal (0, FAKE_REFUSES);
  fake_cut (0);
  begin (&j, a, false, 0, 0);
  let_pass (1000);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, ATTEMPT_MS + 1500), STATUS_GOOD);
  end_test ();
}

/* A nexus that was started when the target had just gone. */
static void
test_started_in_an_outage (void)
{
  struct lu_user *a, *b;

  TEST ("a session that failed in an outage is opened after it", 1);
  settings.sessions = 2;
  a = get (0);
  set_portal (0, FAKE_REFUSES);
  b = get (0);
  let_pass (2000);
  fake_cut (0);
  let_pass (2000);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  CHECK_UINT (do_write (b, 1, 1), STATUS_GOOD);
  let_pass (2000);
  CHECK_UINT (fake_sessions (0), 2);
  end_test ();
}

/* It refuses the first try, and the other one takes connections and no more. */
static void
test_back_beside_frozen (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a portal that refused is tried again while the other is silent", 2);
  a = get (0);
  set_portal (1, FAKE_FROZEN);
  set_portal (0, FAKE_REFUSES);
  fake_cut (0);
  begin (&j, a, false, 0, 0);
  let_pass (ATTEMPT_MS + 2000);
  CHECK (!j.over);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 1500), STATUS_GOOD);
  CHECK_UINT (fake_sessions (0), 1);
  end_test ();
}

/* Each try of theirs is one of those that a round has. */
static void
test_back_late_beside_frozen (void)
{
  struct lu_user *a;
  struct job j;
  unsigned i;

  TEST ("portals that refuse are tried again for as long as one is silent", 4);
  settings.login_timeout_ms = 60000;
  a = get (0);
  set_portal (1, FAKE_FROZEN);
  set_portal (2, FAKE_REFUSES);
  set_portal (3, FAKE_REFUSES);
  lose_portal (0);
  begin (&j, a, false, 0, 0);
  let_pass (40000);
  CHECK (!j.over);
  for (i = 2; i < 4; ++i)
    set_portal (i, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 2500), STATUS_GOOD);
  end_test ();
}

/* An hour is long enough for a try of each to wait for its time. */
static void
test_back_much_later_beside_frozen (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("portals that refuse are tried again, however long login-timeout is",
        3);
  settings.login_timeout_ms = 3600000;
  settings.recovery_timeout_ms = 0;
  a = get (0);
  set_portal (1, FAKE_FROZEN);
  set_portal (2, FAKE_REFUSES);
  lose_portal (0);
  begin (&j, a, false, 0, 0);
  let_pass (100000);
  CHECK (!j.over);
  set_portal (2, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 100000), STATUS_GOOD);
  end_test ();
}

/* Each login is one that waits for its portal. */
static void
test_all_frozen (void)
{
  unsigned i, probes;
  struct lu_user *a;
  struct job j;

  TEST ("where all portals are silent they are looked at again and again", 4);
  a = get (0);
  for (i = 1; i < 4; ++i)
    set_portal (i, FAKE_FROZEN);
  lose_portal (0);
  begin (&j, a, false, 0, 0);
  let_pass (1000);
  set_portal (0, FAKE_FROZEN);
  probes = count (&fake.probes);
  let_pass (3 * settings.login_timeout_ms);
  CHECK (count (&fake.probes) > probes);
  set_portal (2, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  end_test ();
}

static bool
is_spread (void *opaque __attribute__ ((__unused__)))
{
  return fake_sessions (0) == 1 && fake_sessions (1) == 1;
}

/* What failed meanwhile is not held against any of them. */
static void
test_spread_after_outage (void)
{
  struct lu_user *u[2];
  struct job j[2];
  unsigned i;

  TEST ("after an outage of all portals the sessions are soon spread", 2);
  settings.sessions = 2;
  for (i = 0; i < 2; ++i)
    u[i] = get (0);
  await_sessions (2);
  for (i = 0; i < 2; ++i)
    lose_portal (i);
  for (i = 0; i < 2; ++i)
    begin (&j[i], u[i], false, i, 0);
  let_pass (60000);
  set_portal (0, FAKE_ANSWERS);
  for (i = 0; i < 2; ++i)
    CHECK_UINT (end_within (&j[i], 5000), STATUS_GOOD);
  set_portal (1, FAKE_ANSWERS);
  CHECK (fake_clock_turn_until (is_spread, NULL, 50, 15000));
  end_test ();
}

static void
test_slow_login (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a login that took long may take as long after a loss", 2);
  set_login_ms (0, 6000);
  set_login_ms (1, 6000);
  settings.login_timeout_ms = 15000;
  begin_open (&j, 0, 0);
  CHECK_UINT (end_within (&j, 25000), STATUS_GOOD);
  a = &users[0];
  set_login_ms (1, 0);          /* one beside it would be the first */
  fake_cut (0);
  fake_cut (1);
  begin (&j, a, true, 0, 1);
  CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (0), 1);
  end_test ();
}

/* It took 3 s there, so 6 s are long. */
static void
test_slow_one_is_silent (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a portal that took long and is silent now is not waited for until "
        "login-timeout", 2);
  settings.login_timeout_ms = 60000;
  set_login_ms (0, 3000);
  begin_open (&j, 0, 0);
  CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
  a = &users[0];
  CHECK_UINT (fake_sessions (0), 1);
  fake_cut (0);
  begin (&j, a, false, 0, 0);
  let_pass (1000);
  set_portal (0, FAKE_FROZEN);
  CHECK_UINT (end_within (&j, 7000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  end_test ();
}

static void
test_slow_login_alone (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("the only portal has login-timeout for each login", 1);
  a = get (0);
  set_login_ms (0, 6000);
  fake_cut (0);
  begin (&j, a, true, 0, 1);
  CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
  end_test ();
}

/* One portal takes connections and no more, the other is so slow that both are
 * tried side by side.
 */
static void
test_slow_beside_frozen (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a slow login is waited for beside a portal that is silent", 2);
  a = get (0);
  set_login_ms (1, 6000);
  set_portal (0, FAKE_FROZEN);
  begin (&j, a, true, 0, 1);
  CHECK_UINT (end_within (&j, settings.noop_interval_ms +
                          settings.noop_timeout_ms + 7000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  end_test ();
}

/* Whichever is the first. */
static void
test_slow_beside_frozen_first (void)
{
  struct job j;
  unsigned slow;

  for (slow = 0; slow < 2; ++slow) {
    TEST ("the first login, too, is waited for beside a silent portal", 2);
    set_login_ms (slow, 6000);
    set_portal (!slow, FAKE_FROZEN);
    begin_open (&j, 0, 0);
    CHECK_UINT (end_within (&j, ATTEMPT_MS + 7000), STATUS_GOOD);
    CHECK_UINT (fake_sessions ((int) slow), 1);
    CHECK_UINT (users[0].path->nexus->portal, slow);
    fake_cut (slow);            /* it is the first to be tried now */
    begin (&j, &users[0], true, 0, 1);
    CHECK_UINT (end_within (&j, 8000), STATUS_GOOD);
    end_test ();
  }
}

/* Neither portal ends the session at the other one: they are two groups. */
static void
test_two_in_at_once (void)
{
  struct job j;

  TEST ("of two logins that work at once one session is kept", 2);
  set_login_ms (0, 2 * ATTEMPT_MS);
  set_login_ms (1, ATTEMPT_MS);
  begin_open (&j, 0, 0);
  CHECK_UINT (end_within (&j, 2 * ATTEMPT_MS + 2000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  end_test ();
}

int
main (void)
{
  alarm (500);
  test_silent_at_start ();
  test_late_at_start ();
  test_two_frozen ();
  test_two_cut ();
  test_many_cut ();
  test_back_beside_dead_portals ();
  test_started_in_an_outage ();
  test_back_beside_frozen ();
  test_back_late_beside_frozen ();
  test_back_much_later_beside_frozen ();
  test_all_frozen ();
  test_spread_after_outage ();
  test_slow_login ();
  test_slow_one_is_silent ();
  test_slow_login_alone ();
  test_slow_beside_frozen ();
  test_slow_beside_frozen_first ();
  test_two_in_at_once ();
  check_row = NULL;
  target_close_all ();
  return check_summary ();
}
