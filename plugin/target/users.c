/* SPDX-License-Identifier: BSD-3-Clause */

/* How many nexuses there are, and which of them a user has. */

#include <config.h>

#include <stdlib.h>

#include "clock.h"
#include "paths.h"
#include "target-private.h"

/* A portal with another LUN is not asked again for so long. */
#define STRANGER_MS 1000

/* ---- how many there are ---- */

/* Free those that never were up and whose threads have ended: nobody has a path
 * over them.
 */
static void
reap (struct target *t)
{
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i]->ended) {
      nexus_join (t->nexuses[i]);
      nexus_free (t->nexuses[i]);
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
  n = nexus_start (t->p, t->name, i, &target_nexus_ops, t, &err);
  if (n) {
    t->nexuses[i] = n;
    if (t->portals.n > 0)       /* so that it counts where it is going to */
      n->portal = placement_choose (t, n, NULL, 0);
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
  const struct nexus *n = NULL;

  while ((n = nexus_after (t, n)) != NULL) {
    c.wanted += nexus_is_wanted (n);
    c.users += n->users;
  }
  return c;
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
       placement_lacks (user->lu, rank)))
    start_nexus (t);
}

/* ---- which one a user has ---- */

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
  const uint64_t now = clock_ms ();
  struct nexus *n = NULL;
  bool any = false;

  while ((n = nexus_after (t, n)) != NULL)
    if (now - n->looked_at >= HURRY_MS) {
      n->looked_at = 0;
      any = true;
    }
  if (any)
    target_ring (t);
}

struct lu_path *
target_choose (struct lu_user *user)
{
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  struct nexus_view views[MAX_SESSIONS] = { { .usable = false } };
  const struct lu_path *now = user->path;
  const struct nexus *n = NULL;
  unsigned rank = RANK_STRANGER;
  int best;

  forget_strangers (lu);
  while ((n = nexus_after (t, n)) != NULL)
    views[n->number] = (struct nexus_view) {
      .usable = n->up && !n->leaving && nexus_is_wanted (n) &&
        engine_epoch (n->engine) != 0,
      .rank = lu->ranks[n->portal],
      .users = n->users,
    };
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
