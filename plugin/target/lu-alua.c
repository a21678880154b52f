/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>

#include "alua.h"
#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "lu-alua.h"
#include "lu-ask.h"
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

/* ---- what is known, and what an answer tells ---- */

bool
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

/* ---- the questions ---- */

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
  cmd->to_be_written = false;
  retry_run (&a->runner, &a->policy, cmd, 1);
  return sense_decide (&cmd->answer).verdict == VERDICT_OK
    ? (int) cmd->answer.received : -1;
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

/* ---- making a port group active ---- */

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

/* ---- asking for the states ---- */

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

void
lu_ask_states (struct lu_asker *a, const struct answer *answer)
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

/* ---- looking for a better path ---- */

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
  struct lu_asker a;
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
  if (due) {
    lu_ask (&a, user, path);
    lu_ask_states (&a, NULL);
  }
}
