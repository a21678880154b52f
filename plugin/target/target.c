/* SPDX-License-Identifier: BSD-3-Clause */

/* The nexuses of a target: how many there are, where they log in, what a
 * login settles, and which of them a user has.
 */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "paths.h"
#include "target.h"

/* How long the first try to log in at a portal may take, while there may be
 * others, and a connection always: a portal that is silent is not to use up
 * the time of the others.
 */
#define ATTEMPT_MS 5000

/* A target that refused a further session is not asked again for so long. */
#define FULL_MS 60000

/* The same for the connection when there are sessions at other portals. */
#define HASTY_MS 1000

/* How often to look for a better portal, or while no path carries I/O; and how
 * long a portal is left alone to which a login has failed, twice as long after
 * each further failure.
 */
#define REBALANCE_MS    5000
#define HURRY_MS        1000
#define MAX_ABSTAIN_MS  300000

/* A nexus whose old writes could not be settled when it logged in does so
 * again after so long.
 */
#define UNSETTLED_MS 2000

/* So many sessions in a row, each lost so soon after another one of ours was
 * opened, and each the one for which the one before was lost, were not lost by
 * chance.
 */
#define EVICTIONS   6
#define EVICTION_MS 500

/* ---- waiting ---- */

void
target_changed (struct target *t)
{
  atomic_fetch_add (&t->generation, 1);
  pthread_cond_broadcast (&t->changed);
}

/* Those who watch have nothing else to tell them that the server goes away.
 */
static void
ring_all (struct target *t)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i])
      engine_ring (t->nexuses[i]->engine);
}

void
target_wait (struct target *t, uint64_t deadline)
{
  if (atomic_fetch_add (&t->waiting, 1) == 0)
    ring_all (t);
  clock_wait (&t->changed, &t->lock, deadline);
  atomic_fetch_sub (&t->waiting, 1);
}

bool
target_sleep (void *tv, unsigned ms)
{
  struct target *t = tv;
  const uint64_t until = clock_ms () + ms;

  pthread_mutex_lock (&t->lock);
  while (!t->stopping && clock_ms () < until)
    target_wait (t, until);
  pthread_mutex_unlock (&t->lock);
  return !t->stopping;
}

/* ---- what there is ---- */

bool
target_is_up (const struct target *t)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i]->up)
      return true;
  return false;
}

static bool
is_wanted (const struct nexus *n)
{
  return n && !n->ended && !n->retired;
}

bool
target_tries (const struct target *t)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (is_wanted (t->nexuses[i]))
      return true;
  return false;
}

/* Has this nexus left unsettled writes? */
static bool
has_left (const struct target *t, const struct nexus *n)
{
  const struct lu *lu;

  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (fence_has (&lu->fence, n->number))
      return true;
  return false;
}

bool
target_has_unsettled (const struct target *t)
{
  const struct lu *lu;

  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (!fence_is_open (&lu->fence))
      return true;
  return false;
}

bool
target_all_strangers (const struct lu *lu)
{
  size_t i;

  for (i = 0; i < lu->target->portals.n; ++i)
    if (lu->ranks[i] != RANK_STRANGER)
      return false;
  return lu->target->portals.n > 0;
}

/* ---- forgetting a LUN ---- */

static void
free_lu (struct lu *lu)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    free (lu->paths[i]);
  free (lu);
}

void
target_put_lu (struct lu *lu)
{
  struct lu **lp;

  if (--lu->users > 0 || !fence_is_open (&lu->fence))
    return;
  for (lp = &lu->target->lus; *lp != lu; lp = &(*lp)->next)
    ;
  *lp = lu->next;
  free_lu (lu);
}

/* ---- choosing a portal ---- */

/* The best that a portal has for any LUN that is in use. */
static unsigned
portal_rank (const struct target *t, size_t portal)
{
  unsigned best = RANK_STRANGER;
  const struct lu *lu;
  bool any = false;

  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (lu->users > 0) {
      any = true;
      if (lu->ranks[portal] < best)
        best = lu->ranks[portal];
    }
  return any ? best : RANK_UNKNOWN;
}

static void
view_portals (const struct target *t, const struct nexus *n, bool left,
              struct portal_view *views)
{
  size_t i;

