/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>

#include "alua.h"
#include "clock.h"
#include "debug.h"
#include "lu-alua.h"
#include "lu-ask.h"
#include "lu.h"
#include "paths.h"

bool
lu_set_facts (struct lu *lu, const struct lun_facts *facts)
{
  struct target *t = lu->target;
  bool known;

  pthread_mutex_lock (&t->lock);
  if (!lu->known && target_known_lu (t, lu->lun) == NULL) {
    lu->facts = *facts;
    lu->known = true;
  }
  known = lu->known;
  pthread_mutex_unlock (&t->lock);
  return known;
}

void
lu_doubt (struct lu *lu)
{
  size_t i;

  pthread_mutex_lock (&lu->target->lock);
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (lu->paths[i])
      engine_doubt (lu->paths[i]->nexus->engine, &lu->paths[i]->itl);
  pthread_mutex_unlock (&lu->target->lock);
}

/* May the LUN be used there?  Where there was another one it may be again. */
static bool
is_io_rank (unsigned rank)
{
  return rank < ALUA_NO_IO || rank == RANK_STRANGER;
}

/* Under the lock: what came of it. */
static enum lu_verdict
judge (const struct lu_user *user, struct lu_path *path, unsigned epoch,
       unsigned doubts, int r, bool silent, const struct error *err)
{
  struct lu *lu = user->lu;
  const size_t portal = path->nexus->portal;

  if (engine_epoch (path->nexus->engine) != epoch)
    return LU_LOST;
  if (!is_io_rank (lu->ranks[portal]))
    return LU_ELSEWHERE;
  if (silent && lu_is_late (user))
    return LU_LOST;             /* it may answer to others */
  if (silent) {
    path->silences++;
    return LU_SILENT;
  }
  if (r == 0) {
    if (!engine_set_verified (path->nexus->engine, &path->itl, epoch, doubts))
      return LU_LOST;           /* once more, but not for ever */
    lu->missing = false;
    lu->stranger = (struct error) { 0 };
    return LU_READY;
  }
  if (err->err == ENODEV) {     /* another LUN */
    debug_session ("%s: %s", path->nexus->name, err->msg);
    target_note_stranger (lu, portal, err);
    return LU_ELSEWHERE;
  }
  lu->stranger = *err;
  return LU_MISSING;
}

/* Where ALUA says no there is no use in asking, and in transition the LUN
 * would answer "not yet" until it is over.
 */
static bool
carries_io (const struct lu *lu, const struct lu_path *path)
{
  bool r;

  pthread_mutex_lock (&lu->target->lock);
  r = is_io_rank (lu->ranks[path->nexus->portal]);
  pthread_mutex_unlock (&lu->target->lock);
  return r;
}

/* One thread asks, the others wait for what it finds.  Where it finds nothing
 * good they do not ask one after the other, but choose anew.
 */
static bool
begin_verifying (const struct lu_user *user, struct lu_path *path,
                 unsigned epoch, enum lu_verdict *verdict)
{
  struct target *t = user->lu->target;
  unsigned silences;
  bool mine;

  pthread_mutex_lock (&t->lock);
  silences = path->silences;
  mine = !path->verifying;
  while (path->verifying && path->silences == silences && !lu_is_late (user))
    target_wait (t, clock_ms () + 1000);
  *verdict = path->silences == silences ? LU_LOST : LU_SILENT;
  if (atomic_load (&path->itl.verified) == epoch) {
    *verdict = LU_READY;
    mine = false;
  }
  if (mine)
    path->verifying = true;
  pthread_mutex_unlock (&t->lock);
  return mine;
}

enum lu_verdict
lu_verify (const struct lu_user *user, struct lu_path *path,
           struct error *err)
{
  const unsigned epoch = engine_epoch (path->nexus->engine);
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  enum lu_verdict verdict;
  unsigned doubts;
  struct lu_asker a;
  int r = -1;

  if (epoch == 0)
    return LU_LOST;
  if (!begin_verifying (user, path, epoch, &verdict))
    return verdict;

  lu_ask (&a, user, path);
  if (lu_has_states (lu))
    lu_ask_states (&a, NULL);
  doubts = engine_doubts (path->nexus->engine, &path->itl);
  if (carries_io (lu, path))
    r = lun_verify (&a.runner, &a.policy, lu->lun, &lu->facts, err);

  pthread_mutex_lock (&t->lock);
  verdict = judge (user, path, epoch, doubts, r, a.silent, err);
  path->verifying = false;
  pthread_cond_broadcast (&t->changed);
  pthread_mutex_unlock (&t->lock);
  return verdict;
}
