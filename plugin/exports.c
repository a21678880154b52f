/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "exports.h"
#include "parse.h"
#include "portals.h"
#include "retry.h"
#include "run.h"
#include "sense.h"
#include "session.h"
#include "target.h"
#include "thread.h"

#define MAX_LUNS (URL_MAX_LUN + 1)

/* Room for every LUN that can be addressed, in each of its forms (SPC-5 6.33:
 * a header of 8 bytes and 8 bytes for each).
 */
#define MAX_ENTRIES     (2 * MAX_LUNS)
#define REPORT_LUNS_LEN (8 + 8 * MAX_ENTRIES)

/* So many LUNs are asked side by side, and so many at a time. */
#define ASK_THREADS 16
#define ASK_BATCH   64

/* Longest iSCSI name, slash, LUN. */
#define NAME_LEN (URL_MAX_NAME + 1 + 5 + 1)

/* A walk through targets and LUNs. */
struct walk {
  const struct settings *p;
  const struct stop *stop;
  uint64_t deadline;            /* clock_ms */
  bool one_target;              /* more than one is an error */
};

/* Called for each LUN; anything but 0 ends the walk and is its result. */
typedef int (*visit_fn) (struct walk *w, const char *target, int lun,
                         const char *description, void *opaque,
                         struct error *err);

static void
walk_start (struct walk *w, const struct settings *p, const struct stop *stop)
{
  *w = (struct walk) {
    .p = p,
    .stop = stop,
    .deadline = clock_ms () + p->login_timeout_ms,
  };
}

/* Something is missing from a list: nobody is to think that it is not there.
 */
static void
leave_out (const char *what, const struct error *why)
{
  log_event ("%s is left out of the list: %s", what, why->msg);
}

/* ---- one LUN ---- */

/* What is asked over a walk's own hold on a LUN. */
struct question {
  struct lu_user user;
  struct runner runner;
  struct retry_policy policy;
};

