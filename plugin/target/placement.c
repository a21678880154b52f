/* SPDX-License-Identifier: BSD-3-Clause */

/* At which portal a nexus logs in, how much time it has for that, and when it
 * is better off elsewhere.
 */

#include <config.h>

#include <errno.h>

#include "clock.h"
#include "debug.h"
#include "paths.h"
#include "race.h"
#include "target-private.h"

/* How long a connection may take, where there are other portals or it is to be
 * made once more: so long that a portal that takes none has failed before
 * another one is tried beside it.
 */
#define CONNECT_MS (ATTEMPT_MS - 500)

/* A portal that has failed is tried again after so long at least, while others
 * that are tried say nothing.
 */
#define AGAIN_MS 1000

/* How long to wait for a portal to take a connection, when it is only to be
 * found out whether it does.
 */
#define PROBE_MS 1000

/* How long a portal is left alone at most to which logins have failed. */
#define MAX_ABSTAIN_MS 320000

/* ---- where to log in ---- */

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
view_portals (const struct target *t, const struct nexus *n,
              struct portal_view *views)
{
  const struct nexus *other = NULL;
  size_t i;

  for (i = 0; i < t->portals.n; ++i) {
    const struct portal_state *portal = &t->portals.list[i];

    views[i] = (struct portal_view) {
      .failed_at = portal->failed_at,
      .settles = n && settle_works_in (t, n, portal->group),
      .rank = portal_rank (t, i),
    };
  }
  while ((other = nexus_after (t, other)) != NULL)
    if (other != n && nexus_is_wanted (other))
      views[other->portal].nexuses++;
}

/* A reset over any path settles what the nexus has left, so it goes where the
 * target lives: where another nexus has a session over which something came
 * after the ping for which this one lost its own (or is asked for a sign of
 * life); or its own portal, unless it was lost in silence.
 */
static void
view_life (const struct target *t, const struct nexus *n,
           struct portal_view *views)
{
  const uint64_t since = n->since - t->p->noop_timeout_ms;
  const struct nexus *other = NULL;

  while ((other = nexus_after (t, other)) != NULL)
    if (other != n && other->up &&
        engine_answers_since (other->engine, since))
      views[other->portal].alive = true;
  views[n->portal].alive |= views[n->portal].failed_at == 0;
}

size_t
placement_choose (const struct target *t, const struct nexus *n,
                  const struct attempt *attempts, size_t tried)
{
  const bool left = settle_has (t, n);
  struct portal_view views[PORTALS_MAX];
  size_t i;

  view_portals (t, n, views);
  for (i = 0; i < tried; ++i)
    if (!attempts[i].over)
      views[attempts[i].portal].failed_at = UINT64_MAX;
  if (left && n->astray != -1)
    views[n->astray].rank = RANK_STRANGER;
  if (left && !settle_was_refused (t, n))
    view_life (t, n, views);
  return paths_choose_portal (views, t->portals.n);
}

void
placement_note_login (struct target *t, struct nexus *n,
                      const struct attempt *a)
{
  struct portal_state *portal = &t->portals.list[a->portal];
  struct lu *lu;

  portal->failed_at = 0;
  portal->failures = 0;
  portal->group = n->group = session_portal_group (a->session);
  n->unsettled++;
  if (!settle_has (t, n))
    n->unsettled = 0;
  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (lu->ranks[a->portal] == RANK_STRANGER && lu->stranger_at < a->begun)
      lu->ranks[a->portal] = RANK_UNKNOWN;
}

static void
note_failed (struct portal_state *portal)
{
  portal->failed_at = clock_ms ();
  portal->failures++;
}

void
placement_note_failure (struct target *t, const struct attempt *a)
{
  if (a->err.err != ESHUTDOWN && !a->passed)
    note_failed (&t->portals.list[a->portal]);
}

/* ---- for how long ---- */

uint64_t
placement_limit (const struct target *t, const struct nexus *n)
{
  return n->since + t->p->login_timeout_ms +
    (t->portals.n > 1 ? t->portals.n * ATTEMPT_MS : 0);
}

/* Try to connect to the portals that have not failed, or to all if each has.
 * Those that take no connection, while others do, are not worth a login now.
 */
void
placement_probe (struct target *t)
{
  struct address at[PORTALS_MAX];
  size_t where[PORTALS_MAX], i, n = 0, good = 0;
  bool made[PORTALS_MAX], failed = true;

  for (i = 0; i < t->portals.n && failed; ++i)
    failed = t->portals.list[i].failed_at != 0;
  for (i = 0; i < t->portals.n; ++i)
    if (failed || t->portals.list[i].failed_at == 0) {
      where[n] = i;
      at[n++] = t->portals.list[i].at;
    }
  if (n < 2 || t->p->url.iser)
    return;
  pthread_mutex_unlock (&t->lock);
  session_probe (at, n, PROBE_MS, made);
  pthread_mutex_lock (&t->lock);
  for (i = 0; i < n; ++i)
    good += made[i];
  for (i = 0; i < n && good > 0; ++i)
    if (!made[i])
      t->portals.list[where[i]].failed_at = clock_ms ();
}

/* Those that have no answer yet have failed.  How many there are. */
static size_t
pass_attempts (struct target *t, const struct nexus *n,
               struct attempt *attempts, size_t tried)
{
  size_t i, running = 0;

