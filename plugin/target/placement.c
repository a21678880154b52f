/* SPDX-License-Identifier: BSD-3-Clause */

/* At which portal a nexus logs in, how much time it has for that, and when it
 * is better off elsewhere.
 */

#include <config.h>

#include <errno.h>

#include "clock.h"
#include "paths.h"
#include "target-private.h"

/* How long the first try to log in at a portal may take, while there may be
 * others, and a connection always: a portal that is silent is not to use up
 * the time of the others.
 */
#define ATTEMPT_MS 5000

/* The same for the connection when there are sessions at other portals. */
#define HASTY_MS 1000

/* How long a portal is left alone at most to which logins have failed. */
#define MAX_ABSTAIN_MS 300000

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
    if (nexus_is_wanted (t->nexuses[i]) && t->nexuses[i] != n)
      views[t->nexuses[i]->portal].nexuses++;
}

size_t
placement_choose (const struct target *t, const struct nexus *n)
{
  struct portal_view views[PORTALS_MAX];

  view_portals (t, n, settle_has (t, n), views);
  return paths_choose_portal (views, t->portals.n);
}

void
placement_note (struct target *t, struct nexus *n, const struct session *s,
                const struct error *err)
{
  struct portal_state *portal = &t->portals.list[n->portal];
  struct lu *lu;

  if (s) {
    portal->failed_at = 0;
    portal->failures = 0;
    portal->group = n->group = session_portal_group (s);
    if (!settle_has (t, n))
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

/* ---- for how long ---- */

uint64_t
placement_limit (const struct target *t, const struct nexus *n)
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
deadline_at (const struct target *t, const struct nexus *n,
             const struct portal_state *portal)
{
  const unsigned limit = t->p->login_timeout_ms;
  const uint64_t now = clock_ms ();
  const uint64_t first = placement_limit (t, n);
  uint64_t r = now + limit;

  if (portal->failed_at == 0 && limit > ATTEMPT_MS &&
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

void
placement_begin (const struct target *t, struct nexus *n, struct attempt *a)
{
  const struct portal_state *portal;

  n->portal = placement_choose (t, n);
  portal = &t->portals.list[n->portal];
  *a = (struct attempt) {
    .at = portal->at,
    .deadline = deadline_at (t, n, portal),
  };
  if (n->was_up || t->portals.n > 1)
    a->connect_ms = is_up_elsewhere (t, n->portal) ? HASTY_MS : ATTEMPT_MS;
}

/* ---- moving ---- */

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

bool
placement_try (struct target *t, struct portal_state *portal)
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

bool
placement_has_better (struct target *t, struct nexus *n)
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
        (!is_left_alone (portal, hurry, clock_ms ()) &&
         placement_try (t, portal)))
      return true;
    views[i].rank = RANK_STRANGER; /* the next best */
  }
  return false;
}

bool
placement_lacks (const struct lu *lu, unsigned rank)
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