static int
question_begin (struct question *q, struct walk *w, const char *target,
                const struct lun_address *at, struct error *err)
{
  if (lu_get (w->p, target, at->lun, at->wire, false, &q->user, w->stop,
              err) == -1)
    return -1;
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

/* What became of one of them. */
struct probed {
  bool ok;
  struct error why;
  char description[DESCRIPTION_LEN];
};

static void
probe (struct walk *w, const char *target, const struct lun_address *at,
       struct probed *out)
{
  struct lun_facts facts;
  struct question q;

  out->ok = false;
  if (clock_left (w->deadline) == 0) {
    error_set (&out->why, ETIMEDOUT, "there was no time left: raise "
               "login-timeout");
    return;
  }
  if (question_begin (&q, w, target, at, &out->why) == -1)
    return;
  if (lun_probe (&q.runner, &q.policy, at->lun, &facts, &out->why) == 0) {
    out->ok = true;
    exports_describe (&facts, target, at->lun, out->description);
  }
  question_end (&q);
}

/* ---- many LUNs side by side ---- */

struct batch {
  struct walk *w;
  const char *target;
  const struct lun_address *luns;
  struct probed *results;
  size_t n;
  atomic_size_t next;
};

static void *
probe_some (void *bv)
{
  struct batch *b = bv;
  size_t i;

  while ((i = atomic_fetch_add (&b->next, 1)) < b->n)
    probe (b->w, b->target, &b->luns[i], &b->results[i]);
  return NULL;
}

/* This thread is one of those who ask. */
static void
probe_all (struct batch *b)
{
  pthread_t threads[ASK_THREADS - 1];
  size_t i, n = 0;

  while (n < ASK_THREADS - 1 && n + 1 < b->n &&
         thread_start (&threads[n], probe_some, b) == 0)
    n++;
  probe_some (b);
  for (i = 0; i < n; ++i)
    pthread_join (threads[i], NULL);
}

/* What is no disk is not missed in a list of disks. */
static void
tell_left_out (const char *target, int lun, const struct error *why)
{
  char what[NAME_LEN];

  snprintf (what, sizeof what, "%s/%d", target, lun);
  if (why->err == ENODEV || why->err == ENXIO)
    debug_session ("%s: left out: %s", what, why->msg);
  else
    leave_out (what, why);
}

static int
visit_batch (struct batch *b, visit_fn visit, void *opaque,
             struct error *err)
{
  size_t i;
  int r = 0;

  for (i = 0; i < b->n && r == 0; ++i) {
    const struct probed *p = &b->results[i];

    if (p->ok)
      r = visit (b->w, b->target, b->luns[i].lun, p->description, opaque, err);
    else
      tell_left_out (b->target, b->luns[i].lun, &p->why);
  }
  return r;
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
static size_t
sort_luns (struct lun_address *luns, size_t n)
{
  size_t i, out = 0;

  qsort (luns, n, sizeof *luns, compare_luns);
  for (i = 0; i < n; ++i)
    if (out == 0 || luns[out-1].lun != luns[i].lun)
      luns[out++] = luns[i];
  return out;
}

static int
ask_report_luns (struct question *q, const char *target, uint8_t *data,
                 uint32_t *len, struct error *err)
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
    return error_set (err, d.err, "%s: listing the LUNs failed: %s", target,
                      d.reason);
  *len = cmd.answer.received;
  return 0;
}

/* All LUNs of a target; *luns is allocated.  LUN 0 answers even if there is
 * none (SPC-5 6.33).
 */
static int
report_luns (struct question *q, const char *target,
             struct lun_address **luns, size_t *n, struct error *err)
{
  uint8_t *data = malloc (REPORT_LUNS_LEN);
  struct lun_address *list = malloc (MAX_ENTRIES * sizeof *list);
  size_t skipped;
  uint32_t len = 0;
  int r;

  if (data == NULL || list == NULL)
    r = error_set (err, ENOMEM, "out of memory");
  else
    r = ask_report_luns (q, target, data, &len, err);
  if (r == 0) {
    *n = sort_luns (list, parse_report_luns (data, len, list, MAX_ENTRIES,
                                             &skipped));
    *luns = list;
    if (skipped > 0)
      log_event ("%s: %zu LUNs are left out of the list: their addresses have "
                 "a form that cannot be used here", target, skipped);
  }
  else
    free (list);
  free (data);
  return r;
}

static int
walk_luns (struct walk *w, const char *target,
           const struct lun_address *luns, size_t n, visit_fn visit,
           void *opaque, struct error *err)
{
  struct batch b = { .w = w, .target = target };
  size_t i;
  int r = 0;

  b.results = malloc (ASK_BATCH * sizeof *b.results);
  if (b.results == NULL)
    return error_set (err, ENOMEM, "out of memory");
  for (i = 0; i < n && r == 0; i += b.n) {
    b.luns = &luns[i];
    b.n = n - i < ASK_BATCH ? n - i : ASK_BATCH;
    atomic_store (&b.next, 0);
    probe_all (&b);
    r = visit_batch (&b, visit, opaque, err);
  }
  free (b.results);
  return r;
}

/* The hold on LUN 0 keeps the session meanwhile. */
static int
walk_target (struct walk *w, const char *target, visit_fn visit,
             void *opaque, bool *reached, struct error *err)
{
  const struct lun_address first = { .lun = 0, .wire = 0 };
  struct lun_address *luns;
  struct question q;
  size_t n;
  int r;

  *reached = false;
  if (question_begin (&q, w, target, &first, err) == -1)
    return -1;
  r = report_luns (&q, target, &luns, &n, err);
  if (r == 0) {
    *reached = true;
    r = walk_luns (w, target, luns, n, visit, opaque, err);
    free (luns);
  }
  question_end (&q);
  return r;
}

/* ---- the targets of a portal ---- */

static int
discover (struct walk *w, struct discovered **list, size_t *n,
          struct error *err)
{
  struct portals portals;

  if (portals_look_up (&portals, w->p, NULL, clock_share (w->deadline, 2),
                       w->stop, err) == -1)
    return -1;
  return portals_discover (&portals, w->p, clock_share (w->deadline, 2),
                           w->stop, list, n, err);
}

/* One target that cannot be reached does not hide the others. */
static int
walk_targets (struct walk *w, const struct discovered *list, size_t n,
              visit_fn visit, void *opaque, struct error *err)
{
  struct error why;
  bool reached;
  size_t i;
  int r = 0;

  for (i = 0; i < n && r == 0; ++i) {
    if (clock_left (w->deadline) == 0) {
      log_event ("%zu targets from %s on are left out of the list: there was "
                 "no time left: raise login-timeout", n - i, list[i].target);
      break;
    }
    r = walk_target (w, list[i].target, visit, opaque, &reached, &why);
    if (r == -1 && !reached) {
      leave_out (list[i].target, &why);
      r = 0;
    }
    else if (r == -1)
      *err = why;
  }
  return r;
}

static int
walk_portal (struct walk *w, visit_fn visit, void *opaque, struct error *err)
{
  struct discovered *list;
  size_t n;
  int r;

  if (discover (w, &list, &n, err) == -1)
    return -1;
  if (w->one_target && n > 1)
    r = error_set (err, ENOENT, "%s: this portal has %zu targets: ask for "
                   "an export by name, TARGET/LUN (\"nbdinfo --list\" shows "
                   "them), or add the target to the URL",
                   w->p->url.host, n);
  else
    r = walk_targets (w, list, n, visit, opaque, err);
  discovered_free (list, n);
  return r;
}

static int
walk_all (struct walk *w, visit_fn visit, void *opaque, struct error *err)
{
  bool reached;

  return w->p->url.target ?
    walk_target (w, w->p->url.target, visit, opaque, &reached, err) :
    walk_portal (w, visit, opaque, err);
}

/* False: not a name that exports_find would take, as a portal could make
 * it up.
 */
static bool
export_name (const struct walk *w, const char *target, int lun,
             char name[NAME_LEN])
{
  const bool have_target = w->p->url.target != NULL;
  char *parsed = NULL;
  struct error why;
  int n, parsed_lun;

  n = have_target ?
    snprintf (name, NAME_LEN, "%d", lun) :
    snprintf (name, NAME_LEN, "%s/%d", target, lun);
  if (n >= NAME_LEN ||
      url_parse_export (name, have_target, &parsed, &parsed_lun, &why) == -1)
    return false;
  free (parsed);
  return true;
}

/* A portal and a target can be wrong even where no LUN is asked for yet. */
int
exports_preflight (const struct settings *p, struct error *err)
{
  struct discovered *list;
  struct walk w;
  size_t n;

  if (p->url.target)
    return target_preflight (p, p->url.target, -1, err);
  walk_start (&w, p, NULL);
  if (discover (&w, &list, &n, err) == -1)
    return -1;
  discovered_free (list, n);
  return 0;
}

struct listing {
  exports_fn fn;
  void *opaque;
};

static int
visit_list (struct walk *w, const char *target, int lun,
            const char *description, void *lv, struct error *err)
{
  const struct listing *l = lv;
  char name[NAME_LEN];

  if (!export_name (w, target, lun, name))
    return 0;
  return l->fn (l->opaque, name, description, err);
}

int
exports_list (const struct settings *p, const struct stop *stop,
              exports_fn fn, void *opaque, struct error *err)
{
  struct listing l = { .fn = fn, .opaque = opaque };
  struct walk w;

  walk_start (&w, p, stop);
  return walk_all (&w, visit_list, &l, err);
}

/* The first will do. */
static int
visit_default (struct walk *w, const char *target, int lun,
               const char *description __attribute__ ((__unused__)),
               void *namev, struct error *err)
{
  char **found = namev;
  char name[NAME_LEN];

  if (!export_name (w, target, lun, name))
    return 0;
  *found = strdup (name);
  return *found ? 1 : error_set (err, ENOMEM, "out of memory");
}

char *
exports_default (const struct settings *p, const struct stop *stop,
                 struct error *err)
{
  struct walk w;
  char *name = NULL;

  if (p->url.lun >= 0) {
    name = strdup ("");
    if (name == NULL)
      error_set (err, ENOMEM, "out of memory");
    return name;
  }

  walk_start (&w, p, stop);
  w.one_target = true;
  if (walk_all (&w, visit_default, &name, err) == 0)
    error_set (err, ENOENT, "%s: no LUN that is a disk or a CD can be reached "
               "here: check what the target lets the initiator %s see, or "
               "run nbdkit with -v -D iscsi.session=1 to see why",
               p->url.target ? p->url.target : p->url.host,
               p->initiator_name);
  return name;
}

int
exports_find (const struct settings *p, const char *name,
              const struct stop *stop,
              char **target, int *lun, struct error *err)
{
  const bool have_target = p->url.target != NULL;
  char *other = NULL;
  int r;

  /* The server asks for the default by itself, but for a connection that a
   * filter opens.
   */
  if (p->url.lun == -1 && *name == '\0') {
    other = exports_default (p, stop, err);
    if (other == NULL)
      return -1;
    name = other;
  }

  *target = NULL;
  if (p->url.lun >= 0) {
    *lun = p->url.lun;
    r = 0;
  }
  else
    r = url_parse_export (name, have_target, target, lun, err);
  free (other);
  if (r == -1)
    return -1;

  if (have_target) {
    *target = strdup (p->url.target);
    if (*target == NULL)
      return error_set (err, ENOMEM, "out of memory");
  }
  return 0;
}

static void
print_size (uint64_t size, char *buf, size_t len)
{
  static const char *units[] = {
    "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
  };
  unsigned unit = 0;

  while (size >> (10 * unit) >= 1024)
    unit++;
  if (size & ((UINT64_C (1) << (10 * unit)) - 1))
    snprintf (buf, len, "%.1f %s",
              (double) size / (double) (UINT64_C (1) << (10 * unit)),
              units[unit]);
  else
    snprintf (buf, len, "%" PRIu64 " %s", size >> (10 * unit), units[unit]);
}

const char *
exports_describe (const struct lun_facts *facts, const char *target, int lun,
                  char buf[DESCRIPTION_LEN])
{
  const struct inquiry *inq = &facts->inquiry;
  char size[32];

  print_size (facts->size, size, sizeof size);
  snprintf (buf, DESCRIPTION_LEN, "%s%s%s%s%s, %s/%d",
            inq->vendor, *inq->vendor && *inq->product ? " " : "",
            inq->product, *inq->vendor || *inq->product ? ", " : "",
            size, target, lun);
  return buf;
}
