/* SPDX-License-Identifier: BSD-3-Clause */

/* Settling the writes that lost sessions have left: rule 2 of fence.h. */

#include <config.h>

#include <errno.h>

#include "clock.h"
#include "debug.h"
#include "target-private.h"

/* A nexus whose old writes could not be settled when it logged in does so
 * again after so long, twice as long after each login in vain.
 */
#define UNSETTLED_MS     2000
#define MAX_UNSETTLED_MS 16000

/* A reset that is not answered has its session wait for as long as a command
 * may take, and all other LUNs with it.  Once it has been tried more often than
 * there are portals it is the LUN, and not the path, and there is no other for
 * so many times as long; where the session ended with the reset, for
 * MAX_UNSETTLED_MS.
 */
#define MUTE_TIMEOUTS 10

/* Under the lock: the LUN from ‘lu’ on where the nexus has left writes, or
 * where any has (NULL).
 */
static struct lu *
next_left (const struct nexus *n, struct lu *lu)
{
  while (lu && (n ? !fence_has (&lu->fence, n->number)
                : fence_is_open (&lu->fence)))
    lu = lu->next;
  return lu;
}

bool
settle_has (const struct target *t, const struct nexus *n)
{
  return next_left (n, t->lus) != NULL;
}

bool
settle_works_in (const struct target *t, const struct nexus *n, int group)
{
  const struct lu *lu;

  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (fence_has_in (&lu->fence, n->number, group))
      return true;
  return false;
}

bool
settle_was_refused (const struct target *t, const struct nexus *n)
{
  const struct lu *lu;

  for (lu = t->lus; lu != NULL; lu = lu->next)
    if (fence_has (&lu->fence, n->number) && lu->reset_refused)
      return true;
  return false;
}

/* What the other sessions carry for the LUN is gone too, and the target need
 * not say so (SAM-5 section 5.14): they are opened anew.
 */
static void
break_others (struct target *t, const struct nexus *n, const struct lu *lu)
{
  const struct nexus *other = NULL;

  while ((other = nexus_after (t, other)) != NULL)
    if (other != n && lu->paths[other->number])
      engine_break_itl (other->engine, &lu->paths[other->number]->itl,
                        "the LUN was reset, to end what a session that is "
                        "lost had sent");
}

/* Under the lock: what is left on this LUN stays, and it alone waits. */
static void
note_refusal (const struct nexus *n, struct lu *lu, const struct error *err)
{
  if (!lu->reset_refused)
    log_event ("%s: %s: writes to it wait until the portal group is back "
               "where others were left", n->name, err->msg);
  lu->reset_refused = true;
}

/* Under the lock. */
static void
note_no_answer (const struct target *t, const struct nexus *n, struct lu *lu,
                const struct error *err)
{
  const uint64_t mute = (uint64_t) MUTE_TIMEOUTS * t->p->timeout_ms;

  if (++lu->resets_unanswered <= t->portals.n)
    return;
  lu->reset_again = clock_ms () +
    (err->err == ETIMEDOUT ? mute : MAX_UNSETTLED_MS);
  note_refusal (n, lu, err);
}

/* Another LUN may have the number at this portal.  To reset that one would end
 * what others have sent to it, and nothing of ours.  -1 with a sentence;
 * ENODEV: it is another one, EIO: it does not say which, and the session is
 * good.
 */
static int
identify (const struct lu *lu, struct session *s, uint64_t deadline,
          const struct stop *stop, struct error *err)
{
  struct session_asker asker;
  struct error why;

  session_ask (&asker, s, deadline, stop);
  asker.lun = lu->wire;
  /* Others wait: one that is busy is asked again after the next login. */
  if (asker.policy.timeout_ms > UNSETTLED_MS)
    asker.policy.timeout_ms = UNSETTLED_MS;
  if (lun_identify (&asker.runner, &asker.policy, lu->lun, &lu->facts,
                    &why) == 0)
    return 0;
  if (why.err == ENODEV)
    return error_set (err, ENODEV, "LUN %d was not reset: another one is at "
                      "this portal", lu->lun);
  if (!session_is_lost (s))
    return error_set (err, EIO, "LUN %d was not reset: %s", lu->lun, why.msg);
  if (asker.loss.err != 0)
    return error_set (err, asker.loss.err, "LUN %d was not reset: %s",
                      lu->lun, asker.loss.msg);
  return error_set (err, stop_asked (stop) ? ESHUTDOWN : ETIMEDOUT,
                    "LUN %d was not reset: %s", lu->lun, why.msg);
}