  for (i = 0; i < tried; ++i) {
    running += !attempts[i].over;
    if (!attempts[i].over && !attempts[i].passed) {
      attempts[i].passed = true;
      debug_session ("%s: %s has not answered yet, others may", n->name,
                     attempts[i].at.text);
      note_failed (&t->portals.list[attempts[i].portal]);
    }
  }
  return running;
}

/* When each portal is being tried there is nothing else to try.  When none is,
 * and this one has failed, it is better to find out first which of them take
 * connections; so it is after login-timeout.  But the first session of a nexus
 * has one round, for all.
 */
static bool
is_last (const struct target *t, const struct nexus *n,
         const struct attempt *attempts, size_t tried, size_t running,
         const struct portal_state *portal)
{
  if (tried == 0 || running == t->portals.n)
    return tried > 0;
  if (!n->was_up && tried < t->portals.n)
    return false;
  if (running > 0)
    return clock_ms () - attempts[0].begun >= t->p->login_timeout_ms;
  return !n->was_up || portal->failed_at != 0;
}

/* And as much longer as it takes for the attempts of a round to last until its
 * end.
 */
static uint64_t
again_ms (const struct target *t)
{
  const uint64_t ms = (uint64_t) t->p->login_timeout_ms * t->portals.n /
    (RACE_MAX - t->portals.n);

  return ms > AGAIN_MS ? ms : AGAIN_MS;
}

/* How long the next attempt waits for one at this portal, once that has begun.
 * One that is made in the same portal group would end it.
 */
static unsigned
patience (const struct target *t, const struct portal_state *portal)
{
  const uint64_t ms = 2 * portal->login_ms;
  const unsigned limit = t->p->login_timeout_ms;

  if (ms <= ATTEMPT_MS)
    return ATTEMPT_MS;
  return ms < limit ? (unsigned) ms : limit;
}

unsigned
placement_begin (struct target *t, struct nexus *n, struct attempt *attempts,
                 size_t tried)
{
  const unsigned limit = t->p->login_timeout_ms;
  const uint64_t first = placement_limit (t, n);
  const size_t running = pass_attempts (t, n, attempts, tried);
  const size_t i = placement_choose (t, n, attempts, tried);
  const struct portal_state *portal = &t->portals.list[i];
  const uint64_t now = clock_ms ();
  uint64_t begun = now;

  if (is_last (t, n, attempts, tried, running, portal))
    return RACE_NO_MORE;
  if (running > 0 && portal->failed_at + again_ms (t) > begun)
    begun = portal->failed_at + again_ms (t);
  n->portal = i;
  attempts[tried] = (struct attempt) {
    .portal = i,
    .at = portal->at,
    .begun = begun,
    .deadline = !n->was_up && begun + limit > first ? first : begun + limit,
    .connect_ms = n->was_up || t->portals.n > 1 ? CONNECT_MS : 0,
  };
  return (unsigned) (begun - now) + patience (t, portal);
}

/* ---- moving ---- */

/* Is a portal that failed to be left alone?  A connection is soon made, but a
 * login may fail each time, and takes a nexus from its users meanwhile.
 */
static bool
is_left_alone (const struct portal_state *portal, bool hurry, uint64_t now)
{
  const unsigned ms = hurry ? HURRY_MS
    : clock_backoff (portal->failures + 1, REBALANCE_MS, MAX_ABSTAIN_MS);

  return now - portal->failed_at < ms;
}

bool
placement_try (struct target *t, const size_t *which, size_t n)
{
  struct address at[PORTALS_MAX];
  bool made[PORTALS_MAX], any = false;
  size_t i;

  for (i = 0; i < n; ++i) {
    at[i] = t->portals.list[which[i]].at;
    made[i] = true;
  }
  pthread_mutex_unlock (&t->lock);
  if (n > 0 && !t->p->url.iser)
    session_probe (at, n, PROBE_MS, made);
  pthread_mutex_lock (&t->lock);
  for (i = 0; i < n; ++i) {
    t->portals.list[which[i]].failed_at = made[i] ? 0 : clock_ms ();
    t->portals.list[which[i]].failures += !made[i];
    any |= made[i];
  }
  return any;
}

bool
placement_has_better (struct target *t, struct nexus *n)
{
  const uint64_t now = clock_ms ();
  struct portal_view views[PORTALS_MAX];
  size_t failed[PORTALS_MAX], nr_failed = 0;
  bool hurry;
  int i;

  view_portals (t, n, views);
  hurry = views[n->portal].rank >= ALUA_NO_IO;
  while ((i = paths_better_portal (views, t->portals.n, n->portal)) != -1) {
    if (t->portals.list[i].failed_at == 0)
      return true;
    if (!is_left_alone (&t->portals.list[i], hurry, now))
      failed[nr_failed++] = (size_t) i;
    views[i].rank = RANK_STRANGER; /* the next best */
  }
  return placement_try (t, failed, nr_failed);
}

bool
placement_lacks (const struct lu *lu, unsigned rank)
{
  const struct target *t = lu->target;
  struct portal_view views[PORTALS_MAX];
  size_t i;

  view_portals (t, NULL, views);
  for (i = 0; i < t->portals.n; ++i)
    if (views[i].nexuses == 0 && views[i].failed_at == 0 &&
        lu->ranks[i] < rank)
      return true;
  return false;
}
