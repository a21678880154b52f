/* SPDX-License-Identifier: BSD-3-Clause */

/* All targets that are in use: getting hold of a LUN and leaving it, and logging
 * out of what nobody uses any more.
 */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "lu-ask.h"
#include "paths.h"
#include "target.h"
#include "thread.h"

/* A target that nobody uses is logged out of after so long: who has listed
 * its LUNs is going to open one.
 */
#define LINGER_MS 1000

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_changed; /* for the reaper, see reaper_start */
static struct target *all;
static pthread_t reaper;
static bool reaping, closing;

/* ---- logging out ---- */

/* When a target may go; NO_DEADLINE: not now.  While a write is unsettled it
 * is only by its nexus that it ever will not be.
 */
static uint64_t
end_of_linger (struct target *t)
{
  uint64_t r = NO_DEADLINE;

  pthread_mutex_lock (&t->lock);
  if (t->users == 0)
    r = target_has_unsettled (t) ? clock_ms () + LINGER_MS
      : t->idle_since + LINGER_MS;
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* The target that is to go first, and when. */
static struct target **
first_to_go (uint64_t *when)
{
  struct target **tp, **first = NULL;
  uint64_t end;

  *when = NO_DEADLINE;
  for (tp = &all; *tp != NULL; tp = &(*tp)->next) {
    end = end_of_linger (*tp);
    if (end < *when) {
      *when = end;
      first = tp;
    }
  }
  return first;
}

static void *
reap_targets (void *opaque __attribute__ ((__unused__)))
{
  struct target **tp, *t;
  uint64_t when;

  pthread_mutex_lock (&all_lock);
  while (!closing) {
    tp = first_to_go (&when);
    if (tp == NULL || when > clock_ms ()) {
      clock_wait (&all_changed, &all_lock, when);
      continue;
    }
    t = *tp;
    *tp = t->next;
    pthread_mutex_unlock (&all_lock);
    debug_session ("%s: not used any more", t->name);
    target_free (t, clock_ms () + LOGOUT_MS);
    pthread_mutex_lock (&all_lock);
  }
  pthread_mutex_unlock (&all_lock);
  return NULL;
}

/* Under the lock.  Without a thread for it targets stay until the end. */
static void
ring_reaper (void)
{
  if (!reaping) {
    clock_cond_init (&all_changed);
    reaping = thread_start (&reaper, reap_targets, NULL) == 0;
  }
  else
    pthread_cond_signal (&all_changed);
}

void
target_close_all (void)
{
  const uint64_t deadline = clock_ms () + LOGOUT_MS;
  struct target *t;

  pthread_mutex_lock (&all_lock);
  closing = true;
  if (reaping)
    pthread_cond_signal (&all_changed);
  pthread_mutex_unlock (&all_lock);
  if (reaping)
    pthread_join (reaper, NULL);

  for (t = all; t != NULL; t = t->next)
    target_begin_stop (t, deadline);
  while ((t = all) != NULL) {
    all = t->next;
    target_free (t, deadline);
  }
  preflight_forget ();
}

/* ---- getting hold ---- */

bool
target_has_session (const char *name)
{
  struct target *t;
  bool r = false;

  pthread_mutex_lock (&all_lock);
  for (t = all; t != NULL; t = t->next)
    if (strcmp (t->name, name) == 0) {
      pthread_mutex_lock (&t->lock);
      r = target_is_up (t);
      pthread_mutex_unlock (&t->lock);
    }
  pthread_mutex_unlock (&all_lock);
  return r;
}

static struct target *
get_target (const struct settings *p, const char *name, struct error *err)
{
  struct target *t;

  pthread_mutex_lock (&all_lock);
  for (t = all; t != NULL && strcmp (t->name, name) != 0; t = t->next)
    ;
  if (t == NULL) {
    t = target_new (p, name, preflight_portals (name), err);
    if (t) {
      t->next = all;
      all = t;
    }
  }
  if (t) {
    pthread_mutex_lock (&t->lock);
    t->users++;
    pthread_mutex_unlock (&t->lock);
  }
  pthread_mutex_unlock (&all_lock);
  return t;
}

static void
put_target (struct target *t)
{
  bool idle;

  pthread_mutex_lock (&all_lock);
  pthread_mutex_lock (&t->lock);
  idle = --t->users == 0;
  t->idle_since = clock_ms ();
  pthread_mutex_unlock (&t->lock);
  if (idle)
    ring_reaper ();
  pthread_mutex_unlock (&all_lock);
}

/* Under the target's lock.  Most targets take a number in more than one form
 * of address: a LUN that is known is the same in all of them.
 */
static struct lu *
get_lu (struct target *t, int number, uint16_t wire, struct error *err)
{
  struct lu *lu = target_known_lu (t, number);

  if (lu == NULL)
    for (lu = t->lus; lu != NULL; lu = lu->next)
      if (lu->lun == number && lu->wire == wire)
        break;
  if (lu == NULL) {
    lu = calloc (1, sizeof *lu);
    if (lu == NULL) {
      error_set (err, ENOMEM, "out of memory");
      return NULL;
    }
    lu->target = t;
    lu->lun = number;
    lu->wire = wire;
    memset (lu->ranks, RANK_UNKNOWN, sizeof lu->ranks);
    lu->next = t->lus;
    t->lus = lu;
  }
  lu->users++;
  return lu;
}

/* Under the target's lock: until there is a session.  A target whose first
 * one could not be opened fails for all who wait; one that is away is waited
 * for as commands do.
 */
static int
await_session (struct lu_user *user, const struct stop *stop,
               struct error *err)
{
  struct target *t = user->lu->target;
  const unsigned failures = t->failures, limit = t->p->recovery_timeout_ms;

  while (!target_is_up (t)) {
    if (t->stopping)
      return error_set (err, ESHUTDOWN, "the server is shutting down");
    if (stop_asked (stop))
      return error_set (err, ESHUTDOWN, "the client has gone, or the server is "
                        "shutting down");
    if (t->failures != failures && !target_tries (t)) {
      *err = t->why;
      return -1;
    }
    if ((t->down_since != 0 && limit > 0 &&
         clock_ms () - t->down_since >= limit) ||
        lu_is_late (user))
      return error_set (err, ETIMEDOUT, "%s: the target is away: %s", t->name,
                        t->why.err != 0 ? t->why.msg
                        : "no login was answered yet");
    target_choose (user);
    target_wait (t, clock_ms () + STOP_SLICE_MS);
  }
  return 0;
}

int
lu_get (const struct settings *p, const char *target, int number,
        uint16_t wire, struct lu_user *user, const struct stop *stop,
        struct error *err)
{
  struct target *t = get_target (p, target, err);
  int r = -1;

  if (t == NULL)
    return -1;
  *user = (struct lu_user) { .counts = user->counts, .limit = user->limit };
  pthread_mutex_lock (&t->lock);
  user->lu = get_lu (t, number, wire, err);
  if (user->lu) {
    r = await_session (user, stop, err);
    if (r == 0)
      target_choose (user);
    else
      target_put_lu (user->lu);
  }
  pthread_mutex_unlock (&t->lock);
  if (r == -1)
    put_target (t);
  return r;
}

void
lu_put (struct lu_user *user)
{
  struct target *t = user->lu->target;

  pthread_mutex_lock (&t->lock);
  target_leave (user);
  target_put_lu (user->lu);
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
  put_target (t);
}

void
target_report_all (struct status_report *out)
{
  struct target *t;

  pthread_mutex_lock (&all_lock);
  for (t = all; t != NULL; t = t->next) {
    pthread_mutex_lock (&t->lock);
    target_report (t, out);
    pthread_mutex_unlock (&t->lock);
  }
  pthread_mutex_unlock (&all_lock);
}
