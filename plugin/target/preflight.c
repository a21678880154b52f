/* SPDX-License-Identifier: BSD-3-Clause */

/* The preflight: a target is logged in to, and its LUN asked, before the fork. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "race.h"
#include "sense.h"
#include "target.h"

/* What it found, for the first target of its name. */
static struct {
  char *target;
  struct portals portals;
} found;

/* Is the LUN not to be had at this portal, as its state is now (ALUA)? */
static bool
has_no_path (struct session_asker *asker)
{
  struct command cmd = { .direction = DATA_NONE };
  const struct answer *a = &cmd.answer;

  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  asker->runner.run (asker->runner.handle, &cmd, 1);
  return sense_has_key (a, SENSE_NOT_READY) &&
    a->asc >= 0x040a && a->asc <= 0x040c;
}

/* As lun_probe; *unanswered is given and taken. */
static int
probe (struct session_asker *asker, int lun, unsigned *unanswered,
       struct error *err)
{
  struct lun_facts facts;
  int r = lun_probe (&asker->runner, &asker->policy, lun, *unanswered, &facts,
                     err);

  *unanswered = facts.unanswered;
  return r;
}

struct preflight {
  const struct settings *p;
  struct portals *portals;
  struct session_params params;
  int lun;
  struct error errs[PORTALS_MAX];
};

static int
try_once (struct preflight *f, size_t i, const struct isid *isid,
          uint64_t deadline, const struct stop *stop, unsigned *unanswered)
{
  struct portal_state *portal = &f->portals->list[i];
  const uint64_t begun = clock_ms ();
  struct error *err = &f->errs[i];
  struct session_asker asker;
  const int lun = f->lun;
  struct session *s;
  struct error why;
  int r = 0;

  s = session_open (&f->params, &portal->at, isid, deadline, stop, err);
  if (s == NULL)
    return -1;
  portal->login_ms = clock_ms () - begun;
  session_ask (&asker, s, deadline, stop);
  if (lun >= 0) {
    asker.lun = lun_wire (lun);
    r = probe (&asker, lun, unanswered, err);
    if (r == -1 && err->err == ENXIO) {
      asker.lun = lun_wire_other (asker.lun);
      r = probe (&asker, lun, unanswered, &why);
    }
    if (r == -1 && err->err == ENXIO) {
      asker.lun = 0;
      lun_name_others (&asker.runner, &asker.policy, lun, err);
    }
    if (r == -1 && has_no_path (&asker))
      err->err = EBUSY;         /* a controller may be taking over */
  }
  if (r == -1 && asker.loss.err != 0) {
    why = *err;
    error_set (err, why.err, "%s: %s", why.msg, asker.loss.msg);
  }
  session_logout (s, clock_ms () + LOGOUT_MS, NULL);
  return r;
}

static unsigned
begin_portal (void *fv, size_t i __attribute__ ((__unused__)))
{
  const struct preflight *f = fv;
  const unsigned share = f->p->login_timeout_ms / (unsigned) f->portals->n;

  return share < ATTEMPT_MS ? share : ATTEMPT_MS;
}

/* Once more for each optional question that has no answer, without it.  It
 * writes nothing, and so has an ISID of its own: it ends no other portal's.
 */
static int
try_portal (void *fv, size_t i, const struct stop *stop)
{
  struct preflight *f = fv;
  const uint64_t deadline = clock_ms () + f->p->login_timeout_ms;
  unsigned unanswered = 0, before;
  struct isid isid;
  int r = nexus_next_isid (&isid, &f->errs[i]);

  if (r == -1)
    return -1;
  do {
    before = unanswered;
    r = try_once (f, i, &isid, deadline, stop, &unanswered);
  } while (r == -1 && unanswered != before);
  if (r == -1 && !stop_asked (stop))
    debug_session ("%s", f->errs[i].msg);
  return r;
}

/* A portal where the LUN is not to be had does not hide the others. */
static int
try_portals (struct preflight *f, struct error *err)
{
  static const struct race_ops ops = {
    .begin = begin_portal, .run = try_portal,
  };
  const int n = (int) f->portals->n;
  const int winner = race_run (&ops, f, f->portals->n, NULL);
  int i;

  for (i = 0; i < winner; ++i)
    f->portals->list[i].failed_at = clock_ms ();
  if (winner != -1)
    return 0;
  *err = f->errs[0];
  for (i = 1; i < n; ++i)
    if (portals_got_further (&f->errs[i], err))
      *err = f->errs[i];
  return -1;
}

/* An old session of ours may linger on a target that has no room for two, a
 * target that drops the connection may just be starting, and where no path is
 * active a controller may be taking over.
 */
#define PREFLIGHT_PAUSE_MS 500

static bool
may_pass (const struct error *err, unsigned tries)
{
  return err->err == EBUSY || (err->err == ECONNRESET && tries == 1);
}

int
target_preflight (const struct settings *p, const char *target, int lun,
                  struct error *err)
{
  struct preflight f = {
    .p = p,
    .portals = &found.portals,
    .params = portals_params (p, target),
    .lun = lun,
  };
  const uint64_t deadline = clock_ms () + p->login_timeout_ms;
  const struct timespec pause = { .tv_nsec = PREFLIGHT_PAUSE_MS * 1000000L };
  unsigned tries = 0;
  int r;

  if (portals_look_up (&found.portals, p, target, deadline, NULL, err) == -1)
    return -1;
  while ((r = try_portals (&f, err)) == -1 &&
         may_pass (err, ++tries) &&
         clock_left (deadline) > PREFLIGHT_PAUSE_MS)
    nanosleep (&pause, NULL);
  found.target = r == 0 ? strdup (target) : NULL;
  return r;
}

const struct portals *
preflight_portals (const char *name)
{
  return found.target && strcmp (found.target, name) == 0
    ? &found.portals : NULL;
}

void
preflight_forget (void)
{
  free (found.target);
  found.target = NULL;
}
