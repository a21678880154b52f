/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alua.h"
#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "lu-ask.h"
#include "lu.h"
#include "paths.h"
#include "retry.h"
#include "sense.h"

/* How often to ask whether a better path has come back. */
#define BETTER_MS 30000

/* How often to ask for the end of a transition. */
#define TRANSITION_MS 2000

/* A LUN that does not answer REPORT TARGET PORT GROUPS, but other commands, is
 * not asked for so long: a controller may just be failing over.
 */
#define MUTE_MS (5 * 60 * 1000)

/* How long to wait for another thread that asks. */
#define OTHERS_MS 1000

/* Room for all groups, with many ports each. */
#define STATES_LEN 4096
#define VPD_LEN    4096

/* One question, for which there are so many ms (0: as many as for any); what
 * came back of ‘len’ bytes, -1: it was refused.
 */
static int
ask (const struct lu_asker *a, struct command *cmd, uint8_t *buf, uint32_t len,
     unsigned ms)
{
  cmd->direction = DATA_IN;
  cmd->niov = 0;
  cmd->param = buf;
  cmd->len = len;
  cmd->timeout_ms = ms;
  retry_run (&a->runner, &a->policy, cmd, 1);
  return sense_decide (&cmd->answer).verdict == VERDICT_OK
    ? (int) cmd->answer.received : -1;
}

/* ---- ALUA ---- */

/* Does it tell states, and are they wanted? */
static bool
lu_has_states (const struct lu *lu)
{
  return lu->facts.inquiry.tpgs != 0 && lu->target->p->alua != ALUA_IGNORE;
}

/* Is it worth asking for them now?  Of a LUN that is not known yet, too. */
static bool
may_tell_states (const struct lu *lu)
{
  return (!lu->known || lu_has_states (lu)) &&
    clock_ms () >= atomic_load (&lu->states_from);
}

bool
lu_is_about_path (const struct lu *lu, const struct answer *a)
{
  const bool has_states = lu->known && lu_has_states (lu);

  if (a->deferred)
    return false;
  if (sense_has_key (a, SENSE_NOT_READY))
    return a->asc == 0x040b || a->asc == 0x040c ||
      (has_states && a->asc == 0x040a);
  return has_states && sense_has_key (a, SENSE_UNIT_ATTENTION) &&
    (a->asc == 0x2a06 || a->asc == 0x2a07);
}

/* Without REPORT TARGET PORT GROUPS the answer is all that is known; none: it
 * is to be tried again.
 */
static unsigned
rank_of_answer (const struct answer *a)
{
  switch (a ? a->asc : 0) {
  case 0x040a: return alua_rank (ALUA_TRANSITIONING, false);
  case 0x040b: return alua_rank (ALUA_STANDBY, false);
  case 0x040c: return alua_rank (ALUA_UNAVAILABLE, false);
  }
  return RANK_UNKNOWN;
}

/* The group that the path leads through; told by the port, for all LUNs. */
static int
ask_port_group (const struct lu_asker *a)
{
  uint8_t buf[VPD_LEN];
  struct command cmd;
  int n;

  cmd.cdb_len = cdb_inquiry_vpd (cmd.cdb, VPD_DESIGNATORS, sizeof buf);
  n = ask (a, &cmd, buf, sizeof buf, 0);
  return n == -1 ? -1 : alua_port_group (buf, (size_t) n);
}

/* Does it answer anything? */
static bool
is_there (const struct lu_asker *a)
{
  struct command cmd = { .direction = DATA_NONE };

  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  retry_run (&a->runner, &a->policy, &cmd, 1);
  return cmd.answer.status < STATUS_NONE;
}

/* The extended header tells how long a transition may take; targets that do
 * not know it say 5/2400.  The states are optional: without them paths are
 * chosen by the answers to commands.
 */
static int
ask_groups (struct lu_asker *a, struct alua *alua)
{
  const unsigned ms = a->policy.timeout_ms / 2;
  const bool silent = a->silent;
  uint8_t buf[STATES_LEN];
  struct command cmd;
  int n;

  cmd.cdb_len = cdb_report_target_port_groups (cmd.cdb, true, sizeof buf);
  n = ask (a, &cmd, buf, sizeof buf, ms);
  if (n == -1 && sense_decide (&cmd.answer).verdict == VERDICT_UNSUPPORTED) {
    cmd.cdb_len = cdb_report_target_port_groups (cmd.cdb, false, sizeof buf);
    n = ask (a, &cmd, buf, sizeof buf, ms);
  }
  if (a->silent && !silent) {
    a->silent = false;
    if (is_there (a))
      atomic_store (&a->lu->states_from, clock_ms () + MUTE_MS);
  }
  return n == -1 ? -1 : alua_parse (buf, (size_t) n, alua);
}

/* Under the lock: what the table says of each portal whose group is known. */
static void
rank_portals (struct lu *lu)
{
  const struct target *t = lu->target;
  const struct alua_group *g;
  bool changed = false;
  size_t i;

  for (i = 0; i < t->portals.n; ++i) {
    unsigned rank;

    g = alua_find (&lu->alua, t->portals.list[i].port_group);
    if (g == NULL || lu->ranks[i] == RANK_STRANGER)
      continue;
    rank = alua_rank (g->state, g->preferred);
    if (rank != lu->ranks[i]) {
      debug_session ("%s/%d: %s is %s", t->name, lu->lun,
                     t->portals.list[i].at.text, alua_state_name (g->state));
      changed = true;
    }
    lu->ranks[i] = (uint8_t) rank;
  }
  if (changed)
    target_changed (lu->target);
}

