/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake-clock.h"
#include "lu-test.h"
#include "status.h"
#include "target.h"

struct settings settings;
struct lu_user users[MAX_USERS];
unsigned nr_users;

/* No command of these tests that is answered takes longer. */
#define PROMPT_MS 2000

/* An open has to do with whatever is wrong with the target. */
#define OPEN_MS 60000

/* ---- commands on threads of their own ---- */

static void *
job_thread (void *jv)
{
  struct job *j = jv;

  j->status = j->write ? fake_write (j->user, j->block, j->value)
    : fake_read (j->user, j->block, &j->value);
  j->over = true;
  return NULL;
}

void
begin (struct job *j, struct lu_user *user, bool write, unsigned block,
       uint32_t value)
{
  *j = (struct job) {
    .user = user, .write = write, .block = block, .value = value,
  };
  if (pthread_create (&j->thread, NULL, job_thread, j) != 0)
    abort ();
}

static void *
open_thread (void *jv)
{
  struct job *j = jv;

  j->status = fake_open_until (&settings, j->lun, j->limit, j->user,
                               &j->err) == 0 ? STATUS_GOOD : STATUS_LOST;
  j->over = true;
  return NULL;
}

void
begin_open (struct job *j, int lun, uint64_t limit)
{
  *j = (struct job) {
    .user = &users[nr_users++], .lun = lun, .limit = limit,
  };
  if (pthread_create (&j->thread, NULL, open_thread, j) != 0)
    abort ();
}

static bool
is_over (void *jv)
{
  return ((struct job *) jv)->over;
}

unsigned
end_within (struct job *j, uint64_t limit)
{
  CHECK (fake_clock_turn_until (is_over, j, 50, limit));
  if (!j->over)
    exit (check_summary ());
  pthread_join (j->thread, NULL);
  return j->status;
}

unsigned
do_read (struct lu_user *user, unsigned block, uint32_t *value)
{
  struct job j;
  unsigned r;

  begin (&j, user, false, block, 0);
  r = end_within (&j, PROMPT_MS);
  *value = j.value;
  return r;
}

unsigned
do_write (struct lu_user *user, unsigned block, uint32_t value)
{
  struct job j;

  begin (&j, user, true, block, value);
  return end_within (&j, PROMPT_MS);
}

/* ---- what to wait for ---- */

/* Out of all sessions, and the target is forgotten: the pause before its next
 * login is not for the next test.
 */
static bool
all_out (void *opaque __attribute__ ((__unused__)))
{
  struct status_report report = { 0 };
  bool r;

  target_report_all (&report);
  r = report.portals.n == 0 && report.sessions.n == 0 &&
    fake_sessions (-1) == 0;
  status_free (&report);
  return r;
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

void
await_sessions (unsigned n)
{
  CHECK (fake_clock_turn_until (have_sessions, &n, 50, 30000));
}

void
await_held (void)
{
  CHECK (fake_clock_turn_until (something_held, NULL, 50, PROMPT_MS));
}

bool
is_at (void *portal)
{
  return fake_sessions (*(int *) portal) > 0;
}

bool
is_fenced (void *luv)
{
  const struct lu *lu = luv;

  return !fence_is_open (&lu->fence);
}

bool
is_settled (void *luv)
{
  return !is_fenced (luv);
}

void
await_settled (const struct lu_user *user)
{
  CHECK (fake_clock_turn_until (is_settled, user->lu, 50, 30000));
}

void
let_pass (unsigned ms)
{
  for (; ms >= 50; ms -= 50) {
    fake_clock_turn (50);
    fake_clock_settle ();
  }
}

/* ---- the target ---- */

void
hold_writes (unsigned portal, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_writes = yes;
  pthread_mutex_unlock (&fake.lock);
}

void
hold_reads (unsigned portal, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_reads = yes;
  pthread_mutex_unlock (&fake.lock);
}

void
hold_questions (unsigned portal, bool yes)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].holds_questions = yes;
  pthread_mutex_unlock (&fake.lock);
}

void
set_portal (unsigned portal, enum fake_portal_state state)
{
  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].state = state;
  pthread_mutex_unlock (&fake.lock);
}

void
lose_portal (unsigned portal)
{
  set_portal (portal, FAKE_REFUSES);
  fake_cut (portal);
}

void
set_state (unsigned lun, unsigned portal, uint8_t state)
{
  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].states[portal] = state;
  pthread_mutex_unlock (&fake.lock);
}

struct fake_disk_lun
look (unsigned lun)
{
  struct fake_disk_lun r;

  pthread_mutex_lock (&fake.lock);
  r = fake.luns[lun];
  pthread_mutex_unlock (&fake.lock);
  return r;
}

unsigned
count (const unsigned *field)
{
  unsigned r;

  pthread_mutex_lock (&fake.lock);
  r = *field;
  pthread_mutex_unlock (&fake.lock);
  return r;
}

/* ---- clients ---- */

struct lu_user *
get (int lun)
{
  struct job j;

  begin_open (&j, lun, 0);
  if (end_within (&j, OPEN_MS) == STATUS_GOOD)
    return j.user;
  fprintf (stderr, "LUN %d: %s\n", lun, j.err.msg);
  CHECK (false);
  exit (check_summary ());
}

void
get_two (struct lu_user **a, struct lu_user **b)
{
  settings.sessions = 2;
  *a = get (0);
  *b = get (0);
  await_sessions (2);
  do_read (*a, 0, &(uint32_t) { 0 });
  do_read (*b, 0, &(uint32_t) { 0 });
  if ((*a)->path->nexus->portal != 0) {
    struct lu_user *swap = *a;

    *a = *b;
    *b = swap;
  }
}

void
put_all (void)
{
  while (nr_users > 0)
    lu_put (&users[--nr_users]);
}

/* ---- tests ---- */

void
begin_test (const char *name, unsigned nr_portals)
{
  check_row = name;
  fake_target_init (nr_portals);
  fake_settings (&settings);
}

void
end_test (void)
{
  unsigned i;

  pthread_mutex_lock (&fake.lock);
  for (i = 0; i < fake.nr_portals; ++i)
    fake.portals[i].state = FAKE_ANSWERS;
  for (i = 0; i < fake.nr_portals; ++i) {
    fake.portals[i].holds_writes = fake.portals[i].holds_reads =
      fake.portals[i].holds_questions = fake.portals[i].rejects_writes = false;
    fake.portals[i].login_ms = 0;
  }
  fake.refuses_reset = fake.mute_reset = fake.drops_reset = false;
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

/* Where nothing is in the way it is settled at once, and not seen. */
static bool
was_fenced (void *jv)
{
  struct job *j = jv;

  return j->over || is_fenced (j->user->lu);
}

void
leave_unsettled (struct job *j, struct lu_user *user)
{
  hold_writes (0, true);
  begin (j, user, true, 0, 1);
  await_held ();
  lose_portal (0);
  CHECK (fake_clock_await (was_fenced, j));
}