  for (i = 0; i < t->portals.n; ++i) {
    const struct portal_state *portal = &t->portals.list[i];

    views[i] = (struct portal_view) {
      .failed_at = portal->failed_at,
      .same_group = n && left && n->left_in != -1 &&
        portal->group == n->left_in,
      .rank = portal_rank (t, i),
    };
  }
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (is_wanted (t->nexuses[i]) && t->nexuses[i] != n)
      views[t->nexuses[i]->portal].nexuses++;
}

static size_t
choose_portal (const struct target *t, const struct nexus *n)
{
  struct portal_view views[PORTALS_MAX];

  view_portals (t, n, has_left (t, n), views);
  return paths_choose_portal (views, t->portals.n);
}

/* ---- settling what the session before has left ---- */

/* Under the lock: the LUN from ‘lu’ on where the nexus has left writes. */
static struct lu *
next_left (const struct nexus *n, struct lu *lu)
{
  while (lu && !fence_has (&lu->fence, n->number))
    lu = lu->next;
  return lu;
}

/* What the other sessions carry for the LUN is gone too, and the target need
 * not say so (SAM-5 section 5.14): they are opened anew.
 */
static void
break_others (struct target *t, const struct nexus *n, const struct lu *lu)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i] != n && lu->paths[i])
      engine_break_itl (t->nexuses[i]->engine, &lu->paths[i]->itl,
                        "the LUN was reset, to end what a session that is "
                        "lost had sent");
}

/* All who use the LUN feel it, and so it is only done for writes.  A target
 * that says no (EIO) has this LUN alone wait: what is left on it stays.
 */
static int
reset_lun (struct target *t, struct nexus *n, struct lu *lu,
           struct session *s, const struct stop *stop, struct error *err)
{
  struct fence_snapshot before;
  int r;

  fence_before_reset (&lu->fence, &before);
  r = session_reset_lun (s, lu->wire, clock_ms () + t->p->timeout_ms, stop,
                         err);
  if (r == 0) {
    fence_after_reset (&lu->fence, &before);
    log_notice ("%s: came back in another portal group than the one where "
                "writes may have been left: reset LUN %d", n->name, lu->lun);
  }
  else if (err->err == EIO) {
    if (!lu->reset_refused)
      log_event ("%s: %s: writes to it wait until the portal group is back "
                 "where others were left", n->name, err->msg);
    lu->reset_refused = true;
    return 0;
  }
  pthread_mutex_lock (&t->lock);
  break_others (t, n, lu);      /* without an answer it may have been done */
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* Under the lock: writes that wait for the fence have a limit of their own each
 * time.
 */
static void
note_settled (struct lu *lu)
{
  if (fence_is_open (&lu->fence)) {
    lu->fenced_since = 0;
    lu->reset_refused = false;
  }
}

static int
reset_luns (struct target *t, struct nexus *n, struct session *s,
            const struct stop *stop, struct error *err)
{
  struct lu *lu, *next;
  int r = 0;

  pthread_mutex_lock (&t->lock);
  for (lu = next_left (n, t->lus); lu != NULL && r == 0; lu = next) {
    lu->users++;
    pthread_mutex_unlock (&t->lock);
    r = reset_lun (t, n, lu, s, stop, err);
    pthread_mutex_lock (&t->lock);
    note_settled (lu);
    next = next_left (n, lu->next);
    target_put_lu (lu);
  }
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* A login in the group where writes were left. */
static void
settle_luns (struct target *t, const struct nexus *n)
{
  struct lu *lu, *next;

  pthread_mutex_lock (&t->lock);
  for (lu = next_left (n, t->lus); lu != NULL; lu = next) {
    next = next_left (n, lu->next);
    lu->users++;
    fence_settle (&lu->fence, n->number);
    note_settled (lu);
    target_put_lu (lu);
  }
  pthread_mutex_unlock (&t->lock);
}

/* Make sure that nothing which the session before was sent is executed any
 * more.  A login in the same portal group has done so; in another one it made
 * a session beside the old one, and it takes a reset of each LUN.
 */
static int
end_old_tasks (struct target *t, struct nexus *n, struct session *s,
               const struct stop *stop, struct error *err)
{
  const int group = session_portal_group (s);

  if (group == -1 || group != n->left_in)
    return reset_luns (t, n, s, stop, err);
  settle_luns (t, n);
  return 0;
}

/* ---- what a nexus asks of its target ---- */

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

/* Until when the first session of a nexus is tried for. */
static uint64_t
first_login_deadline (const struct target *t, const struct nexus *n)
{
  return n->since + t->p->login_timeout_ms +
    (t->portals.n > 1 ? t->portals.n * ATTEMPT_MS : 0);
}

/* Where there are several portals the first try at each is a short one, so
 * that one that is silent does not use up the time of the others; one that is
 * only slow gets login-timeout in the next round.  The same holds after a
 * loss.
 */
static uint64_t
attempt_deadline (const struct target *t, const struct nexus *n,
                  size_t portal)
{
  const unsigned limit = t->p->login_timeout_ms;
  const uint64_t now = clock_ms ();
  const uint64_t first = first_login_deadline (t, n);
  uint64_t r = now + limit;

  if (t->portals.list[portal].failed_at == 0 && limit > ATTEMPT_MS &&
      (n->was_up || t->portals.n > 1))
    r = now + ATTEMPT_MS;
  return !n->was_up && r > first ? first : r;
}

static bool
is_up_elsewhere (const struct target *t, size_t portal)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i]->up && t->nexuses[i]->portal != portal)
      return true;
  return false;
}

