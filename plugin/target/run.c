/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdint.h>

#include "clock.h"
#include "debug.h"
#include "lu-alua.h"
#include "lu-ask.h"
#include "lu.h"
#include "paths.h"
#include "run.h"
#include "sense.h"
#include "target.h"

/* A command that went unanswered until its deadline this often is given up.
 * Each time the session is dropped, so the target may just have lost it.
 */
#define MAX_TIMEOUTS 3

/* How long a transition may take if the target does not tell (as Linux). */
#define TRANSITION_S 60

/* A command that was alone when the session ended may be what ends it: it
 * lets the others go first.  So does one that no path carries, whatever state
 * is told of them.
 */
#define FIRST_PAUSE_MS 50
#define MAX_PAUSE_MS   1000

/* Who waits for a path looks so often what has become of the limits, and of the
 * states of paths.
 */
#define LOOK_MS 250

/* How a command fares that the first path did not carry. */
struct journey {
  uint64_t lost_since;          /* clock_ms, of the first loss; 0: none */
  unsigned timeouts;
  unsigned alone;
  uint64_t refused_since;       /* clock_ms, by a path; 0: by none */
  unsigned refusals;
  unsigned unverified;          /* verifications in vain */
};

/* ---- the path that a user has ---- */

/* A block that is read to be written back counts as written when it is read: an
 * older write that is executed in between would be undone, even if a client has
 * seen it.
 */
static bool
is_write (const struct command *cmd)
{
  return cmd->direction == DATA_OUT || cmd->to_be_written;
}

/* Without the lock, unless something has changed.  NULL: it takes a wait. */
static struct lu_path *
path_now (struct lu_user *user, bool write)
{
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  struct lu_path *path;

  if (write && !fence_is_open (&lu->fence))
    return NULL;
  if (atomic_load (&user->generation) == atomic_load (&t->generation))
    return user->path;
  pthread_mutex_lock (&t->lock);
  path = target_choose (user);
  pthread_mutex_unlock (&t->lock);
  if (path)
    lu_look_for_better (user, path);
  return path;
}

static void
run_over (struct lu_user *user, struct lu_path *path,
          struct command *cmds, size_t n)
{
  struct lu *lu = user->lu;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].itl = lu->known ? &path->itl : NULL;
    cmds[i].lun = lu->wire;
    lu_limit_time (user, &cmds[i]);
  }
  engine_run (path->nexus->engine, cmds, n);
}

/* ---- waiting for a path ---- */

/* It begins now, unless it has begun before. */
static void
set_begun (uint64_t *since)
{
  if (*since == 0)
    *since = clock_ms ();
}

/* The earlier of two times; 0: none. */
static uint64_t
earlier (uint64_t a, uint64_t b)
{
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Under the lock: until when the wait for a path is worth it (NO_DEADLINE: for
 * ever).  What is waited for is noted; of several limits the first counts.
 */
static uint64_t
limit_of_wait (const struct lu_user *user, bool write, const struct journey *j)
{
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  const unsigned recovery = t->p->recovery_timeout_ms;
  const unsigned transition =
    1000 * (lu->alua.transition_s > 0 ? lu->alua.transition_s : TRANSITION_S);
  uint64_t limit = earlier (user->deadline, user->limit), since;

  if (fence_is_open (&lu->fence))
    lu->fenced_since = 0;
  else if (write)
    set_begun (&lu->fenced_since);
  since = earlier (write ? lu->fenced_since : 0, t->down_since);
  since = earlier (since, j->lost_since);
  if (since != 0 && recovery > 0)
    limit = earlier (limit, since + recovery);

  if (user->path || !target_is_up (t))
    lu->no_path_since = 0;
  else
    set_begun (&lu->no_path_since);
  since = earlier (lu->no_path_since, j->refused_since);
  if (since != 0 && recovery > 0)
    limit = earlier (limit, since + (recovery > transition ? recovery
                                     : transition));
  return limit != 0 ? limit : NO_DEADLINE;
}

/* Any path to the LUN with a session: to ask for the states of those that
 * carry no I/O.
 */
static struct lu_path *
path_to_ask (struct lu *lu)
{
  struct lu_path *path;
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i) {
    path = lu->paths[i];
    if (path && engine_epoch (path->nexus->engine) != 0 &&
        lu->ranks[path->nexus->portal] != RANK_STRANGER)
      return path;
  }
  return NULL;
}

