/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "directory.h"
#include "export-name.h"
#include "filter.h"
#include "parse.h"
#include "retry.h"
#include "run.h"
#include "sense.h"
#include "survey.h"
#include "target.h"
#include "thread.h"

#define MAX_LUNS (URL_MAX_LUN + 1)

/* Room for every LUN that can be addressed, in each of its forms (SPC-5 6.33:
 * a header of 8 bytes and 8 bytes for each).
 */
#define MAX_ENTRIES     (2 * MAX_LUNS)
#define REPORT_LUNS_LEN (8 + 8 * MAX_ENTRIES)

/* Of all targets together: a portal that has more is told of in part. */
#define MAX_FOUND (2 * MAX_LUNS)

/* So many are asked side by side: what waits is the network or the target, not
 * a core of ours.
 */
#define TARGET_THREADS 16
#define LUN_THREADS    64

struct walk {
  const struct settings *p;
  const struct survey_query *query;
  const struct stop *stop;
  pthread_t thread;             /* on which ‘stop’ may be asked */
  uint64_t deadline;            /* clock_ms */
  struct stop limit;            /* for all threads */
  atomic_bool gone;             /* ‘stop’ said so */
  atomic_uint found;            /* for query->enough */
  atomic_size_t luns;           /* for MAX_FOUND */
  struct survey *out;
};

/* The walk and one of its targets. */
struct visit {
  struct walk *w;
  struct survey_target *t;
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

/* For w->limit. */
static bool
is_over (void *wv)
{
  struct walk *w = wv;

  if (pthread_equal (pthread_self (), w->thread) && stop_asked (w->stop))
    w->gone = true;
  return w->gone || has_enough (w) || clock_left (w->deadline) == 0;
}

/* Why the walk is over, if it is: not that the server is going away. */
static int
no_time_left (const struct walk *w, struct error *err)
{
  if (!w->gone && clock_left (w->deadline) == 0)
    error_set (err, ETIMEDOUT, "there was no time left: raise login-timeout");
  return -1;
}

/* ---- one question ---- */

/* What is asked over a hold on a LUN. */
struct question {
  struct lu_user user;
  struct runner runner;
  struct retry_policy policy;
};

static int
question_begin (struct question *q, struct walk *w, const char *target,
                int lun, uint16_t wire, struct error *err)
{
  if (clock_left (w->deadline) == 0)
    return no_time_left (w, err);
  if (lu_get (w->p, target, lun, wire, false, &q->user, &w->limit, err) == -1)
    return err->err == ESHUTDOWN ? no_time_left (w, err) : -1;
  q->user.deadline = w->deadline;
  q->runner = (struct runner) { .run = lu_run, .handle = &q->user };
  q->policy = (struct retry_policy) {
    .timeout_ms = clock_left (w->deadline),
    .sleep = lu_sleep,
    .opaque = &q->user,
  };
  return 0;
}

static void
question_end (struct question *q)
{
  lu_put (&q->user);
}

/* ---- one LUN ---- */

static const char *
name_of (const struct walk *w, const char *target, int lun,
         char name[EXPORT_NAME_LEN])
{
  export_name_print (w->p->url.target ? NULL : target, lun, name);
  return name;
}

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

/* As lun_has_designator.  What is no disk is not looked for, nor is a LUN 0
 * that there is not: a target may list it all the same.
 */
static int
ask_facts (const struct question *q, int lun, struct lun_facts *facts,
           struct error *err)
{
  if (lun_glance (&q->runner, &q->policy, lun, facts, err) == 0)
    return 1;
  if (err->err != ENODEV && (err->err != ENXIO || lun != 0))
    return -1;
  debug_session ("%s: left out: %s", q->user.lu->target->name, err->msg);
  return 0;
}

static int
ask (struct walk *w, const char *target, const struct survey_lun *l,
     const char *name, struct lun_facts *facts, struct error *err)
{
  struct question q;
  int r;

  if (question_begin (&q, w, target, l->lun, l->wire, err) == -1)
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
  struct error err;
  int r;

  if (has_enough (w))
    return;
  l->outcome = SURVEY_NONE;
  name_of (w, v->t->name, l->lun, name);
  if (!filter_may_allow (&w->p->filter, name))
    return;
  r = ask (w, v->t->name, l, name, &facts, &err);
  if (r == 0)
    return;
  if (r == 1) {
    l->outcome = SURVEY_FOUND;
    l->facts = w->query->id ? NULL : copy_of (&facts, sizeof facts);
  }
  else {
    l->outcome = has_enough (w) ? SURVEY_UNASKED : SURVEY_FAILED;
    l->why = copy_of (&err, sizeof err);
  }
  count (w, r == 1);
}

/* ---- the LUNs of a target ---- */

static int
compare_luns (const void *av, const void *bv)
{
  const struct lun_address *a = av, *b = bv;

  if (a->lun != b->lun)
    return (a->lun > b->lun) - (a->lun < b->lun);
  return (a->wire > b->wire) - (a->wire < b->wire);
}

/* In order and each once, as export names have to be; a target may tell a
 * LUN in more than one form of addressing.
 */
static int
take_luns (struct survey_target *t, struct lun_address *luns, size_t n,
           struct error *err)
{
  size_t i;