static struct session *
open_session (struct target *t, struct nexus *n, const struct stop *stop,
              struct error *err)
{
  struct session_params params = t->params;
  struct address at;
  struct session *s;
  uint64_t deadline;

  pthread_mutex_lock (&t->lock);
  n->portal = choose_portal (t, n);
  at = t->portals.list[n->portal].at;
  deadline = attempt_deadline (t, n, n->portal);
  if (n->was_up || t->portals.n > 1)
    params.connect_ms = is_up_elsewhere (t, n->portal) ? HASTY_MS : ATTEMPT_MS;
  pthread_mutex_unlock (&t->lock);

  s = session_open (&params, &at, &n->isid, deadline, stop, err);
  if (s && end_old_tasks (t, n, s, stop, err) == -1) {
    session_close (s, NULL);
    s = NULL;
  }
  return s;
}

static void
note_attempt (struct target *t, struct nexus *n, const struct session *s,
              const struct error *err)
{
  struct portal_state *portal = &t->portals.list[n->portal];
  struct lu *lu;

  if (s) {
    portal->failed_at = 0;
    portal->failures = 0;
    portal->group = n->group = session_portal_group (s);
    if (!has_left (t, n))
      n->left_in = n->group;
    for (lu = t->lus; lu != NULL; lu = lu->next)
      if (lu->ranks[n->portal] == RANK_STRANGER)
        lu->ranks[n->portal] = RANK_UNKNOWN;
  }
  else if (err->err != ESHUTDOWN) {
    portal->failed_at = clock_ms ();
    portal->failures++;
  }
}


static struct session *
log_in (void *tv, struct nexus *n, const struct stop *stop,
        struct error *err)
{
  struct target *t = tv;
  struct session *s;
  bool found, needed;

  pthread_mutex_lock (&t->lock);
  found = t->found;
  needed = !n->retired || has_left (t, n);
  pthread_mutex_unlock (&t->lock);
  if (!needed) {
    error_set (err, ESHUTDOWN, "this session is not needed any more");
    return NULL;
  }
  if (!found && find_portals (t, stop, err) == -1)
    return NULL;

  s = open_session (t, n, stop, err);
  pthread_mutex_lock (&t->lock);
  note_attempt (t, n, s, err);
  pthread_mutex_unlock (&t->lock);
  return s;
}

/* A nexus that was never up: is one more try worth it?  The first one of a
 * target that has no room may still be in the way of an old session of ours,
 * or meet a target that is just starting.
 */
static bool
may_yet_come_up (struct target *t, const struct nexus *n, unsigned tries,
                 const struct error *why)
{
  const bool passes = why->err == EBUSY || why->err == ECONNRESET ||
    (why->err == ETIMEDOUT && t->portals.n > 1);

  if (clock_ms () >= first_login_deadline (t, n))
    return false;
  if (tries < t->portals.n)
    return true;
  if (target_is_up (t))
    return false;
  return passes && (why->err == EBUSY || tries < 2 * t->portals.n);
}

