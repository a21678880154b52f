/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
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
#include "path.h"
#include "retry.h"
#include "sense.h"
#include "session.h"

#define MAX_LUNS (URL_MAX_LUN + 1)

/* Room for every LUN that can be addressed (SPC-5 6.33: a header of 8 bytes
 * and 8 bytes for each).
 */
#define REPORT_LUNS_LEN (8 + 8 * MAX_LUNS)

/* One LUN may use up this part of the time that is left for all. */
#define LUN_SHARE 4

/* Longest iSCSI name, slash, LUN. */
#define NAME_LEN (URL_MAX_NAME + 1 + 5 + 1)

/* A walk through targets and LUNs. */
struct walk {
  const struct settings *p;
  const struct stop *stop;
  uint64_t deadline;            /* clock_ms */
  struct session_params params; /* of every session; target and LUN vary */
  struct isid isid;
  bool one_target;              /* more than one is an error */
  struct path *path;
};

/* Called for each LUN; anything but 0 ends the walk and is its result. */
typedef int (*visit_fn) (struct walk *w, const char *target, int lun,
                         const struct lun_facts *facts, void *opaque,
                         struct error *err);

static int
walk_start (struct walk *w, const struct settings *p,
            const struct stop *stop, struct error *err)
{
  memset (w, 0, sizeof *w);
  w->p = p;
  w->stop = stop;
  w->deadline = clock_ms () + p->login_timeout_ms;
  w->params = path_params (p, NULL, 0);

  /* Not the ISID of a session that serves clients, which a login with the
   * same would end (RFC 7143 section 6.3.5), nor that of another listing
   * that runs at the same time.
   */
  if (isid_random (&w->isid, err) == -1)
    return -1;

  w->path = path_new (p, p->url.target, clock_share (w->deadline, 2), stop,
                      err);
  return w->path ? 0 : -1;
}

static void
walk_logout (struct walk *w, struct session *s)
{
  const uint64_t longest = clock_ms () + LOGOUT_MS;

  session_logout (s, w->deadline < longest ? w->deadline : longest, w->stop);
}

static int
ask_report_luns (struct walk *w, struct session *s, const char *target,
                 uint8_t *data, struct command *cmd, struct error *err)
{
  struct session_asker asker;
  struct decision d;

  *cmd = (struct command) {
    .direction = DATA_IN,
    .param = data,
    .len = REPORT_LUNS_LEN,
  };
  cmd->cdb_len = cdb_report_luns (cmd->cdb, REPORT_LUNS_LEN);
  session_ask (&asker, s, w->deadline, w->stop);
  retry_run (&asker.runner, &asker.policy, cmd, 1);

  d = sense_decide (&cmd->answer);
  if (d.verdict != VERDICT_OK)
    return error_set (err, d.err, "%s: listing the LUNs failed: %s",
                      target, d.reason);
  return 0;
}

static int
compare_luns (const void *av, const void *bv)
{
  const int *a = av, *b = bv;

  return (*a > *b) - (*a < *b);
}

/* In order and each once, as export names have to be; a target may tell a
 * LUN in more than one form of addressing.
 */
static size_t
sort_luns (int *luns, size_t n)
{
  size_t i, out = 0;

  qsort (luns, n, sizeof *luns, compare_luns);
  for (i = 0; i < n; ++i)
    if (out == 0 || luns[out-1] != luns[i])
      luns[out++] = luns[i];
  return out;
}

/* All LUNs of a target; *luns is allocated. */
static int
walk_luns (struct walk *w, const char *target, int **luns, size_t *n,
           struct error *err)
{
  struct session_params params = w->params;
  struct session *s;
  struct command cmd;
  uint8_t *data;
  int r;

  params.target = target;
  params.any_lun = true;
  s = path_open (w->path, &params, &w->isid, clock_share (w->deadline, 2),
                 w->stop, err);
  if (s == NULL)
    return -1;

  data = malloc (REPORT_LUNS_LEN);
  *luns = malloc (MAX_LUNS * sizeof **luns);
  if (data == NULL || *luns == NULL)
    r = error_set (err, ENOMEM, "out of memory");
  else
    r = ask_report_luns (w, s, target, data, &cmd, err);
  walk_logout (w, s);

  if (r == 0)
    *n = sort_luns (*luns, parse_report_luns (data, cmd.answer.received,
                                              *luns, MAX_LUNS));
  else
    free (*luns);
  free (data);
  return r;
}

static int
walk_probe (struct walk *w, const char *target, int lun,
            struct lun_facts *facts, struct error *err)
{
  const uint64_t deadline = clock_share (w->deadline, LUN_SHARE);
  struct session_params params = w->params;
  struct session_asker asker;
  struct session *s;
  int r;

