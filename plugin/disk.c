/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "disk.h"
#include "lu.h"
#include "rangelock.h"
#include "run.h"
#include "tally.h"
#include "target.h"

/* What the handles of a LUN share.  Its identity is that of the first one. */
struct disk {
  struct disk *next;
  char *target;                 /* iSCSI name */
  int lun;
  struct lun_facts facts;       /* of the first handle */
  unsigned unanswered;          /* as in the facts, of all handles */
  struct learnt learnt;
  struct rangelock writes;
  unsigned users;
  struct tally past;            /* of handles that were closed */
  uint64_t past_retries;
};

/* A pointer to the one is a pointer to the other. */
struct disk_handle {
  struct handle h;              /* first */
  struct disk_handle *next;     /* of all */
  struct disk *disk;
  struct lu_user user;
  struct tally tally;
};

/* All that are in use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk *disks;
static struct disk_handle *handles;

/* ---- disks ---- */

static void
free_disk (struct disk *d)
{
  rangelock_destroy (&d->writes);
  free (d->target);
  free (d);
}

static struct disk *
new_disk (const char *target, int lun, const struct lun_facts *facts)
{
  struct disk *d = calloc (1, sizeof *d);

  if (d == NULL)
    return NULL;
  rangelock_init (&d->writes);
  d->lun = lun;
  d->facts = *facts;
  d->target = strdup (target);
  if (d->target == NULL) {
    free_disk (d);
    return NULL;
  }
  d->next = disks;
  disks = d;
  return d;
}

/* Under the lock: one that is in use. */
static struct disk *
find_disk (const char *target, int lun)
{
  struct disk *d;

  for (d = disks; d != NULL; d = d->next)
    if (d->lun == lun && strcmp (d->target, target) == 0)
      return d;
  return NULL;
}

/* What the LUN did not answer to those who use it. */
static unsigned
unanswered_questions (const char *target, int lun)
{
  const struct disk *d;
  unsigned r;

  pthread_mutex_lock (&lock);
  d = find_disk (target, lun);
  r = d ? d->unanswered : 0;
  pthread_mutex_unlock (&lock);
  return r;
}

/* Under the lock: the disk that the LUN is, NULL with a sentence.  One that
 * nobody uses is forgotten, and so it may be another one each time.
 */
static struct disk *
get_disk (const char *target, int lun, const struct lun_facts *facts,
          struct error *err)
{
  struct disk *d = find_disk (target, lun);

  if (d == NULL) {
    d = new_disk (target, lun, facts);
    if (d == NULL) {
      error_set (err, ENOMEM, "out of memory");
      return NULL;
    }
  }
  else if (lun_compare (lun, &d->facts, facts, err) == -1)
    return NULL;
  d->unanswered |= facts->unanswered;
  d->users++;
  return d;
}

/* Under the lock. */
static void
put_disk (struct disk *d)
{
  struct disk **dp;

  if (--d->users > 0)
    return;
  for (dp = &disks; *dp != d; dp = &(*dp)->next)
    ;
  *dp = d->next;
  free_disk (d);
}

/* ---- handles ---- */

static void
set_up_handle (struct disk_handle *dh, const struct settings *p, int lun)
{
  dh->h.lun = lun;
  dh->h.last_error = lu_last_error;
  dh->h.lost_write = lu_lost_write;
  dh->h.runner = (struct runner) { .run = lu_run, .handle = &dh->user };
  dh->h.retry = (struct retry_policy) {
    .timeout_ms = p->timeout_ms,
    .sleep = lu_sleep,
    .opaque = &dh->user,
    .retries = &dh->user.retries,
  };
}

/* Get hold of the LUN and ask it everything: it may have grown, shrunk or
 * become write protected since the last time, or be another one.
 */
static int
reach (struct disk_handle *dh, const struct settings *p, const char *target,
       uint16_t wire, const struct stop *stop, struct error *err)
{
  struct handle *h = &dh->h;
  struct error why;

  if (lu_get (p, target, h->lun, wire, &dh->user, stop, err) == -1)
    return -1;
  if (lun_probe (&h->runner, &h->retry, h->lun,
                 unanswered_questions (target, h->lun), &h->facts, err) == 0)
    return 0;
  if (err->err != ESHUTDOWN) {
    lu_last_error (&dh->user, &why);
    if (why.err != 0)
      *err = why;
  }
  lu_put (&dh->user);
  return -1;
}

/* A target takes a number in one form of address or in the other, and most
 * take small numbers in both.
 */
