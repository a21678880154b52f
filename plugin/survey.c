/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "directory.h"
#include "export-name.h"
#include "filter.h"
#include "question.h"
#include "survey.h"
#include "thread.h"

/* Of all targets together: a portal that has more is told of in part. */
#define MAX_FOUND (2 * (URL_MAX_LUN + 1))

/* So many are asked side by side: what waits is the network or the target, not
 * a core of ours.
 */
#define TARGET_THREADS 16
#define LUN_THREADS    64

/* What is slow has at least this part of login-timeout, before it counts as
 * silent.
 */
#define LEAST_PART 4

struct walk {
  const struct settings *p;
  const struct survey_query *query;
  const struct stop *stop;
  pthread_t thread;             /* on which ‘stop’ may be asked */
  uint64_t deadline;            /* clock_ms */
  unsigned least_ms;            /* for each target and each LUN */
  atomic_bool gone;             /* ‘stop’ said so */
  atomic_uint found;            /* for query->enough */
  atomic_size_t luns;           /* for MAX_FOUND */
  struct survey *out;
};

/* What one target has of the time of a walk, or one LUN. */
struct turn {
  struct walk *w;
  uint64_t deadline;            /* clock_ms */
};

/* The walk and one of its targets. */
struct visit {
  struct walk *w;
  struct survey_target *t;
  struct turn turn;
};

static bool
has_enough (const struct walk *w)
{
  return w->query->enough > 0 && w->found >= w->query->enough;
}

/* An export, or what may be one. */
static void
count (struct walk *w, bool found)
{
  if (found || w->query->id == NULL)
    w->found++;
}

/* ---- the time that there is ---- */

/* Of ‘left’ that have not had their turn, ‘threads’ at a time, those who do not
 * answer share the time until ‘until’: otherwise the first of them would keep
 * all threads, and the others would not be asked at all.  Who answers needs
 * none of that.  Where not all are looked for, what is under way when enough is
 * found has to end first: nobody has more than the least then.
 */
static struct turn
next_turn (struct walk *w, uint64_t until, size_t left, unsigned threads)
{
  const size_t rounds = (left + threads - 1) / threads;
  const uint64_t now = clock_ms ();
  const uint64_t share = w->query->enough > 0 ? 0
    : (uint64_t) clock_left (until) / rounds;
  const uint64_t end = now + (share > w->least_ms ? share : w->least_ms);

  return (struct turn) {
    .w = w,
    .deadline = end < w->deadline ? end : w->deadline,
  };
}

/* For struct stop. */
static bool
is_over (void *tv)
{
  struct turn *turn = tv;
  struct walk *w = turn->w;

  if (pthread_equal (pthread_self (), w->thread) && stop_asked (w->stop))
    w->gone = true;
  return w->gone || has_enough (w) || clock_left (turn->deadline) == 0;
}

/* Why it is over, if it is: not that the server is going away. */
static int
no_time_left (const struct turn *turn, struct error *err)
{
  if (turn->w->gone || clock_left (turn->deadline) > 0)
    return -1;
  if (clock_left (turn->w->deadline) == 0)
    return error_set (err, ETIMEDOUT, "there was no time left: raise "
                      "login-timeout");
  return error_set (err, ETIMEDOUT, "it did not answer in its share of "
                    "login-timeout: raise that");
}

static int
begin (struct question *q, struct turn *turn, const char *target, int lun,
       uint16_t wire, struct error *err)
{
  const struct walk *w = turn->w;
  const struct stop stop = { .asked = is_over, .opaque = turn };

  if (clock_left (turn->deadline) == 0)
    return no_time_left (turn, err);
  if (question_begin (q, w->p, target, lun, wire, turn->deadline, w->least_ms,
                      &stop, err) == 0)
    return 0;
  return err->err == ESHUTDOWN ? no_time_left (turn, err) : -1;
}

/* ---- one LUN ---- */

/* The filter, and what matches a LUN. */
struct look {
  const struct filter *filter;
  struct filter_matches matches;
};

static void
look_at_designator (void *lv, const char *text)
{
  struct look *look = lv;
  char name[EXPORT_NAME_ID_LEN];

  filter_consider (look->filter, export_name_print_id (text, name),
                   &look->matches);
}

