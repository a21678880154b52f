/* SPDX-License-Identifier: BSD-3-Clause */

/* What the fence holds back, and what settles it: one fact a test. */

#include <config.h>

#include <unistd.h>

#include "check.h"
#include "fake-clock.h"
#include "lu-test.h"
#include "lu.h"

static void
refuse_reset (bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.refuses_reset = yes;
  pthread_mutex_unlock (&fake.lock);
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

static void
test_reads_go_on (void)
{
  struct lu_user *a, *b;
  struct job j, w;
  uint32_t value = 9;

  TEST ("while a write is unsettled reads go on, and writes of all users "
        "wait", 2);
  get_two (&a, &b);
  refuse_reset (true);
  leave_unsettled (&j, a);
  begin (&w, b, true, 1, 1);
  let_pass (5000);
  CHECK (!j.over);
  CHECK (!w.over);
  CHECK_UINT (do_read (b, 1, &value), STATUS_GOOD);
  CHECK_UINT (do_read (a, 1, &value), STATUS_GOOD);
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
  refuse_reset (true);
  leave_unsettled (&j, a);
  let_pass (15000);
  CHECK (!j.over);
  CHECK_UINT (end_within (&j, 10000), STATUS_LOST);

  /* The same user, another one, and one that comes when all have left. */
  CHECK_UINT (do_write (a, 0, 2), STATUS_LOST);
  CHECK_UINT (do_write (b, 0, 2), STATUS_LOST);
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
  CHECK_UINT (do_write (c, 0, 3), STATUS_GOOD);
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
  refuse_reset (true);
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
test_other_address (void)
{
  struct lu_user *a, *b;
  struct error err;
  struct job j;

  TEST ("a LUN has one fence, whatever form its address is told in", 2);
  get_two (&a, &b);
  refuse_reset (true);
  leave_unsettled (&j, a);
  let_pass (1000);
  users[nr_users] = (struct lu_user) { .counts = true };
  CHECK_INT (lu_get (&settings, FAKE_TARGET, 0, 0x4000, &users[nr_users++],
                     NULL, &err), 0);
  CHECK (!fence_is_open (&users[nr_users - 1].lu->fence));
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  end_test ();
}

/* Two who open it for the first time, each over a form of its own. */
static void
test_other_address_at_once (void)
{
  static const uint16_t wires[] = { 0, 0x4000, 0x4000 };
  const struct lun_facts facts = { .size = 1 };
  struct error err;
  unsigned i;

  TEST ("a LUN that two open at once has one fence", 1);
  for (i = 0; i < 2; ++i)
    CHECK_INT (lu_get (&settings, FAKE_TARGET, 0, wires[i], &users[nr_users++],
                       NULL, &err), 0);
  CHECK (lu_set_facts (users[0].lu, &facts));
  CHECK (!lu_set_facts (users[1].lu, &facts));
  CHECK_INT (lu_get (&settings, FAKE_TARGET, 0, wires[i], &users[nr_users++],
                     NULL, &err), 0);
  CHECK (users[2].lu == users[0].lu);
  CHECK (lu_set_facts (users[2].lu, &facts));
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
  refuse_reset (true);
  leave_unsettled (&j, a);
  begin (&w, other, true, 0, 1);
  CHECK_UINT (end_within (&w, 10000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  CHECK_UINT (look (0).writes, 0);

  /* It heals by itself when it can be. */
  refuse_reset (false);
  await_settled (a);
  CHECK_UINT (do_write (a, 0, 2), STATUS_GOOD);
  end_test ();
}

static void
mute_reset (bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.mute_reset = yes;
  pthread_mutex_unlock (&fake.lock);
}

/* How long the longest of the reads took, one a second for so many. */
static unsigned
longest_read (struct lu_user *user, unsigned reads)
{
  unsigned ms, longest = 0;
  struct job j;

  while (reads-- > 0) {
    begin (&j, user, false, 0, 0);
    for (ms = 0; !j.over && ms < 100000; ms += 50)
      let_pass (50);
    CHECK_UINT (end_within (&j, 1000), STATUS_GOOD);
    if (ms > longest)
      longest = ms;
    let_pass (1000);
  }
  return longest;
}

/* The LUN hangs: the reset is as little answered as all else. */
static void
test_reset_unanswered (void)
{
  struct lu_user *a, *other;
  struct job j, w;

  TEST ("a LUN that does not answer a reset fails alone", 2);
  settings.timeout_ms = 5000;
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  other = get (1);
  mute_reset (true);
  leave_unsettled (&j, a);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  CHECK (longest_read (other, 20) <= 1000);
  begin (&w, other, true, 0, 1);
  CHECK_UINT (end_within (&w, 1000), STATUS_GOOD);
  CHECK (is_fenced (a->lu));
  mute_reset (false);
  CHECK (fake_clock_turn_until (is_settled, a->lu, 50, 70000));
  CHECK_UINT (do_write (a, 0, 2), STATUS_GOOD);
  end_test ();
}

/* And one that the session ends with. */
static void
test_reset_dropped (void)
{
  struct lu_user *a, *other;
  struct job j, w;

  TEST ("a target that ends the session on a reset has the LUN fail alone", 2);
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  other = get (1);
  pthread_mutex_lock (&fake.lock);
  fake.drops_reset = true;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (&j, a);
  begin (&w, other, true, 0, 1);
  CHECK_UINT (end_within (&w, 5000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  CHECK (longest_read (other, 20) <= 2000);
  CHECK (is_fenced (a->lu));
  pthread_mutex_lock (&fake.lock);
  fake.drops_reset = false;
  pthread_mutex_unlock (&fake.lock);
  await_settled (a);
  CHECK_UINT (do_write (a, 0, 2), STATUS_GOOD);
  end_test ();
}

static void
set_busy (unsigned lun, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].busy = yes;
  pthread_mutex_unlock (&fake.lock);
}

/* And one that does not even tell which one it is. */
static void
test_reset_busy (void)
{
  struct lu_user *a, *other;
  struct job j, w;

  TEST ("a LUN that is busy when it is to be reset fails alone", 2);
  settings.recovery_timeout_ms = 20000;
  a = get (0);
  other = get (1);
  CHECK_UINT (do_write (a, 0, 1), STATUS_GOOD); /* it is made sure of */
  set_busy (0, true);
  leave_unsettled (&j, a);
  begin (&w, other, true, 0, 1);
  CHECK_UINT (end_within (&w, 5000), STATUS_GOOD);
  CHECK_UINT (end_within (&j, 30000), STATUS_LOST);
  CHECK (longest_read (other, 20) <= 3000);
  CHECK (is_fenced (a->lu));
  set_busy (0, false);
  await_settled (a);
  CHECK_UINT (do_write (a, 0, 2), STATUS_GOOD);
  end_test ();
}

static unsigned
logins_in (unsigned ms)
{
  const unsigned before = count (&fake.logins);

  let_pass (ms);
  return count (&fake.logins) - before;
}

/* Nothing but a login can tell whether it is refused still. */
static void
test_refused_for_long (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("a target that refuses a reset is not logged in to all the time", 2);
  a = get (0);
  refuse_reset (true);
  leave_unsettled (&j, a);
  CHECK (logins_in (90000) <= 9);
  CHECK (!j.over);
  refuse_reset (false);
  CHECK_UINT (end_within (&j, 20000), STATUS_GOOD);
  end_test ();
}

/* Nexus 1 has left a write, finds no room beside nexus 2, and the target refuses
 * the reset.
 */
static void
leave_without_room (struct job *j, struct lu_user *a)
{
  refuse_reset (true);
  pthread_mutex_lock (&fake.lock);
  fake.max_sessions = 1;
  pthread_mutex_unlock (&fake.lock);
  leave_unsettled (j, a);
}

/* Nexus 2 makes it, as soon as it may. */
static void
test_refused_for_long_without_room (void)
{
  struct lu_user *a, *b;
  struct job j;

  TEST ("the same of a target that has no room for the session", 2);
  get_two (&a, &b);
  leave_without_room (&j, a);
  let_pass (5000);
  CHECK (logins_in (90000) <= 9);
  CHECK (!j.over);
  refuse_reset (false);
  CHECK_UINT (end_within (&j, 20000), STATUS_GOOD);
  end_test ();
}

/* Only a login of nexus 1 can settle it. */
static void
test_room_for_old_writes (void)
{
  struct lu_user *a, *b;
  struct job j;

  TEST ("who has left writes gets in, where nobody else can settle them", 2);
  get_two (&a, &b);
  leave_without_room (&j, a);
  hold_writes (0, false);
  let_pass (5000);
  CHECK (!j.over);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 60000), STATUS_GOOD);
  CHECK_UINT (fake_sessions (-1), 1);
  begin (&j, b, true, 1, 1);
  CHECK_UINT (end_within (&j, 1000), STATUS_GOOD);
  end_test ();
}

static bool
both_held (void *opaque __attribute__ ((__unused__)))
{
  return fake_held () == 2;
}

static bool
keeps_one (struct target *t)
{
  bool r;

  pthread_mutex_lock (&t->lock);
  r = t->single;
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* The same of one that keeps one session: the nexus that is not to have it has
 * left a write, too.
 */
static void
test_refused_for_long_evicted (void)
{
  struct lu_user *u[2];
  struct job j[2], r;
  unsigned i;

  TEST ("the same of a target that keeps one session", 1);
  fake.tells_group = false;
  settings.sessions = 2;
  refuse_reset (true);
  for (i = 0; i < 2; ++i)
    u[i] = get (0);
  await_sessions (2);
  hold_writes (0, true);
  for (i = 0; i < 2; ++i) {
    do_read (u[i], 0, &(uint32_t) { 0 });
    begin (&j[i], u[i], true, i, 1);
  }
  CHECK (fake_clock_await (both_held, NULL));
  pthread_mutex_lock (&fake.lock);
  fake.evicts = true;
  pthread_mutex_unlock (&fake.lock);
  fake_cut (0);
  /* How soon that is recognised depends on which thread notices what first. */
  for (i = 0; i < 600 && !keeps_one (u[0]->lu->target); ++i) {
    begin (&r, u[i % 2], false, 0, 0);
    CHECK_UINT (end_within (&r, 20000), STATUS_GOOD);
    let_pass (200);
  }
  CHECK (keeps_one (u[0]->lu->target));
  let_pass (2000);
  CHECK (logins_in (20000) <= 9);
  hold_writes (0, false);
  refuse_reset (false);
  for (i = 0; i < 2; ++i)
    CHECK_UINT (end_within (&j[i], 40000), STATUS_GOOD);
  end_test ();
}

/* The nexus has left a write of LUN 0 in one group, and is in another one when
 * a write of LUN 1 is rejected, with nothing else under way: a login in the
 * first group does not settle that.
 */
static void
test_rejected_elsewhere (void)
{
  struct lu_user *a, *b;
  int first = 0, second = 1;
  struct job j;

  TEST ("a write that was rejected is not settled in another group", 2);
  a = get (0);
  b = get (1);
  refuse_reset (true);
  leave_unsettled (&j, a);
  CHECK (fake_clock_turn_until (is_at, &second, 50, 10000));
  CHECK_UINT (do_read (b, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  pthread_mutex_lock (&fake.lock);
  fake.portals[1].rejects_writes = true;
  fake.portals[1].state = FAKE_REFUSES;
  fake.portals[0].state = FAKE_ANSWERS;
  pthread_mutex_unlock (&fake.lock);
  CHECK_UINT (do_write (b, 0, 1), STATUS_PROTOCOL);
  CHECK (fake_clock_turn_until (is_at, &first, 50, 10000));
  let_pass (200);
  CHECK (is_fenced (b->lu));
  hold_writes (0, false);
  refuse_reset (false);
  CHECK_UINT (end_within (&j, 40000), STATUS_GOOD);
  await_settled (b);
  CHECK_UINT (do_write (b, 0, 2), STATUS_GOOD);
  end_test ();
}

/* The nexus finds another LUN of that number at the one portal that is left.
 */
static void
test_reset_of_another (void)
{
  struct lu_user *a;
  int second = 1;
  struct job j;

  TEST ("where the number is another LUN's, that is not reset", 2);
  fake.portals[1].shift = 2;
  a = get (0);
  leave_unsettled (&j, a);
  CHECK (fake_clock_turn_until (is_at, &second, 50, 10000));
  let_pass (1000);
  CHECK_UINT (look (2).resets, 0);
  CHECK (is_fenced (a->lu));
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 20000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  CHECK_UINT (look (2).writes, 0);
  end_test ();
}

static void
test_reset_elsewhere (void)
{
  struct lu_user *a;
  struct job j;

  TEST ("it is reset at a third portal then", 3);
  fake.portals[1].shift = 2;
  a = get (0);
  get (1);                      /* it may be there, as far as is known */
  leave_unsettled (&j, a);
  CHECK_UINT (end_within (&j, 15000), STATUS_GOOD);
  CHECK_UINT (look (0).resets, 1);
  CHECK_UINT (look (0).writes, 1);
  CHECK_UINT (look (2).resets, 0);
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
  refuse_reset (true);
  leave_unsettled (&j, a);
  let_pass (10000);
  CHECK (!j.over);
  CHECK_UINT (do_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  CHECK_UINT (fake_sessions (1), 1);
  hold_writes (0, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  end_test ();
}

static bool
two_are_held (void *opaque __attribute__ ((__unused__)))
{
  return fake_held () == 2;
}

/* One nexus, and the second loss is in the group to which it moved after the
 * first one.
 */
static void
test_two_groups (void)
{
  struct lu_user *a, *b;
  struct job j, w;

  TEST ("what two LUNs have left in two groups is settled in each", 2);
  a = get (0);
  b = get (1);
  refuse_reset (true);
  leave_unsettled (&j, a);
  let_pass (5000);
  CHECK_UINT (fake_sessions (1), 1);
  hold_writes (1, true);
  begin (&w, b, true, 0, 1);
  CHECK (fake_clock_turn_until (two_are_held, NULL, 50, 1000));
  lose_portal (1);
  CHECK (fake_clock_await (is_fenced, b->lu));
  hold_writes (0, false);
  hold_writes (1, false);
  set_portal (0, FAKE_ANSWERS);
  CHECK_UINT (end_within (&j, 10000), STATUS_GOOD);
  CHECK (!w.over);
  set_portal (1, FAKE_ANSWERS);
  CHECK_UINT (end_within (&w, 30000), STATUS_GOOD);
  CHECK_UINT (look (0).writes, 1);
  CHECK_UINT (look (1).writes, 1);
  CHECK_UINT (count (&fake.resets), 0);
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
  CHECK_UINT (do_read (a, 0, &(uint32_t) { 0 }), STATUS_GOOD);
  fake_swap (0, 1);
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
  hold_questions (1, true);
  fake_cut (1);
  let_pass (500);
  begin (&r, b, false, 0, 0);
  let_pass (500);
  CHECK_UINT (fake_held (), 2);
  hold_questions (1, false);
  lose_portal (0);
  CHECK_UINT (end_within (&r, 3000), STATUS_GOOD);
  CHECK_UINT (count (&fake.resets), 1);
  CHECK_UINT (end_within (&j, 3000), STATUS_GOOD);
  end_test ();
}

int
main (void)
{
  alarm (500);
  test_write_settled_by_login ();
  test_write_settled_by_reset ();
  test_group_not_told ();
  test_reads_go_on ();
  test_write_fails ();
  test_limit_of_each_fence ();
  test_other_address ();
  test_other_address_at_once ();
  test_reset_refused ();
  test_reset_unanswered ();
  test_reset_dropped ();
  test_reset_busy ();
  test_refused_for_long ();
  test_refused_for_long_without_room ();
  test_room_for_old_writes ();
  test_refused_for_long_evicted ();
  test_rejected_elsewhere ();
  test_reset_of_another ();
  test_reset_elsewhere ();
  test_back_to_settle ();
  test_two_groups ();
  test_forgotten ();
  test_reset_ends_commands ();
  test_reset_ends_questions ();
  check_row = NULL;
  target_close_all ();
  return check_summary ();
}
