/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "disk.h"
#include "session.h"
#include "slots.h"

/* All disks that are in use. */
static pthread_mutex_t disks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk *disks;

static void
free_disk (struct disk *d, uint64_t deadline)
{
  struct handle *h;

  while ((h = d->handles) != NULL) {
    d->handles = h->next;
    free (h);
  }
  if (d->slots)
    slots_free (d->slots, deadline);
  rangelock_destroy (&d->writes);
  free (d->target);
  free (d);
}

static struct disk *
new_disk (const struct parameters *p, const char *target, int lun,
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
get_disk (const struct parameters *p, const char *target, int lun,
          struct handle *h, struct error *err)
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
    h->next = d->handles;
    d->handles = h;
  }
  pthread_mutex_unlock (&disks_lock);
  return d;
}

/* The last one logs out, without holding up those who open other disks. */
static void
put_disk (struct disk *d, struct handle *h)
{
  struct disk **p;
  struct handle **hp;

  pthread_mutex_lock (&disks_lock);
  for (hp = &d->handles; *hp != h; hp = &(*hp)->next)
    ;
  *hp = h->next;
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
read_facts (struct handle *h, struct error *err)
{
  struct lun_facts *f = &h->facts;

  *f = h->disk->facts;
  if (lun_mode (&h->runner, &h->retry, h->disk->lun, &f->mode, err) == -1)
    return -1;
  f->read_only = f->cd || f->mode.wp;
  if (lun_capacity (&h->runner, &h->retry, h->disk->lun, &f->capacity,
                    &f->size, err) == -1)
    return -1;
  if (f->capacity.block_len != h->disk->facts.capacity.block_len)
    return error_set (err, EIO, "LUN %d changed its block length from %u to "
                      "%u: restart the server", h->disk->lun,
                      h->disk->facts.capacity.block_len,
                      f->capacity.block_len);
  return 0;
}

static struct handle *
get_handle (const struct parameters *p, const char *target, int lun,
            bool counts, const struct stop *stop, struct error *err)
{
  struct handle *h = calloc (1, sizeof *h);

  if (h == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  h->disk = get_disk (p, target, lun, h, err);
  if (h->disk == NULL)
    goto no_disk;
  if (slots_take (h->disk->slots, &h->user, counts, stop, err) == -1)
    goto no_slot;

  h->engine = slot_engine (&h->user);
  h->last_error = engine_last_error;
  h->runner = (struct runner) { .run = slot_run, .handle = &h->user };
  h->retry = (struct retry_policy) {
    .timeout_ms = p->timeout_ms,
    .sleep = engine_sleep,
    .opaque = h->engine,
  };
  if (read_facts (h, err) == 0)
    return h;
  disk_close (h);
  return NULL;

 no_slot:
  put_disk (h->disk, h);
 no_disk:
  free (h);
  return NULL;
}

struct handle *
disk_open (const struct parameters *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, true, stop, err);
}

struct handle *
disk_hold (const struct parameters *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, false, stop, err);
}

void
disk_close (struct handle *h)
{
  slots_give_back (&h->user);
  put_disk (h->disk, h);
  free (h);
}