int
survey_admits (const struct settings *p, const char *name,
               const struct runner *r, const struct retry_policy *policy,
               int lun, struct error *err)
{
  struct look look = { .filter = &p->filter };

  filter_consider (look.filter, name, &look.matches);
  if (filter_has_ids (look.filter) &&
      lun_designators (r, policy, lun, look_at_designator, &look, err) == -1)
    return -1;
  return filter_allows (look.filter, &look.matches);
}

/* A disk that is not connected now, or cannot be had over this path (SPC-5
 * 6.6.2, peripheral qualifier 1).
 */
static bool
is_unconnected (const struct lun_facts *facts, const struct error *err)
{
  return err->err == ENODEV && facts->inquiry.qualifier == 1 &&
    lun_serves_type (facts->inquiry.device_type);
}

/* Where there is none a target may list LUN 0 all the same, and tell so in its
 * INQUIRY data (SPC-5 6.33, 6.6.2); what it says only with 5/25xx is told.
 */
static bool
is_told (int lun, const struct lun_facts *facts, const struct error *err)
{
  return is_unconnected (facts, err) ||
    (err->err == ENXIO && lun == 0 && facts->inquiry.qualifier != 3);
}

/* As lun_has_designator.  What is no disk is not looked for; 0 with a sentence
 * if that is worth one.
 */
static int
ask_facts (const struct question *q, int lun, struct lun_facts *facts,
           struct error *err)
{
  if (lun_glance (&q->runner, &q->policy, lun, facts, err) == 0)
    return 1;
  debug_session ("%s: left out: %s", q->user.lu->target->name, err->msg);
  if (err->err == ENXIO)
    error_set (err, ENXIO, "there is no LUN %d, though the target lists it",
               lun);
  if (lun != 0 && (err->err == ENXIO || is_unconnected (facts, err)))
    return -1;
  if (err->err != ENODEV && err->err != ENXIO)
    return -1;
  if (!is_told (lun, facts, err))
    *err = (struct error) { 0 };
  return 0;
}

static int
ask (struct turn *turn, const char *target, const struct survey_lun *l,
     const char *name, struct lun_facts *facts, struct error *err)
{
  struct walk *w = turn->w;
  struct question q;
  int r;

  if (begin (&q, turn, target, l->lun, l->wire, err) == -1)
    return -1;
  r = w->query->id ?
    lun_has_designator (&q.runner, &q.policy, l->lun, w->query->id, err) :
    ask_facts (&q, l->lun, facts, err);
  if (r == 1)
    r = survey_admits (w->p, name, &q.runner, &q.policy, l->lun, err);
  question_end (&q);
  return r;
}

static void *
copy_of (const void *data, size_t len)
{
  void *copy = malloc (len);

  return copy ? memcpy (copy, data, len) : NULL;
}

static void
visit_lun (void *vv, size_t i)
{
  struct visit *v = vv;
  struct walk *w = v->w;
  struct survey_lun *l = &v->t->luns[i];
  char name[EXPORT_NAME_LEN];
  struct lun_facts facts;
  struct error err = { 0 };
  struct turn turn;
  int r;

  if (has_enough (w))
    return;
  l->outcome = SURVEY_NONE;
  export_name_print (w->p->url.target ? NULL : v->t->name, l->lun, name);
  if (!filter_may_allow (&w->p->filter, name))
    return;
  turn = next_turn (w, v->turn.deadline, v->t->n - i, LUN_THREADS);
  r = ask (&turn, v->t->name, l, name, &facts, &err);
  if (r == 1) {
    l->outcome = SURVEY_FOUND;
    l->facts = w->query->id ? NULL : copy_of (&facts, sizeof facts);
  }
  else if (r == -1)
    l->outcome = has_enough (w) ? SURVEY_UNASKED : SURVEY_FAILED;
  if (r != 1 && err.err != 0)
    l->why = copy_of (&err, sizeof err);
  if (r != 0)
    count (w, r == 1);
}

/* ---- the LUNs of a target ---- */

static int
take_luns (struct visit *v, const struct lun_list *list, struct error *err)
{
  struct survey_target *t = v->t;
  size_t i;

  t->unusable = list->unusable;
  if (atomic_fetch_add (&v->w->luns, list->n) + list->n > MAX_FOUND)
    return error_set (err, E2BIG, "there are more than %d LUNs in all: list "
                      "fewer targets, with export-filter= or the URL",
                      MAX_FOUND);
  t->luns = calloc (list->n + 1, sizeof *t->luns);
  if (t->luns == NULL)
    return error_set (err, ENOMEM, "out of memory");
  for (i = 0; i < list->n; ++i)
    t->luns[t->n++] = (struct survey_lun) {
      .lun = list->luns[i].lun,
      .wire = list->luns[i].wire,
    };
  return 0;
}