/* All who use the LUN feel it, and so it is only done for writes. */
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
  if (r == -1 && err->err == EIO)
    return -1;
  pthread_mutex_lock (&t->lock);
  break_others (t, n, lu);      /* without an answer it may have been done */
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* 0: the session is good, whether or not the LUN was reset. */
static int
settle_lun (struct target *t, struct nexus *n, struct lu *lu,
            struct session *s, const struct stop *stop, struct error *err)
{
  int r = identify (lu, s, clock_ms () + t->p->timeout_ms, stop, err);

  if (r == 0)
    r = reset_lun (t, n, lu, s, stop, err);
  if (r == 0)
    return 0;
  pthread_mutex_lock (&t->lock);
  if (err->err == ENODEV) {
    target_note_stranger (lu, n->portal, err);
    n->astray = (int) n->portal;
  }
  if (err->err == ENODEV || err->err == EIO) {
    note_refusal (n, lu, err);
    r = 0;
  }
  else if (err->err != ESHUTDOWN && err->err != ENOMEM)
    note_no_answer (t, n, lu, err);
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
    lu->fenced_since = lu->reset_again = 0;
    lu->resets_unanswered = 0;
    lu->reset_refused = false;
  }
}

/* ‘of’: the nexus whose writes are to be settled; NULL: all. */
static int
reset_luns (struct target *t, struct nexus *n, const struct nexus *of,
            struct session *s, const struct stop *stop, struct error *err)
{
  struct lu *lu, *next;
  int r = 0;

  pthread_mutex_lock (&t->lock);
  for (lu = next_left (of, t->lus); lu != NULL && r == 0; lu = next) {
    lu->users++;
    if (clock_ms () >= lu->reset_again) {
      pthread_mutex_unlock (&t->lock);
      r = settle_lun (t, n, lu, s, stop, err);
      pthread_mutex_lock (&t->lock);
    }
    note_settled (lu);
    next = next_left (of, lu->next);
    target_put_lu (lu);
  }
  pthread_mutex_unlock (&t->lock);
  return r;
}

/* A login in that group has settled what was left in it. */
static void
settle_luns (struct target *t, const struct nexus *n, int group)
{
  struct lu *lu, *next;

  pthread_mutex_lock (&t->lock);
  for (lu = next_left (n, t->lus); lu != NULL; lu = next) {
    next = next_left (n, lu->next);
    lu->users++;
    fence_settle (&lu->fence, n->number, group);
    note_settled (lu);
    target_put_lu (lu);
  }
  pthread_mutex_unlock (&t->lock);
}

/* In the portal group where they were left the login has done so; in another
 * one it made a session beside the old one, and it takes a reset of each LUN.
 * So it does for those of other nexuses, if one of them finds no room.
 */
int
settle_old_writes (struct target *t, struct nexus *n, struct session *s,
                   const struct stop *stop, struct error *err)
{
  bool crowded;

  pthread_mutex_lock (&t->lock);
  crowded = t->crowded;
  t->crowded = false;
  n->astray = -1;
  pthread_mutex_unlock (&t->lock);
  settle_luns (t, n, session_portal_group (s));
  return reset_luns (t, n, crowded ? NULL : n, s, stop, err);
}

/* It was its turn, unless others have yet to make room. */
void
settle_end_turn (struct target *t, const struct nexus *n)
{
  const struct nexus *other = NULL;

  while (!n->up && (other = nexus_after (t, other)) != NULL)
    if (other->up && other->leaving)
      return;
  if (t->first == n)
    t->first = NULL;
}

void
settle_for (struct target *t, const struct nexus *n)
{
  const bool refused = settle_was_refused (t, n);
  const uint64_t pause = refused ? MAX_UNSETTLED_MS : UNSETTLED_MS;
  const uint64_t now = clock_ms ();
  struct nexus *other = NULL;

  while ((other = nexus_after (t, other)) != NULL)
    if (other != n && other->up && !other->leaving &&
        now - other->since >= pause) {
      t->crowded = other->leaving = true;
      t->first = refused ? n : NULL;
      target_changed (t);
      return;
    }
}

/* In the group where it was left, if that is back. */
bool
settle_is_due (struct target *t, struct nexus *n)
{
  const unsigned tries = n->unsettled > 0 ? n->unsettled : 1;
  size_t failed[PORTALS_MAX], nr_failed = 0, i;

  if (!settle_has (t, n) ||
      clock_ms () - n->since <
      clock_backoff (tries, UNSETTLED_MS, MAX_UNSETTLED_MS))
    return false;
  for (i = 0; i < t->portals.n; ++i)
    if (t->portals.list[i].failed_at != 0 &&
        settle_works_in (t, n, t->portals.list[i].group))
      failed[nr_failed++] = i;
  placement_try (t, failed, nr_failed);
  return true;
}