static void
tell_group (const struct lu_asker *a, uint16_t group)
{
  uint8_t list[ALUA_SET_LEN];
  struct command cmd = {
    .direction = DATA_OUT,
    .iov = { { .iov_base = list, .iov_len = sizeof list } },
    .niov = 1,
    .len = sizeof list,
  };

  alua_set_list (list, group);
  cmd.cdb_len = cdb_set_target_port_groups (cmd.cdb, sizeof list);
  retry_run (&a->runner, &a->policy, &cmd, 1);
  log_notice ("%s/%d: told the target to make port group %u active: %s",
              a->lu->target->name, a->lu->lun, group,
              sense_decide (&cmd.answer).verdict == VERDICT_OK ? "done"
              : "it refused");
}

/* Is there no path that carries I/O, and none that soon will? */
static bool
is_stuck (const struct alua *alua)
{
  size_t i;

  for (i = 0; i < alua->n; ++i)
    if (alua_rank (alua->groups[i].state, false) < ALUA_NO_IO ||
        alua->groups[i].state == ALUA_TRANSITIONING)
      return false;
  return true;
}

/* No path is active, and the target makes one active only when it is told to:
 * do that, or tell the user.
 */
static void
unstick (struct lu_asker *a, struct alua *alua, int group)
{
  struct lu *lu = a->lu;

  if (!is_stuck (alua) || lu->facts.inquiry.tpgs != TPGS_EXPLICIT) {
    lu->stuck_told = false;
    return;
  }
  if (lu->target->p->alua != ALUA_TELL) {
    if (!atomic_exchange (&lu->stuck_told, true))
      log_event ("%s/%d: no path is active, and the target changes that "
                 "only when it is told to: give alua=explicit, or make a "
                 "controller active on the target", lu->target->name,
                 lu->lun);
    return;
  }
  if (group != -1) {
    tell_group (a, (uint16_t) group);
    ask_groups (a, alua);
  }
}

/* One thread at a time, or several would tell the target to make different
 * groups active.  The others wait for what it finds, but not as long as a path
 * may be silent.
 */
static bool
begin_asking (struct lu *lu)
{
  const uint64_t until = clock_ms () + OTHERS_MS;
  struct target *t = lu->target;
  bool mine;

  pthread_mutex_lock (&t->lock);
  mine = !lu->asking;
  while (lu->asking && clock_ms () < until)
    target_wait (t, until);
  if (mine)
    lu->asking = true;
  pthread_mutex_unlock (&t->lock);
  return mine;
}

/* Is it the LUN whose states are asked for, as far as that is known? */
static bool
is_the_lun (const struct lu_asker *a, struct error *err)
{
  const struct lu *lu = a->lu;

  *err = (struct error) { 0 };
  return !lu->known || lun_identify (&a->runner, &a->policy, lu->lun,
                                     &lu->facts, err) == 0;
}

static void
ask_states (struct lu_asker *a, const struct answer *answer)
{
  struct lu *lu = a->lu;
  struct target *t = lu->target;
  const struct nexus *n = a->path->nexus;
  const unsigned epoch = engine_epoch (n->engine);
  bool told = may_tell_states (lu);
  struct error err = { 0 };
  struct alua alua;
  int group, r;
  size_t portal;

  if (!begin_asking (lu))
    return;
  told = told && is_the_lun (a, &err);
  group = told ? ask_port_group (a) : -1;
  r = told ? ask_groups (a, &alua) : -1;
  if (r == 0)
    unstick (a, &alua, group);
  pthread_mutex_lock (&t->lock);
  portal = n->portal;
  if (err.err != ENODEV)
    lu->states_asked = clock_ms ();
  if (epoch == 0 || engine_epoch (n->engine) != epoch)
    ;                           /* it may have been another portal */
  else if (err.err == ENODEV)
    target_note_stranger (lu, portal, &err);
  else if (r == 0 && group != -1) {
    t->portals.list[portal].port_group = group;
    lu->alua = alua;
    rank_portals (lu);
  }
  else if (lu->ranks[portal] != rank_of_answer (answer)) {
    lu->ranks[portal] = (uint8_t) rank_of_answer (answer);
    target_changed (t);
  }
  lu->asking = false;
  pthread_cond_broadcast (&t->changed);
  pthread_mutex_unlock (&t->lock);
}

void
lu_ask_states (const struct lu_user *user, struct lu_path *path,
               const struct answer *a)
{
  struct lu_asker asker;

  lu_ask (&asker, user, path);
  ask_states (&asker, a);
}

/* Under the lock: what commands were told without REPORT TARGET PORT GROUPS
 * nobody takes back, and so all portals are to be tried again.
 */
static void
forget_states (struct lu *lu)
{
  size_t i;

  for (i = 0; i < lu->target->portals.n; ++i)
    if (lu->ranks[i] != RANK_STRANGER)
      lu->ranks[i] = RANK_UNKNOWN;
  target_changed (lu->target);
}

void
lu_look_for_better (const struct lu_user *user, struct lu_path *path)
{
  struct lu *lu = user->lu;
  struct target *t = lu->target;
  const uint64_t now = clock_ms ();
  unsigned rank;
  bool due;

  pthread_mutex_lock (&t->lock);
  rank = lu->ranks[path->nexus->portal];
  due = rank > RANK_UNKNOWN && rank != RANK_STRANGER &&
    now - lu->states_asked >= (rank < ALUA_NO_IO ? BETTER_MS : TRANSITION_MS);
  if (due)
    lu->states_asked = now;
  if (due && !may_tell_states (lu)) {
    forget_states (lu);
    due = false;
  }
  pthread_mutex_unlock (&t->lock);
  if (due)
    lu_ask_states (user, path, NULL);
}

/* ---- making sure of the LUN ---- */

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
    ask_states (&a, NULL);
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
