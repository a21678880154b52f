/* SPDX-License-Identifier: BSD-3-Clause */

/* What becomes of commands that a session did not carry out, and of LUNs that
 * are not what they were: one fact a test. */

#include <config.h>

#include <unistd.h>

#include "alua.h"
#include "cdb.h"
#include "check.h"
#include "fake-clock.h"
#include "lu-test.h"
#include "lu-alua.h"
#include "run.h"

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
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  let_pass (31000);
  fake_swap (0, 9);
  lu_look_for_better (a, a->path);
  begin (&j, a, true, 0, 2);
  let_pass (1000);
  CHECK_UINT (look (0).writes, 1);
  fake_swap (0, 1);
  end_within (&j, 200000);
  end_test ();
}

/* Whenever it has told its identity the target says that it may have changed. */
static void
test_never_sure (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a LUN that cannot be made sure of is given up in time", 1);
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].unsteady = true;
  pthread_mutex_unlock (&fake.lock);
  begin (&j, a, false, 0, 0);
  let_pass (15000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 10000), STATUS_LOST);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].unsteady = false;
  pthread_mutex_unlock (&fake.lock);
  begin (&j, a, false, 0, 0);
  CHECK_UINT (end_within (&j, 5000), STATUS_GOOD);
  end_test ();
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
  hold_reads (0, true);
  begin (&j, a, false, 0, 0);
  let_pass (25000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 10000), STATUS_TIMEOUT);
  end_test ();
}

static void *
optional_thread (void *jv)
{
  struct job *j = jv;
  uint8_t data[512];
  struct command cmd = {
    .direction = DATA_IN,
    .iov = { { .iov_base = data, .iov_len = sizeof data } },
    .niov = 1,
    .len = sizeof data,
    .timeout_ms = 2000,
  };

  cmd.cdb_len = cdb_read16 (cmd.cdb, 0, 1);
  lu_run (j->user, &cmd, 1);
  j->status = cmd.answer.status;
  j->over = true;
  return NULL;
}

static void
test_optional (void)
{
  struct lu_user *a;
  struct job j, w;

  TEST ("a command with a limit of its own is given up at the first, and "
        "what was under way with it is sent again", 1);
  settings.timeout_ms = 10000;
  a = get (0);
  CHECK_UINT (do_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  hold_reads (0, true);
  j = (struct job) { .user = a };
  if (pthread_create (&j.thread, NULL, optional_thread, &j) != 0)
    abort ();
  await_held ();
  hold_writes (0, true);
  begin (&w, a, true, 1, 1);
  let_pass (1500);
  CHECK (!j.over);
  hold_writes (0, false);
  CHECK_UINT (end_within (&j, 1500), STATUS_TIMEOUT);
  CHECK_UINT (end_within (&w, 1500), STATUS_GOOD);
  CHECK_UINT (count (&fake.logins), 2);
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
  CHECK_UINT (do_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  end_test ();
}

static void
test_missing_alone (void)
{
  struct lu_user *a, *b;
  struct job j;

  TEST ("a LUN that is gone fails alone, and comes back", 1);
  a = get (0);
  b = get (1);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].there = false;
  pthread_mutex_unlock (&fake.lock);
  CHECK_UINT (do_write (a, 0, 2), STATUS_CHECK_CONDITION);
  begin (&j, a, true, 0, 3);
  CHECK_UINT (end_within (&j, 5000), STATUS_LOST);
  CHECK_UINT (do_write (b, 0, 1), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].there = true;
  pthread_mutex_unlock (&fake.lock);
  CHECK_UINT (do_write (a, 0, 4), STATUS_GOOD);
  end_test ();
}

static void
hang (unsigned lun, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].hangs = yes;
  pthread_mutex_unlock (&fake.lock);
  if (!yes)
    fake_release_all ();
}