  t->luns = calloc (n + 1, sizeof *t->luns);
  if (t->luns == NULL)
    return error_set (err, ENOMEM, "out of memory");
  qsort (luns, n, sizeof *luns, compare_luns);
  for (i = 0; i < n; ++i)
    if (i == 0 || luns[i - 1].lun != luns[i].lun)
      t->luns[t->n++] = (struct survey_lun) {
        .lun = luns[i].lun,
        .wire = luns[i].wire,
      };
  return 0;
}

static int
ask_report_luns (struct question *q, uint8_t *data, uint32_t *len,
                 struct error *err)
{
  struct command cmd = {
    .direction = DATA_IN,
    .param = data,
    .len = REPORT_LUNS_LEN,
  };
  struct decision d;

  cmd.cdb_len = cdb_report_luns (cmd.cdb, REPORT_LUNS_LEN);
  retry_run (&q->runner, &q->policy, &cmd, 1);
  d = sense_decide (&cmd.answer);
  if (d.verdict != VERDICT_OK)
    return error_set (err, d.err, "%s: listing the LUNs failed: %s",
                      q->user.lu->target->name, d.reason);
  *len = cmd.answer.received;
  return 0;
}

static int
report_luns (struct question *q, struct survey_target *t, struct error *err)
{
  uint8_t *data = malloc (REPORT_LUNS_LEN);
  struct lun_address *list = malloc (MAX_ENTRIES * sizeof *list);
  size_t n, skipped;
  uint32_t len = 0;
  int r;

  if (data == NULL || list == NULL)
    r = error_set (err, ENOMEM, "out of memory");
  else
    r = ask_report_luns (q, data, &len, err);
  if (r == 0 && len < 8)
    r = error_set (err, EPROTO, "REPORT LUNS was answered with only %u bytes",
                   len);
  if (r == 0) {
    n = parse_report_luns (data, len, list, MAX_ENTRIES, &skipped);
    t->unusable = get_be32 (data) / 8 > n ? get_be32 (data) / 8 - n : 0;
    r = take_luns (t, list, n, err);
  }
  free (list);
  free (data);
  return r;
}

/* LUN 0 answers even if there is none (SPC-5 6.33).  The hold on it keeps the
 * session meanwhile.
 */
static int
visit_luns (struct visit *v, struct error *err)
{
  struct survey_target *t = v->t;
  struct question q;
  int r;

  if (question_begin (&q, v->w, t->name, 0, 0, err) == -1)
    return -1;
  r = report_luns (&q, t, err);
  if (r == 0 && atomic_fetch_add (&v->w->luns, t->n) + t->n > MAX_FOUND) {
    t->n = 0;
    r = error_set (err, E2BIG, "there are more than %d LUNs in all: list "
                   "fewer targets, with export-filter= or the URL", MAX_FOUND);
  }
  if (r == 0)
    thread_each (t->n, LUN_THREADS, visit_lun, v);
  question_end (&q);
  return r;
}

static void
visit_target (void *wv, size_t i)
{
  struct walk *w = wv;
  struct visit v = { .w = w, .t = &w->out->targets[i] };

  if (has_enough (w))
    return;
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
    return directory_ask (w->p, w->deadline, w->stop, names, n, err);
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

/* Those that the filter does not leave out as a whole. */
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
    if (may_have_exports (w->p, names[i]))
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
    .out = out,
  };

  *out = (struct survey) { 0 };
  w.limit = (struct stop) { .asked = is_over, .opaque = &w };
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
