/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "disk.h"
#include "engine.h"
#include "rangelock.h"
#include "session.h"
#include "slots.h"

struct disk {
  struct disk *next;
  char *target;                 /* iSCSI name */
  int lun;
  struct lun_facts facts;       /* constant once open */
  struct learnt learnt;
  struct rangelock writes;
  unsigned users;               /* handles that use it */
  struct disk_handle *handles;
  struct slots *slots;
};

/* A pointer to the one is a pointer to the other. */
struct disk_handle {
  struct handle h;              /* first */
  struct disk_handle *next;     /* of the disk */
  struct disk *disk;
  struct slot_user user;
};

/* All disks that are in use. */
static pthread_mutex_t disks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk *disks;

static void
free_disk (struct disk *d, uint64_t deadline)
{
  struct disk_handle *dh;

  while ((dh = d->handles) != NULL) {
    d->handles = dh->next;
    free (dh);
  }
  if (d->slots)
    slots_free (d->slots, deadline);
  rangelock_destroy (&d->writes);
  free (d->target);
  free (d);
}

static struct disk *
new_disk (const struct settings *p, const char *target, int lun,
          struct error *err)
{
  struct disk *d = calloc (1, sizeof *d);

  if (d == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  rangelock_init (&d->writes);
  d->lun = lun;
  d->target = strdup (target);
  if (d->target == NULL)
    error_set (err, ENOMEM, "out of memory");
  else
    d->slots = slots_new (p, d->target, lun, &d->facts, err);
  if (d->slots == NULL) {
    free_disk (d, 0);
    return NULL;
  }
  return d;
}

/* The disk for one more handle. */
static struct disk *
get_disk (const struct settings *p, const char *target, int lun,
          struct disk_handle *dh, struct error *err)
{
  struct disk *d;

  pthread_mutex_lock (&disks_lock);
  for (d = disks; d != NULL; d = d->next)
    if (d->lun == lun && strcmp (d->target, target) == 0)
      break;
  if (d == NULL) {
    d = new_disk (p, target, lun, err);
    if (d) {
      d->next = disks;
      disks = d;
    }
  }
  if (d) {
    d->users++;
    dh->next = d->handles;
    d->handles = dh;
  }
  pthread_mutex_unlock (&disks_lock);
  return d;
}

/* The last one logs out, without holding up those who open other disks. */
static void
put_disk (struct disk *d, struct disk_handle *dh)
{
  struct disk **p;
  struct disk_handle **hp;

  pthread_mutex_lock (&disks_lock);
  for (hp = &d->handles; *hp != dh; hp = &(*hp)->next)
    ;
  *hp = dh->next;
  if (--d->users > 0)
    d = NULL;
  else {
    for (p = &disks; *p != d; p = &(*p)->next)
      ;
    *p = d->next;
  }
  pthread_mutex_unlock (&disks_lock);
  if (d)
    free_disk (d, clock_ms () + LOGOUT_MS);
}

void
disk_close_all (void)
{
  const uint64_t deadline = clock_ms () + LOGOUT_MS;
  struct disk *d;

  for (d = disks; d != NULL; d = d->next)
    slots_begin_stop (d->slots);
  while ((d = disks) != NULL) {
    disks = d->next;
    free_disk (d, deadline);
  }
  slots_forget_preflight ();
}

/* The facts of this open: the LUN may have grown, shrunk or become write
 * protected since.
 */
static int
read_facts (struct handle *h, const struct lun_facts *before,
            struct error *err)
{
  struct lun_facts *f = &h->facts;

  *f = *before;
  if (lun_mode (&h->runner, &h->retry, h->lun, &f->mode, err) == -1)
    return -1;
  f->read_only = f->cd || f->mode.wp;
  if (lun_capacity (&h->runner, &h->retry, h->lun, &f->capacity,
                    &f->size, err) == -1)
    return -1;
  if (f->capacity.block_len != before->capacity.block_len)
    return error_set (err, EIO, "LUN %d changed its block length from %u to "
                      "%u: restart the server", h->lun,
                      before->capacity.block_len,
                      f->capacity.block_len);
  return 0;
}

/* engine_last_error, as struct handle wants it. */
static void
last_error (void *engine, struct error *why)
{
  engine_last_error (engine, why);
}

static void
set_up_handle (struct disk_handle *dh, const struct settings *p)
{
  struct engine *engine = slot_engine (&dh->user);

  dh->h.lun = dh->disk->lun;
  dh->h.learnt = &dh->disk->learnt;
  dh->h.writes = &dh->disk->writes;
  dh->h.last_error = last_error;
  dh->h.opaque = engine;
  dh->h.runner = (struct runner) { .run = slot_run, .handle = &dh->user };
  dh->h.retry = (struct retry_policy) {
    .timeout_ms = p->timeout_ms,
    .sleep = engine_sleep,
    .opaque = engine,
  };
}

static struct handle *
get_handle (const struct settings *p, const char *target, int lun,
            bool counts, const struct stop *stop, struct error *err)
{
  struct disk_handle *dh = calloc (1, sizeof *dh);

  if (dh == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  dh->disk = get_disk (p, target, lun, dh, err);
  if (dh->disk == NULL)
    goto no_disk;
  if (slots_take (dh->disk->slots, &dh->user, counts, stop, err) == -1)
    goto no_slot;

  set_up_handle (dh, p);
  if (read_facts (&dh->h, &dh->disk->facts, err) == 0)
    return &dh->h;
  disk_close (&dh->h);
  return NULL;

 no_slot:
  put_disk (dh->disk, dh);
 no_disk:
  free (dh);
  return NULL;
}

struct handle *
disk_open (const struct settings *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, true, stop, err);
}

struct handle *
disk_hold (const struct settings *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, false, stop, err);
}

const char *
disk_target (const struct handle *h)
{
  return ((const struct disk_handle *) h)->disk->target;
}

void
disk_close (struct handle *h)
{
  struct disk_handle *dh = (struct disk_handle *) h;

  slots_give_back (&dh->user);
  put_disk (dh->disk, dh);
  free (dh);
}