static bool
has_failed (void *tv, struct nexus *n, unsigned tries,
            const struct error *why)
{
  struct target *t = tv;
  bool wanted;

  pthread_mutex_lock (&t->lock);
  if (n->was_up || portals_got_further (why, &n->why))
    n->why = *why;
  if (!target_is_up (t))
    t->why = n->why;
  if (n->was_up || has_left (t, n))
    wanted = !n->retired || has_left (t, n);
  else
    wanted = !n->retired && may_yet_come_up (t, n, tries, why);
  if (!wanted) {
    n->ended = true;
    if (!n->was_up) {
      t->failures++;
      t->full_until = clock_ms () + FULL_MS;
      debug_session ("%s: given up: %s", n->name, n->why.msg);
    }
    target_changed (t);
  }
  /* Every portal has failed: the hosts may have moved. */
  if (t->portals.n > 0 && tries % t->portals.n == 0)
    t->found = false;
  pthread_mutex_unlock (&t->lock);
  return wanted;
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
  t->down_since = 0;
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

/* Does the target keep one session for each initiator name, and end the older
 * one when another is opened?
 */
static void
note_eviction (struct target *t, const struct nexus *lost, uint64_t now)
{
  const struct nexus *other = NULL;
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i] != lost && t->nexuses[i]->up &&
        (other == NULL || t->nexuses[i]->since > other->since))
      other = t->nexuses[i];
  if (other == NULL)
    return;
  if (lost->since > other->since || now - other->since > EVICTION_MS ||
      lost != t->evictor)
    t->evictions = 0;
  t->evictor = other;
  if (++t->evictions < EVICTIONS || t->single)
    return;
  t->single = true;
  log_notice ("%s: the target ends one session of ours when another is opened: "
              "all of its LUNs are served over one", t->name);
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i] != other)
      t->nexuses[i]->retired = true;
}