/* Under the lock, which is let go of to ask: the best path.  NULL: there is
 * none, as far as the target tells at the moment.
 */
static struct lu_path *
find_path (struct lu_user *user)
{
  struct lu *lu = user->lu;
  struct lu_path *path = target_choose (user), *other;

  other = path ? NULL : path_to_ask (lu);
  if (other == NULL)
    return path;
  pthread_mutex_unlock (&lu->target->lock);
  lu_look_for_better (user, other);
  pthread_mutex_lock (&lu->target->lock);
  return target_choose (user);
}

/* A path that may carry the command now.  NULL: there is none in time, or the
 * server goes away (*status says which).
 */
static struct lu_path *
await_path (struct lu_user *user, bool write, const struct journey *j,
            unsigned *status)
{
  const bool failed = j->lost_since != 0 || j->refused_since != 0;
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  bool late, usable, over;
  struct lu_path *path;
  uint64_t limit, now;

  pthread_mutex_lock (&t->lock);
  for (;;) {
    path = find_path (user);
    now = clock_ms ();
    limit = limit_of_wait (user, write, j);
    late = now >= limit;
    usable = path && (!write || fence_is_open (&lu->fence));
    over = t->stopping || (late && failed) ||
      (!usable && (late || target_all_strangers (lu)));
    if (usable || over)
      break;
    target_wait (t, limit < now + LOOK_MS ? limit : now + LOOK_MS);
  }
  *status = t->stopping ? STATUS_SHUTDOWN : STATUS_LOST;
  pthread_mutex_unlock (&t->lock);
  return over ? NULL : path;
}

bool
lu_sleep (void *uv, unsigned ms)
{
  const struct lu_user *user = uv;

  return target_sleep (user->lu->target, ms);
}

/* ---- sending again ---- */

static bool
is_final (const struct lu *lu, const struct command *cmd)
{
  switch (cmd->answer.status) {
  case STATUS_GOOD:
    return true;
  case STATUS_DROPPED:
  case STATUS_UNVERIFIED:
    return false;
  }
  return !lu_is_about_path (lu, &cmd->answer);
}

/* The target says that there is no such LUN any more. */
static void
note_gone (struct lu *lu, const struct command *cmd)
{
  if (cmd->itl != NULL && sense_lun_gone (&cmd->answer))
    lu->missing = true;
}

/* Before the nth time: none, 50, 100, 200, 400, 800 ms, 1 s. */
static void
pause_before (struct lu_user *user, unsigned n)
{
  if (n > 1)
    lu_sleep (user, clock_backoff (n - 1, FIRST_PAUSE_MS, MAX_PAUSE_MS));
}

/* False: it is given up. */
static bool
note_loss (struct lu_user *user, struct command *cmd, struct journey *j)
{
  set_begun (&j->lost_since);
  if (cmd->overdue &&
      (++j->timeouts >= MAX_TIMEOUTS || cmd->timeout_ms > 0)) {
    cmd->answer = (struct answer) { .status = STATUS_TIMEOUT };
    return false;
  }
  j->alone = cmd->alone ? j->alone + 1 : 0;
  pause_before (user, j->alone);
  return true;
}

/* Other paths are tried at once, and then again. */
static void
note_refusal (struct lu_user *user, struct lu_path *path,
              const struct command *cmd, struct journey *j)
{
  struct lu_asker a;

  set_begun (&j->refused_since);
  lu_ask (&a, user, path);
  lu_ask_states (&a, &cmd->answer);
  pause_before (user, ++j->refusals);
}

/* The LUN is not there.  A target that starts is seen before its LUNs are,
 * and so that may pass; but not if the target said so to commands.
 */
static bool
await_lun (struct lu_user *user, struct journey *j, const struct error *err)
{
  struct lu *lu = user->lu;

  debug_session ("%s/%d: %s", lu->target->name, lu->lun, err->msg);
  set_begun (&j->lost_since);
  return !lu->missing && lu_sleep (user, 100);
}

/* Make sure of the LUN.  False: the command is over. */
static bool
verify (struct lu_user *user, struct lu_path *path, struct command *cmd,
        struct journey *j)
{
  struct error err = { 0 };