/* The hold on LUN 0 keeps the session meanwhile. */
static int
visit_luns (struct visit *v, struct error *err)
{
  struct lun_list list;
  struct question q;
  int r;

  if (begin (&q, &v->turn, v->t->name, 0, 0, err) == -1)
    return -1;
  r = question_report_luns (&q, &list, err);
  if (r == 0) {
    r = take_luns (v, &list, err);
    free (list.luns);
  }
  if (r == 0)
    thread_each (v->t->n, LUN_THREADS, visit_lun, v);
  question_end (&q);
  return r == 0 ? 0 : -1;
}

static void
visit_target (void *wv, size_t i)
{
  struct walk *w = wv;
  struct visit v = { .w = w, .t = &w->out->targets[i] };

  if (has_enough (w))
    return;
  v.turn = next_turn (w, w->deadline, w->out->n - i, TARGET_THREADS);
  if (visit_luns (&v, &v.t->why) == 0)
    v.t->why = (struct error) { 0 };
  else if (has_enough (w))
    v.t->why = (struct error) { 0 }; /* it was left early */
  else
    count (w, false);
}

/* ---- all of them ---- */

static int
ask_for_names (struct walk *w, char ***names, size_t *n, struct error *err)
{
  if (w->p->url.target == NULL)
    return directory_ask (w->p, w->deadline, w->stop, names, n,
                          &w->out->nameless, err);
  *n = 1;
  *names = calloc (1, sizeof **names);
  if (*names != NULL)
    (*names)[0] = strdup (w->p->url.target);
  if (*names != NULL && (*names)[0] != NULL)
    return 0;
  free (*names);
  return error_set (err, ENOMEM, "out of memory");
}

/* Could any of its LUNs be an export? */
static bool
may_have_exports (const struct settings *p, const char *target)
{
  char prefix[EXPORT_NAME_LEN];

  snprintf (prefix, sizeof prefix, "%s%s", p->url.target ? "" : target,
            p->url.target ? "" : "/");
  return filter_may_allow_numbers (&p->filter, prefix, URL_MAX_LUN);
}

/* Those that the filter does not leave out as a whole; past the time that there
 * is, those that are not looked at either.
 */
static int
find_targets (struct walk *w, struct error *err)
{
  struct survey *out = w->out;
  char **names;
  size_t i, n;

  if (ask_for_names (w, &names, &n, err) == -1)
    return -1;
  out->targets = calloc (n + 1, sizeof *out->targets);
  if (out->targets == NULL) {
    directory_free (names, n);
    return error_set (err, ENOMEM, "out of memory");
  }
  for (i = 0; i < n; ++i)
    if (clock_left (w->deadline) == 0 || may_have_exports (w->p, names[i]))
      out->targets[out->n++].name = names[i];
    else
      free (names[i]);
  free (names);
  return 0;
}

int
survey_run (const struct settings *p, const struct survey_query *query,
            const struct stop *stop, struct survey *out, struct error *err)
{
  struct walk w = {
    .p = p,
    .query = query,
    .stop = stop,
    .thread = pthread_self (),
    .deadline = clock_ms () + p->login_timeout_ms,
    .least_ms = p->login_timeout_ms / LEAST_PART,
    .out = out,
  };

  *out = (struct survey) { 0 };
  if (find_targets (&w, err) == -1)
    return -1;
  thread_each (out->n, TARGET_THREADS, visit_target, &w);
  if (w.gone) {
    survey_free (out);
    return error_set (err, ESHUTDOWN, "the server is shutting down");
  }
  return 0;
}

void
survey_free (struct survey *s)
{
  size_t i, j;

  for (i = 0; i < s->n; ++i) {
    struct survey_target *t = &s->targets[i];

    for (j = 0; j < t->n; ++j) {
      free (t->luns[j].facts);
      free (t->luns[j].why);
    }
    free (t->luns);
    free (t->name);
  }
  free (s->targets);
  *s = (struct survey) { 0 };
}