static void
is_lost (void *tv, struct nexus *n, const struct engine_loss *loss)
{
  struct target *t = tv;

  pthread_mutex_lock (&t->lock);
  n->up = false;
  if (loss->unanswered > 0 && n->group != n->left_in)
    n->left_in = -1;            /* in both, as far as we know */
  if (loss->why.err != 0) {
    n->why = loss->why;
    if (loss->silent || loss->fruitless > 1)
      t->portals.list[n->portal].failed_at = loss->at;
    if (!loss->silent)
      note_eviction (t, n, loss->at);
  }
  n->since = loss->at;
  if (!target_is_up (t)) {
    t->down_since = loss->at;
    t->why = n->why;
  }
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

/* Can a connection be made there?  Not to be found out by leaving a session
 * that works.
 */
static bool
answers (const struct target *t, const struct address *at)
{
  return t->params.iser || session_can_connect (at, ATTEMPT_MS / 5);
}

/* Is a portal to be left alone?  A connection is soon made, but a login may
 * fail each time, and takes a nexus from its users meanwhile.
 */
static bool
is_left_alone (const struct portal_state *portal, bool hurry, uint64_t now)
{
  uint64_t ms = hurry ? HURRY_MS : REBALANCE_MS;
  unsigned i;

  if (portal->failed_at == 0)
    return false;
  for (i = 0; i < portal->failures && ms < MAX_ABSTAIN_MS && !hurry; ++i)
    ms *= 2;
  return now - portal->failed_at < ms;
}

/* Under the lock, which is let go of meanwhile: does a portal that failed
 * answer again?
 */
static bool
try_portal (struct target *t, struct portal_state *portal)
{
  const struct address at = portal->at;
  bool ok;

  pthread_mutex_unlock (&t->lock);
  ok = answers (t, &at);
  pthread_mutex_lock (&t->lock);
  portal->failed_at = ok ? 0 : clock_ms ();
  portal->failures += !ok;
  return ok;
}

/* Is there a better portal for a nexus, one that was tried just now if it
 * failed before?
 */
static bool
has_better_portal (struct target *t, struct nexus *n)
{
  struct portal_view views[PORTALS_MAX];
  struct portal_state *portal;
  bool hurry;
  int i;

  view_portals (t, n, false, views);
  hurry = views[n->portal].rank >= ALUA_NO_IO;
  while ((i = paths_better_portal (views, t->portals.n, n->portal)) != -1) {
    portal = &t->portals.list[i];
    if (portal->failed_at == 0 ||
        (!is_left_alone (portal, hurry, clock_ms ()) && try_portal (t, portal)))
      return true;
    views[i].rank = RANK_STRANGER; /* the next best */
  }
  return false;
}

/* Log in again to settle what could not be, in the group where it was left if
 * that is back.
 */
static void
try_to_settle (struct target *t, struct nexus *n)
{
  size_t i;

  for (i = 0; i < t->portals.n; ++i)
    if (t->portals.list[i].failed_at != 0 && n->left_in != -1 &&
        t->portals.list[i].group == n->left_in)
      try_portal (t, &t->portals.list[i]);
  n->leaving = true;
  target_changed (t);
}

static bool
should_leave (void *tv, struct nexus *n)
{
  struct target *t = tv;
  const uint64_t now = clock_ms ();
  bool r;

  pthread_mutex_lock (&t->lock);
  if (!n->leaving && !n->retired && has_left (t, n) &&
      now - n->since >= UNSETTLED_MS)
    try_to_settle (t, n);
  if (!n->leaving && !n->retired && t->portals.n > 1 &&
      now - n->looked_at >= REBALANCE_MS) {
    n->looked_at = now;
    target_changed (t);         /* users look for better paths now and then */
    if (has_better_portal (t, n)) {
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

static const struct nexus_ops nexus_ops = {
  .log_in = log_in,
  .is_up = is_up,
  .is_lost = is_lost,
  .has_failed = has_failed,
  .should_leave = should_leave,
  .is_attentive = is_attentive,
  .shut_down = shut_down,
};

/* ---- how many there are ---- */

/* The thread of one that never was up ends by itself, and nobody has a path
 * over it.
 */
static void
reap (struct target *t)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i]->ended && !t->nexuses[i]->was_up) {
      nexus_stop (t->nexuses[i], 0);
      t->nexuses[i] = NULL;
    }
}

static void
start_nexus (struct target *t)
{
  struct nexus *n;
  struct error err;
  unsigned i;

  reap (t);
  for (i = 0; i < MAX_SESSIONS && t->nexuses[i]; ++i)
    ;
  if (i == MAX_SESSIONS)
    return;
  n = nexus_start (t->p, t->name, i, &nexus_ops, t, &err);
  if (n) {
    t->nexuses[i] = n;
    if (t->portals.n > 0)       /* so that it counts where it is going to */
      n->portal = choose_portal (t, n);
  }
  else {
    t->why = err;
    t->failures++;
    t->full_until = clock_ms () + FULL_MS;
  }
}

struct census {
  unsigned wanted, users;
};

static struct census
count (const struct target *t)
{
  struct census c = { 0, 0 };
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i]) {
      c.wanted += is_wanted (t->nexuses[i]);
      c.users += t->nexuses[i]->users;
    }
  return c;
}

/* Is there a portal where no nexus is, and that may be better for the LUN than
 * what it has?
 */
static bool
lacks_portal (const struct lu *lu, unsigned rank)
{
  const struct target *t = lu->target;
  struct portal_view views[PORTALS_MAX];
  size_t i;

  view_portals (t, NULL, false, views);
  for (i = 0; i < t->portals.n; ++i)
    if (views[i].nexuses == 0 && views[i].failed_at == 0 &&
        lu->ranks[i] < rank)
      return true;
  return false;
}

/* One nexus for each user that counts, as far as that is allowed, and one
 * where a better path may be.  ‘rank’ is what the user has now.
 */
static void
grow (struct target *t, const struct lu_user *user, unsigned rank)
{
  const unsigned max = t->single ? 1 : t->p->sessions;
  const struct census c = count (t);

  if (t->stopping || c.wanted >= max)
    return;
  if (c.wanted > 0 && clock_ms () < t->full_until)
    return;
  if (c.wanted == 0 || (user->counts && c.users > c.wanted) ||
      (target_is_up (t) && rank > RANK_UNKNOWN &&
       lacks_portal (user->lu, rank)))
    start_nexus (t);
}