  params.target = target;
  params.lun = lun;
  s = path_open (w->path, &params, &w->isid, deadline, w->stop, err);
  if (s == NULL)
    return -1;

  session_ask (&asker, s, deadline, w->stop);
  r = lun_probe (&asker.runner, &asker.policy, lun, facts, err);
  walk_logout (w, s);
  return r;
}

static int
walk_target (struct walk *w, const char *target, const int *luns, size_t n,
             visit_fn visit, void *opaque, struct error *err)
{
  struct lun_facts facts;
  struct error why;
  size_t i;
  int r;

  for (i = 0; i < n; ++i) {
    if (clock_left (w->deadline) == 0) {
      debug_session ("%s: out of time, %zu LUNs left out", target, n - i);
      return 0;
    }
    if (walk_probe (w, target, luns[i], &facts, &why) == -1) {
      debug_session ("%s/%d: left out: %s", target, luns[i], why.msg);
      continue;
    }
    r = visit (w, target, luns[i], &facts, opaque, err);
    if (r != 0)
      return r;
  }
  return 0;
}

static int
walk_url_target (struct walk *w, visit_fn visit, void *opaque,
                 struct error *err)
{
  const char *target = w->p->url.target;
  int *luns, r;
  size_t n;

  if (walk_luns (w, target, &luns, &n, err) == -1)
    return -1;
  r = walk_target (w, target, luns, n, visit, opaque, err);
  free (luns);
  return r;
}

/* One target that cannot be reached does not hide the others. */
static int
walk_portal (struct walk *w, visit_fn visit, void *opaque, struct error *err)
{
  struct discovered *list;
  struct error why;
  size_t i, n, nr_luns;
  int *luns, r = 0;

  if (path_discover (w->path, clock_share (w->deadline, 2), w->stop, &list, &n,
                     err) == -1)
    return -1;
  if (w->one_target && n > 1)
    r = error_set (err, ENOENT, "%s: this portal has %zu targets: ask for "
                   "an export by name, TARGET/LUN (\"nbdinfo --list\" shows "
                   "them), or add the target to the URL",
                   w->p->url.host, n);

  for (i = 0; i < n && r == 0; ++i) {
    if (walk_luns (w, list[i].target, &luns, &nr_luns, &why) == -1) {
      debug_session ("%s: left out: %s", list[i].target, why.msg);
      continue;
    }
    r = walk_target (w, list[i].target, luns, nr_luns, visit, opaque, err);
    free (luns);
  }
  discovered_free (list, n);
  return r;
}

static int
walk_all (struct walk *w, visit_fn visit, void *opaque, struct error *err)
{
  return w->p->url.target ?
    walk_url_target (w, visit, opaque, err) :
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
  struct session *s;
  struct walk w;
  size_t n;
  int r = 0;

  if (walk_start (&w, p, NULL, err) == -1)
    return -1;
  if (p->url.target) {
    w.params.target = p->url.target;
    w.params.any_lun = true;
    s = path_open (w.path, &w.params, &w.isid, w.deadline, NULL, err);
    if (s)
      walk_logout (&w, s);
    else
      r = -1;
  }
  else {
    r = path_discover (w.path, w.deadline, NULL, &list, &n, err);
    if (r == 0)
      discovered_free (list, n);
  }
  path_free (w.path);
  return r;
}

struct listing {
  exports_fn fn;
  void *opaque;
};

static int
visit_list (struct walk *w, const char *target, int lun,
            const struct lun_facts *facts, void *lv, struct error *err)
{
  const struct listing *l = lv;
  char name[NAME_LEN], description[DESCRIPTION_LEN];

  if (!export_name (w, target, lun, name))
    return 0;
  return l->fn (l->opaque, name,
                exports_describe (facts, target, lun, description), err);
}

int
exports_list (const struct settings *p, const struct stop *stop,
              exports_fn fn, void *opaque, struct error *err)
{
  struct listing l = { .fn = fn, .opaque = opaque };
  struct walk w;

  int r;

  if (walk_start (&w, p, stop, err) == -1)
    return -1;
  r = walk_all (&w, visit_list, &l, err);
  path_free (w.path);
  return r;
}

/* The first will do. */
static int
visit_default (struct walk *w, const char *target, int lun,
               const struct lun_facts *facts __attribute__ ((__unused__)),
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

  if (walk_start (&w, p, stop, err) == -1)
    return NULL;
  w.one_target = true;
  if (walk_all (&w, visit_default, &name, err) == 0)
    error_set (err, ENOENT, "%s: no LUN that is a disk or a CD can be reached "
               "here: check what the target lets the initiator %s see, or "
               "run nbdkit with -v -D iscsi.session=1 to see why",
               p->url.target ? p->url.target : p->url.host,
               p->initiator_name);
  path_free (w.path);
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
