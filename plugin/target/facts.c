/* SPDX-License-Identifier: BSD-3-Clause */

/* What is told of targets: copied under their locks, for a monitor. */

#include <config.h>

#include <stdio.h>

#include "clock.h"
#include "paths.h"
#include "target-private.h"

static const char *
state_of (const struct nexus *n)
{
  if (n->up)
    return n->leaving || n->retired ? "leaving" : "up";
  return n->was_up ? "lost" : "starting";
}

static void
report_nexus (const struct target *t, const struct nexus *n,
              struct status_report *out)
{
  struct status_session *row = status_session (out, t->name);
  const uint64_t now = clock_ms ();
  struct engine_counters c;

  if (row == NULL)
    return;
  engine_get_counters (n->engine, &c);
  row->number = n->number + 1;
  row->state = state_of (n);
  row->group = n->group;
  snprintf (row->portal, sizeof row->portal, "%s",
            t->portals.list[n->portal].at.text);
  if (!n->up)
    snprintf (row->why, sizeof row->why, "%s", n->why.msg);
  row->up = n->up;
  row->age = now > n->since ? now - n->since : 0;
  row->clients = n->users;
  row->commands = c.commands;
  row->bytes = c.bytes;
  row->losses = c.losses;
  row->unanswered = c.unanswered;
  row->stall = n->up || !n->was_up ? 0 : row->age;
  row->longest_stall = nexus_longest_stall (n);
  if (row->stall > row->longest_stall)
    row->longest_stall = row->stall;
}

/* What the group of the portal was told to have, else what an answer said
 * there (lu-alua.c).
 */
static const char *
path_state (const struct lu *lu, size_t portal)
{
  const struct alua_group *g =
    alua_find (&lu->alua, lu->target->portals.list[portal].port_group);
  const unsigned rank = lu->ranks[portal];

  if (rank == RANK_STRANGER)
    return "another LUN";
  if (g)
    return alua_state_name (g->state);
  if (rank == alua_rank (ALUA_TRANSITIONING, false))
    return alua_state_name (ALUA_TRANSITIONING);
  if (rank == alua_rank (ALUA_STANDBY, false))
    return alua_state_name (ALUA_STANDBY);
  if (rank == alua_rank (ALUA_UNAVAILABLE, false))
    return alua_state_name (ALUA_UNAVAILABLE);
  return "not told";
}

static void
report_lu (const struct lu *lu, struct status_report *out)
{
  const struct target *t = lu->target;
  const bool held = !fence_is_open (&lu->fence);
  struct status_path *path;
  struct status_lun *row;
  size_t i;

  if (!lu->known && !held)
    return;                     /* it is only asked something */
  row = status_lun (out, t->name, lu->lun);
  if (row)
    row->writes_held |= held;
  for (i = 0; i < t->portals.n; ++i) {
    path = status_path (out, t->name);
    if (path == NULL)
      return;
    path->lun = lu->lun;
    path->port_group = t->portals.list[i].port_group;
    path->state = path_state (lu, i);
    snprintf (path->portal, sizeof path->portal, "%s",
              t->portals.list[i].at.text);
  }
}

static void
report_portal (const struct target *t, size_t portal, struct status_report *out)
{
  struct status_portal *row = status_portal (out, t->name);
  const struct nexus *n = NULL;

  if (row == NULL)
    return;
  snprintf (row->portal, sizeof row->portal, "%s",
            t->portals.list[portal].at.text);
  row->failed = t->portals.list[portal].failed_at != 0;
  while ((n = nexus_after (t, n)) != NULL)
    row->sessions += n->up && n->portal == portal;
}

void
target_report (const struct target *t, struct status_report *out)
{
  const struct nexus *n = NULL;
  const struct lu *lu;
  size_t i;

  while ((n = nexus_after (t, n)) != NULL)
    if (n->up || nexus_is_wanted (n))
      report_nexus (t, n, out);
  for (lu = t->lus; lu != NULL; lu = lu->next)
    report_lu (lu, out);
  for (i = 0; i < t->portals.n; ++i)
    report_portal (t, i, out);
}