  switch (lu_verify (user, path, &err)) {
  case LU_READY:
  case LU_ELSEWHERE:
    return true;
  case LU_LOST:
    set_begun (&j->lost_since);
    pause_before (user, ++j->unverified);
    return true;
  case LU_SILENT:
    set_begun (&j->lost_since);
    if (++j->timeouts < MAX_TIMEOUTS)
      return true;
    cmd->answer = (struct answer) { .status = STATUS_TIMEOUT };
    return false;
  case LU_MISSING:
    break;
  }
  if (await_lun (user, j, &err))
    return true;
  cmd->answer = (struct answer) { .status = STATUS_LOST };
  return false;
}

/* What its answer asks for, before it is sent again.  False: it is over. */
static bool
prepare_again (struct lu_user *user, struct lu_path *path,
               struct command *cmd, struct journey *j)
{
  switch (cmd->answer.status) {
  case STATUS_DROPPED:
    return note_loss (user, cmd, j);
  case STATUS_UNVERIFIED:
    return path == NULL || verify (user, path, cmd, j);
  }
  note_refusal (user, path, cmd, j);
  return true;
}

static void
run_again (struct lu_user *user, struct lu_path *path, struct command *cmd)
{
  struct journey j = { .lost_since = 0 };
  unsigned status;

  while (prepare_again (user, path, cmd, &j)) {
    path = await_path (user, is_write (cmd), &j, &status);
    if (path == NULL) {
      cmd->answer = (struct answer) { .status = status };
      return;
    }
    atomic_fetch_add (&user->retries, 1);
    run_over (user, path, cmd, 1);
    if (is_final (user->lu, cmd)) {
      note_gone (user->lu, cmd);
      return;
    }
  }
}

/* Was it given up, so that those that came with it are not worth more time?
 * Not because it was optional and took too long.
 */
static bool
is_given_up (const struct command *cmd)
{
  switch (cmd->answer.status) {
  case STATUS_LOST:
  case STATUS_SHUTDOWN:
    return true;
  case STATUS_TIMEOUT:
    return cmd->timeout_ms == 0;
  }
  return false;
}

/* The limit of an open is over: nothing more is asked. */
static bool
is_too_late (const struct lu_user *user, struct command *cmds, size_t n)
{
  size_t i;

  if (!lu_is_late (user))
    return false;
  for (i = 0; i < n; ++i)
    cmds[i].answer = (struct answer) { .status = STATUS_TIMEOUT };
  return true;
}

/* ---- a deferred error ---- */

unsigned
lu_lost_write (void *uv)
{
  const struct lu_user *user = uv;

  return atomic_exchange (&user->lu->lost_write, 0);
}

/* ---- from outside ---- */

void
lu_run (void *uv, struct command *cmds, size_t n)
{
  struct lu_user *user = uv;
  struct lu_path *path = path_now (user, is_write (&cmds[0]));
  const struct command *given_up = NULL;
  size_t i;

  if (is_too_late (user, cmds, n))
    return;
  if (path)
    run_over (user, path, cmds, n);
  else
    for (i = 0; i < n; ++i)
      cmds[i].answer = (struct answer) { .status = STATUS_UNVERIFIED };

  for (i = 0; i < n; ++i) {
    if (cmds[i].answer.status == STATUS_GOOD)
      continue;
    if (is_final (user->lu, &cmds[i]))
      note_gone (user->lu, &cmds[i]);
    else if (given_up)
      cmds[i].answer = given_up->answer;
    else
      run_again (user, path, &cmds[i]);
    if (is_given_up (&cmds[i]))
      given_up = &cmds[i];
    lu_note_lost_write (user->lu, &cmds[i]);
  }
}

bool
lu_last_error (void *uv, struct error *err)
{
  const struct lu_user *user = uv;
  const struct lu *lu = user->lu;
  struct target *t = lu->target;
  bool up;

  pthread_mutex_lock (&t->lock);
  up = target_is_up (t);
  if (!up)
    *err = t->why;
  else if (target_all_strangers (lu) || lu->missing)
    *err = lu->stranger;
  else if (lu->no_path_since != 0)
    error_set (err, EIO, "no path to the LUN is active: all are in standby, "
               "unavailable, or in transition");
  else if (!fence_is_open (&lu->fence))
    error_set (err, EIO, "a session that was lost has left writes that the "
               "target may still execute: no others are made before it is "
               "back");
  else
    *err = lu->stranger;
  pthread_mutex_unlock (&t->lock);
  return up;
}
