/* SPDX-License-Identifier: BSD-3-Clause */

/* A round of logins: the portals of a target, in turn or side by side, until
 * one has given a session.
 */

#include <config.h>

#include <errno.h>

#include "clock.h"
#include "debug.h"
#include "race.h"
#include "target-private.h"

_Static_assert (PORTALS_MAX < RACE_MAX, "a round takes in all portals, and has "
                "attempts left for those that fail");

struct round {
  struct target *t;
  struct nexus *n;
  size_t tried;
  struct attempt attempts[RACE_MAX]; /* several at one that has failed */
};

static unsigned
begin_attempt (void *rv, size_t i)
{
  struct round *r = rv;
  unsigned ms;

  pthread_mutex_lock (&r->t->lock);
  ms = placement_begin (r->t, r->n, r->attempts, i);
  if (ms != RACE_NO_MORE)
    r->tried = i + 1;
  pthread_mutex_unlock (&r->t->lock);
  return ms;
}

/* False: it is not to begin any more. */
static bool
await_begin (const struct attempt *a, const struct stop *stop)
{
  while (clock_ms () < a->begun && !stop_asked (stop))
    clock_poll (NULL, 0, stop_slice (a->begun));
  return clock_ms () >= a->begun;
}

static int
attempt_login (void *rv, size_t i, const struct stop *stop)
{
  struct round *r = rv;
  struct target *t = r->t;
  struct attempt *a = &r->attempts[i];
  struct session_params params = portals_params (t->p, t->name);
  struct session *s = NULL;

  params.connect_ms = a->connect_ms;
  a->err.err = ESHUTDOWN;
  if (await_begin (a, stop))
    s = session_open (&params, &a->at, &r->n->isid, a->deadline, stop,
                      &a->err);
  pthread_mutex_lock (&t->lock);
  a->session = s;
  a->over = true;
  if (s) {
    r->n->logged_in = clock_ms ();
    t->portals.list[a->portal].login_ms = r->n->logged_in - a->begun;
  }
  else if (a->err.err != ESHUTDOWN) {
    debug_session ("%s: %s", r->n->name, a->err.msg);
    placement_note_failure (t, a);
  }
  pthread_mutex_unlock (&t->lock);
  return s ? 0 : -1;
}

static const struct race_ops login_ops = {
  .begin = begin_attempt,
  .run = attempt_login,
};

/* The nexus gets one session.  A login that came too late for that may have
 * ended it, if it is in the same portal group; that is seen soon.
 */
static void
close_others (struct round *r, const struct attempt *won)
{
  struct attempt *a;

  for (a = r->attempts; a < r->attempts + r->tried; ++a)
    if (a != won && a->session)
      session_close (a->session, NULL);
}

/* The one that worked, or NULL with the sentence of the one that got furthest.
 */
static struct attempt *
run_round (struct round *r, const struct stop *stop, struct error *err)
{
  struct target *t = r->t;
  struct attempt *won = NULL;
  size_t i, n;
  int winner;

  pthread_mutex_lock (&t->lock);
  placement_probe (t);
  n = t->portals.n;
  pthread_mutex_unlock (&t->lock);
  winner = race_run (&login_ops, r, n > 1 ? RACE_MAX : 1, stop);
  if (winner != -1)
    won = &r->attempts[winner];
  close_others (r, won);
  if (won) {
    pthread_mutex_lock (&t->lock);
    r->n->portal = won->portal;
    pthread_mutex_unlock (&t->lock);
    return won;
  }
  *err = r->attempts[0].err;
  for (i = 1; i < r->tried; ++i)
    if (portals_got_further (&r->attempts[i].err, err))
      *err = r->attempts[i].err;
  if (stop_asked (stop))
    error_set (err, ESHUTDOWN, "the server is shutting down");
  return NULL;
}

struct session *
round_log_in (struct target *t, struct nexus *n, const struct stop *stop,
              struct error *err)
{
  struct round r;
  struct attempt *a;

  r.t = t;
  r.n = n;
  r.tried = 0;
  a = run_round (&r, stop, err);
  if (a == NULL)
    return NULL;
  if (settle_old_writes (t, n, a->session, stop, &a->err) == -1) {
    session_close (a->session, NULL);
    a->session = NULL;
    *err = a->err;
  }
  pthread_mutex_lock (&t->lock);
  if (a->session)
    placement_note_login (t, n, a);
  else {
    n->logged_in = 0;
    placement_note_failure (t, a);
  }
  pthread_mutex_unlock (&t->lock);
  return a->session;
}