static int
reach_any (struct disk_handle *dh, const struct settings *p,
           const char *target, const struct stop *stop, struct error *err)
{
  const uint16_t wire = lun_wire (dh->h.lun);
  struct error why;

  if (reach (dh, p, target, wire, stop, err) == 0)
    return 0;
  if (err->err != ENXIO)
    return -1;
  if (reach (dh, p, target, lun_wire_other (wire), stop, &why) == 0)
    return 0;
  /* What export-filter= leaves out is nobody's business. */
  if (p->filter.n == 0 &&
      lu_get (p, target, 0, 0, &dh->user, stop, &why) == 0) {
    lun_name_others (&dh->h.runner, &dh->h.retry, dh->h.lun, err);
    lu_put (&dh->user);
  }
  return -1;
}

/* Under the lock. */
static int
add_handle (struct disk_handle *dh, const char *target, struct error *err)
{
  dh->disk = get_disk (target, dh->h.lun, &dh->h.facts, err);
  if (dh->disk == NULL)
    return -1;
  dh->h.learnt = &dh->disk->learnt;
  dh->h.writes = &dh->disk->writes;
  dh->next = handles;
  handles = dh;
  return 0;
}

/* *again, without a sentence: somebody else has just opened it, too. */
static struct handle *
try_to_get_handle (const struct settings *p, const char *target, int lun,
                   bool counts, uint64_t limit, const struct stop *stop,
                   bool *again, struct error *err)
{
  struct disk_handle *dh = calloc (1, sizeof *dh);
  int r;

  *again = false;
  if (dh == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  set_up_handle (dh, p, lun);
  dh->user.counts = counts;
  dh->user.limit = limit;
  if (reach_any (dh, p, target, stop, err) == -1) {
    free (dh);
    return NULL;
  }

  pthread_mutex_lock (&lock);
  r = add_handle (dh, target, err);
  pthread_mutex_unlock (&lock);
  if (r == 0) {
    *again = !lu_set_facts (dh->user.lu, &dh->disk->facts);
    if (!*again)
      return &dh->h;
    disk_close (&dh->h);
    return NULL;
  }
  lu_doubt (dh->user.lu);
  lu_put (&dh->user);
  free (dh);
  return NULL;
}

static struct handle *
get_handle (const struct settings *p, const char *target, int lun,
            bool counts, uint64_t limit, const struct stop *stop,
            struct error *err)
{
  struct handle *h;
  bool again;

  do
    h = try_to_get_handle (p, target, lun, counts, limit, stop, &again, err);
  while (again);
  return h;
}

uint64_t
disk_open_limit (const struct settings *p)
{
  if (p->recovery_timeout_ms == 0)
    return NO_DEADLINE;
  return clock_ms () + p->login_timeout_ms + p->recovery_timeout_ms;
}

void
disk_lift_limit (struct handle *h)
{
  ((struct disk_handle *) h)->user.limit = 0;
}

struct handle *
disk_open (const struct settings *p, const char *target, int lun,
           uint64_t limit, const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, true, limit, stop, err);
}

struct handle *
disk_hold (const struct settings *p, const char *target, int lun,
           uint64_t limit, const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, false, limit, stop, err);
}

const char *
disk_target (const struct handle *h)
{
  return ((const struct disk_handle *) h)->disk->target;
}

struct tally *
disk_tally (struct handle *h)
{
  return &((struct disk_handle *) h)->tally;
}

void
disk_report_all (struct status_report *out)
{
  const struct disk_handle *dh;
  const struct disk *d;
  struct status_lun *row;

  pthread_mutex_lock (&lock);
  for (d = disks; d != NULL; d = d->next) {
    row = status_lun (out, d->target, d->lun);
    if (row == NULL)
      break;
    row->size = (uint64_t) d->facts.size;
    row->retries += d->past_retries;
    tally_report (&d->past, row);
    for (dh = handles; dh != NULL; dh = dh->next)
      if (dh->disk == d) {
        row->clients += dh->user.counts;
        row->retries += dh->user.retries;
        tally_report (&dh->tally, row);
      }
  }
  pthread_mutex_unlock (&lock);
  target_report_all (out);
}

void
disk_close (struct handle *h)
{
  struct disk_handle *dh = (struct disk_handle *) h, **dhp;

  lu_put (&dh->user);
  pthread_mutex_lock (&lock);
  for (dhp = &handles; *dhp != dh; dhp = &(*dhp)->next)
    ;
  *dhp = dh->next;
  tally_add (&dh->disk->past, &dh->tally);
  dh->disk->past_retries += dh->user.retries;
  put_disk (dh->disk);
  pthread_mutex_unlock (&lock);
  free (dh);
}

void
disk_close_all (void)
{
  while (handles)
    disk_close (&handles->h);
  target_close_all ();
}
