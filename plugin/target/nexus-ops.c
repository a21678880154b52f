/* SPDX-License-Identifier: BSD-3-Clause */

/* What a nexus asks of its target, on its own thread: logging in, and what
 * becomes of its sessions.
 */

#include <config.h>

#include <errno.h>

#include "clock.h"
#include "debug.h"
#include "target-private.h"

/* Names are looked up when they are needed first, and again when no portal
 * answers any more.  What was found before will do then.
 */
static int
find_portals (struct target *t, const struct stop *stop, struct error *err)
{
  struct portals found;
  int r = portals_look_up (&found, t->p, t->name,
                           clock_ms () + t->p->login_timeout_ms, stop, err);

  pthread_mutex_lock (&t->lock);
  if (r == 0)
    portals_merge (&t->portals, &found);
  if (t->portals.n > 0) {
    t->found = true;
    r = 0;
  }
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* Is it to log in now?  Not while another one is to have the room that was
 * made.  One that is retired only has to settle what it has left.  It takes a
 * session from the others for that: not all the time, where it is refused.
 */
static bool
is_needed (struct target *t, struct nexus *n)
{
  if (t->first && t->first != n)
    return false;
  if (!n->retired)
    return true;
  return settle_has (t, n) && (n->unsettled == 0 || settle_is_due (t, n));
}

static struct session *
log_in (void *tv, struct nexus *n, const struct stop *stop,
        struct error *err)
{
  struct target *t = tv;
  bool found, needed;

  pthread_mutex_lock (&t->lock);
  found = t->found;
  needed = is_needed (t, n);
  pthread_mutex_unlock (&t->lock);
  if (!needed) {
    error_set (err, ESHUTDOWN, "this session is not needed any more");
    return NULL;
  }
  if (!found && find_portals (t, stop, err) == -1)
    return NULL;
  return round_log_in (t, n, stop, err);
}

/* A nexus that was never up: is one more try worth it?  The first one of a
 * target that has no room may still be in the way of an old session of ours,
 * or meet a target that is just starting.
 */
static bool
may_yet_come_up (struct target *t, const struct nexus *n, unsigned tries,
                 const struct error *why)
{
  if (clock_ms () >= placement_limit (t, n) || target_is_up (t))
    return false;
  return why->err == EBUSY || (why->err == ECONNRESET && tries == 1);
}

/* Under the lock: nobody has a path over it. */
static void
give_up (struct target *t, struct nexus *n)
{
  n->ended = true;
  if (t->first == n)
    t->first = NULL;
  t->failures++;
  t->full_until = clock_ms () + FULL_MS;
  debug_session ("%s: given up: %s", n->name, n->why.msg);
  target_changed (t);
}

/* One that was up is kept, for those who have a path over it; while it is
 * retired it only sleeps.
 */
static bool
has_failed (void *tv, struct nexus *n, unsigned tries,
            const struct error *why)
{
  struct target *t = tv;
  bool wanted;

  pthread_mutex_lock (&t->lock);
  wanted = n->was_up || (!n->retired && may_yet_come_up (t, n, tries, why));
  if (!n->retired && why->err != ESHUTDOWN) {
    if (n->was_up || portals_got_further (why, &n->why))
      n->why = *why;
    if (!target_is_up (t)) {
      t->why = n->why;
      t->away = true;
    }
    /* Every portal has failed: the hosts may have moved. */
    if (t->portals.n > 0 && tries % t->portals.n == 0)
      t->found = false;
  }
  settle_end_turn (t, n);
  if (why->err == EBUSY && settle_has (t, n))
    settle_for (t, n);
  if (!wanted)
    give_up (t, n);
  pthread_mutex_unlock (&t->lock);
  return wanted;
}

/* A login that failed while the whole target was away tells nothing of its
 * portal, nor of the room that there is.  One for which the only session was
 * left does: it is not to be left for that portal again and again.
 */
static void
forgive_portals (struct target *t)
{
  size_t i;

  for (i = 0; i < t->portals.n; ++i)
    t->portals.list[i].failures = 0;
}

static void
is_up (void *tv, struct nexus *n)
{
  struct target *t = tv;

  pthread_mutex_lock (&t->lock);
  n->up = n->was_up = true;
  n->leaving = false;
  n->since = clock_ms ();
  n->why = (struct error) { 0 };
  settle_end_turn (t, n);
  if (t->away) {
    forgive_portals (t);
    t->full_until = 0;
  }
  t->away = false;
  t->down_since = 0;
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

static void
is_lost (void *tv, struct nexus *n, const struct engine_loss *loss)
{
  struct target *t = tv;

  pthread_mutex_lock (&t->lock);
  n->up = false;
  n->why = loss->why;
  if (loss->cause == LOSS_SILENT || loss->fruitless > 1)
    t->portals.list[n->portal].failed_at = loss->at;
  if (loss->cause == LOSS_BROKEN || loss->cause == LOSS_RESET)
    eviction_note (t, n, loss->at);
  n->logged_in = 0;
  n->since = loss->at;
  if (!target_is_up (t)) {
    t->down_since = loss->at;
    t->why = n->why;
    t->away = loss->cause != LOSS_LEFT;
  }
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

static bool
should_leave (void *tv, struct nexus *n)
{
  struct target *t = tv;
  const uint64_t now = clock_ms ();
  bool r;

  pthread_mutex_lock (&t->lock);
  eviction_doubt (t);
  if (!n->leaving && !n->retired && settle_is_due (t, n)) {
    n->leaving = true;
    target_changed (t);
  }
  if (!n->leaving && !n->retired && t->portals.n > 1 &&
      now - n->looked_at >= REBALANCE_MS) {
    n->looked_at = now;
    target_changed (t);         /* users look for better paths now and then */
    if (placement_has_better (t, n)) {
      debug_session ("%s: leaves %s for a better portal", n->name,
                     t->portals.list[n->portal].at.text);
      n->leaving = true;
      target_changed (t);
    }
  }
  r = n->leaving || n->retired;
  pthread_mutex_unlock (&t->lock);
  return r;
}

static bool
is_attentive (void *tv)
{
  const struct target *t = tv;

  return atomic_load (&t->waiting) > 0;
}

static void
shut_down (void *tv)
{
  target_begin_stop (tv, clock_ms ());
}

const struct nexus_ops target_nexus_ops = {
  .log_in = log_in,
  .is_up = is_up,
  .is_lost = is_lost,
  .has_failed = has_failed,
  .should_leave = should_leave,
  .is_attentive = is_attentive,
  .shut_down = shut_down,
};
