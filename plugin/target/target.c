/* SPDX-License-Identifier: BSD-3-Clause */

/* A target in use: what there is, waiting for a change of it, its beginning and
 * its end.
 */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "paths.h"
#include "target-private.h"

/* ---- waiting ---- */

void
target_changed (struct target *t)
{
  atomic_fetch_add (&t->generation, 1);
  pthread_cond_broadcast (&t->changed);
}

/* Those who watch have nothing else to tell them that the server goes away.
 */
void
target_ring (struct target *t)
{
  const struct nexus *n = NULL;

  while ((n = nexus_after (t, n)) != NULL)
    engine_ring (n->engine);
}

void
target_wait (struct target *t, uint64_t deadline)
{
  if (atomic_fetch_add (&t->waiting, 1) == 0)
    target_ring (t);
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
  const struct nexus *n = NULL;

  while ((n = nexus_after (t, n)) != NULL)
    if (n->up)
      return true;
  return false;
}

bool
target_tries (const struct target *t)
{
  const struct nexus *n = NULL;

  while ((n = nexus_after (t, n)) != NULL)
    if (nexus_is_wanted (n))
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

void
target_note_stranger (struct lu *lu, size_t portal, const struct error *err)
{
  struct lu_path *path;
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i) {
    path = lu->paths[i];
    if (path && path->nexus->portal == portal)
      engine_doubt (path->nexus->engine, &path->itl);
  }
  lu->ranks[portal] = RANK_STRANGER;
  lu->stranger = *err;
  lu->stranger_at = clock_ms ();
  target_changed (lu->target);
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

struct lu *
target_known_lu (const struct target *t, int number)
{
  struct lu *lu = t->lus;

  while (lu && !(lu->lun == number && lu->known))
    lu = lu->next;
  return lu;
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
  struct nexus *n = NULL;

  pthread_mutex_lock (&t->lock);
  t->stopping = true;
  while ((n = nexus_after (t, n)) != NULL)
    nexus_begin_stop (n, deadline);
  target_changed (t);
  pthread_mutex_unlock (&t->lock);
}

void
target_free (struct target *t, uint64_t deadline)
{
  struct nexus *n = NULL;
  struct lu *lu;
  size_t i;

  /* All are told before the first one is waited for, and have ended before
   * the first one is freed: each looks at the others.
   */
  target_begin_stop (t, deadline);
  while ((n = nexus_after (t, n)) != NULL)
    nexus_join (n);
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i])
      nexus_free (t->nexuses[i]);
  while ((lu = t->lus) != NULL) {
    t->lus = lu->next;
    free_lu (lu);
  }
  pthread_cond_destroy (&t->changed);
  pthread_mutex_destroy (&t->lock);
  free (t->name);
  free (t);
}