/* ---- users ---- */

static struct lu_path *
get_path (struct lu *lu, unsigned number)
{
  struct lu_path *path = lu->paths[number];

  if (path == NULL) {
    path = calloc (1, sizeof *path);
    if (path == NULL)
      return NULL;
    path->itl.lun = lu->wire;
    path->itl.fence = &lu->fence;
    path->nexus = lu->target->nexuses[number];
    lu->paths[number] = path;
  }
  return path;
}

void
target_leave (struct lu_user *user)
{
  struct lu_path *path = user->path;

  if (path)
    path->nexus->users -= user->counts;
  user->path = NULL;
}

static void
take (struct lu_user *user, struct lu_path *path)
{
  if (user->path == path)
    return;
  target_leave (user);
  if (path)
    path->nexus->users += user->counts;
  user->path = path;
}

/* What was wrong with a LUN somewhere may have been mended. */
#define STRANGER_MS 1000

static void
forget_strangers (struct lu *lu)
{
  size_t i;

  if (clock_ms () - lu->stranger_at < STRANGER_MS)
    return;
  for (i = 0; i < lu->target->portals.n; ++i)
    if (lu->ranks[i] == RANK_STRANGER)
      lu->ranks[i] = RANK_UNKNOWN;
}

/* Somebody waits for a path: a nexus at another portal would help. */
static void
hurry_nexuses (struct target *t)
{
  size_t i;

  const uint64_t now = clock_ms ();
  bool any = false;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && now - t->nexuses[i]->looked_at >= HURRY_MS) {
      t->nexuses[i]->looked_at = 0;
      any = true;
    }
  if (any)
    ring_all (t);
}

struct lu_path *
target_choose (struct lu_user *user)
{
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  struct nexus_view views[MAX_SESSIONS];
  const struct lu_path *now = user->path;
  unsigned rank = RANK_STRANGER;
  size_t i;
  int best;

  forget_strangers (lu);
  for (i = 0; i < MAX_SESSIONS; ++i) {
    const struct nexus *n = t->nexuses[i];

    views[i] = (struct nexus_view) { .usable = false };
    if (n)
      views[i] = (struct nexus_view) {
        .usable = n->up && !n->leaving && is_wanted (n) &&
          engine_epoch (n->engine) != 0,
        .rank = lu->ranks[n->portal],
        .users = n->users,
      };
  }
  best = paths_choose_nexus (views, MAX_SESSIONS,
                             now ? (int) now->nexus->number : -1);
  user->generation = atomic_load (&t->generation);
  take (user, best == -1 ? NULL : get_path (lu, (unsigned) best));
  if (best != -1) {
    rank = views[best].rank;
    lu->no_path_since = 0;
  }
  else
    hurry_nexuses (t);
  grow (t, user, rank);
  return user->path;
}

/* ---- from outside ---- */

struct target *
target_new (const struct settings *p, const char *name,
            const struct portals *portals, struct error *err)
{
  struct target *t = calloc (1, sizeof *t);

  if (t == NULL || (t->name = strdup (name)) == NULL) {
    free (t);
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  t->p = p;
  t->params = portals_params (p, t->name);
  if (portals) {
    t->portals = *portals;
    t->found = true;
  }
  pthread_mutex_init (&t->lock, NULL);
  clock_cond_init (&t->changed);
  return t;
}

void
target_begin_stop (struct target *t, uint64_t deadline)
{
  size_t i;

  pthread_mutex_lock (&t->lock);
  t->stopping = true;
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i])
      nexus_begin_stop (t->nexuses[i], deadline);
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

void
target_free (struct target *t, uint64_t deadline)
{
  struct lu *lu;
  size_t i;

  /* All are told before the first one is waited for. */
  target_begin_stop (t, deadline);
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i])
      nexus_stop (t->nexuses[i], deadline);
  while ((lu = t->lus) != NULL) {
    t->lus = lu->next;
    free_lu (lu);
  }
  pthread_cond_destroy (&t->changed);
  pthread_mutex_destroy (&t->lock);
  free (t->name);
  free (t);
}