/* The target is there, and so are its other LUNs. */
static void
test_hung_alone (void)
{
  struct lu_user *a, *b;
  struct job j[3], w;
  unsigned i, logins;

  TEST ("a LUN that answers nothing fails alone, and heals", 1);
  settings.timeout_ms = 10000;
  settings.recovery_timeout_ms = 0;
  a = get (0);
  b = get (1);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  hang (0, true);
  for (i = 0; i < 3; ++i)
    begin (&j[i], a, true, i + 1, 1);
  let_pass (11000);             /* this ends the session, once */
  logins = count (&fake.logins);
  CHECK_UINT (logins, 2);
  for (i = 0; i < 3; ++i)
    CHECK_UINT (end_within (&j[i], 40000), STATUS_TIMEOUT);
  begin (&w, b, true, 0, 1);
  begin (&j[0], a, false, 0, 0);
  CHECK_UINT (end_within (&w, 5000), STATUS_GOOD);
  CHECK_UINT (end_within (&j[0], 45000), STATUS_TIMEOUT);
  CHECK_UINT (count (&fake.logins), logins);

  hang (0, false);
  begin (&w, a, true, 0, 2);
  CHECK_UINT (end_within (&w, 5000), STATUS_GOOD);
  CHECK_UINT (count (&fake.logins), logins);
  end_test ();
}

static bool
more_held (void *n)
{
  return fake_held () > *(unsigned *) n;
}

/* The session has learnt to send one command at a time. */
static void
test_hung_question (void)
{
  struct lu_user *a, *b;
  struct job j[3], w;
  unsigned i, held;

  TEST ("a question to a LUN that hangs has no other LUN wait", 1);
  settings.timeout_ms = 10000;
  a = get (0);
  b = get (1);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  hang (0, true);
  for (i = 0; i < 3; ++i)
    begin (&j[i], a, true, i + 1, 1);
  for (i = 0; i < 3; ++i)
    CHECK_UINT (end_within (&j[i], 60000), STATUS_TIMEOUT);
  held = fake_held ();
  begin (&j[0], a, false, 0, 0);
  CHECK (fake_clock_await (more_held, &held));
  begin (&w, b, true, 0, 1);
  CHECK_UINT (end_within (&w, 5000), STATUS_GOOD);
  CHECK (!j[0].over);
  hang (0, false);
  end_within (&j[0], 60000);
  end_test ();
}

/* One that is lost on the way, with all that is sent to the LUN later. */
static void
test_hung_for_long (void)
{
  struct lu_user *a;
  struct job j;
  unsigned i;

  TEST ("a LUN that has forgotten many questions is asked over another "
        "session", 1);
  settings.timeout_ms = 5000;
  a = get (0);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  hang (0, true);
  for (i = 0; i < 10; ++i) {
    begin (&j, a, false, 0, 0);
    CHECK_UINT (end_within (&j, 30000), STATUS_TIMEOUT);
  }
  CHECK (count (&fake.logins) >= 3);
  CHECK (count (&fake.logins) <= 5);
  hang (0, false);
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
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
  pthread_mutex_lock (&fake.lock);
  fake.luns[0].identity = 9;
  pthread_mutex_unlock (&fake.lock);
  fake_cut (0);
  begin (&j, a, true, 0, 2);
  CHECK (end_within (&j, 20000) != STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  fake_swap (0, 1);
  let_pass (3000);
  CHECK_UINT (do_write (a, 0, 3), STATUS_GOOD);
  end_test ();
}

static void
test_told_of_reset (void)
{
  struct lu_user *a;
  struct job j, r;

  TEST ("commands that a reset by others has ended are sent again", 1);
  a = get (0);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD);
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

/* A list of many targets takes one for each. */
static void
test_isids (void)
{
  struct isid first, next;
  struct error err;
  unsigned i;

  check_row = "no two sessions of a process have one ISID";
  CHECK_INT (nexus_next_isid (&first, &err), 0);
  for (i = 0; i < 200000; ++i) {
    if (nexus_next_isid (&next, &err) == -1 ||
        (next.random == first.random && next.qualifier == first.qualifier))
      break;
  }
  CHECK_UINT (i, 200000);
}

int
main (void)
{
  alarm (500);
  test_isids ();
  test_read_again ();
  test_told_to_a_question ();
  test_never_sure ();
  test_given_up ();
  test_optional ();
  test_no_path_in_time ();
  test_missing_alone ();
  test_hung_alone ();
  test_hung_question ();
  test_hung_for_long ();
  test_another_lun ();
  test_told_of_reset ();
  check_row = NULL;
  target_close_all ();
  return check_summary ();
}
