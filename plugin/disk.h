/* SPDX-License-Identifier: BSD-3-Clause */

/* A LUN that is in use: its facts, what was learnt about it by trying, and
 * its sessions, all shared by the NBD connections that use it.
 */

#ifndef ISCSI_DISK_H
#define ISCSI_DISK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"
#include "lun.h"
#include "parameters.h"
#include "rangelock.h"
#include "retry.h"
#include "slots.h"
#include "stop.h"

/* Optional commands that this LUN refused once (5/20xx, 5/24xx...), so that
 * they are not tried again.
 */
struct learnt {
  atomic_bool no_cdb16;         /* READ (16), WRITE (16) */
  atomic_bool no_fua;
  atomic_bool no_sync16, no_sync10;
  atomic_bool unwilling_sync16; /* known, but refused (5/24xx) */
  atomic_bool no_unmap;
  atomic_bool no_write_same_unmap, no_write_same16, no_write_same10;
  atomic_bool no_zero_same;     /* WRITE SAME may not have written all */
  atomic_bool no_lba_status;
  _Atomic uint64_t lba_status_from; /* clock_ms, not to be asked before */
  atomic_bool no_prefetch16, no_prefetch10;
};

struct disk {
  struct disk *next;
  char *target;                 /* iSCSI name */
  int lun;
  struct lun_facts facts;       /* constant once open, but for capacity */
  struct learnt learnt;
  struct rangelock writes;

  /* Private to disk.c. */
  unsigned users;               /* handles that use it */
  struct handle *handles;
  struct slots *slots;
};

/* One NBD connection's hold on a disk. */
struct handle {
  struct disk *disk;
  struct engine *engine;        /* the session slot that it uses */
  struct lun_facts facts;       /* a copy, with the capacity of this open */
  struct runner runner;
  struct retry_policy retry;

  /* engine_last_error; NULL: nothing to add to a command's answer. */
  void (*last_error) (struct engine *engine, struct error *why);

  /* Private to disk.c. */
  struct handle *next;
  struct slot_user user;
};

/* Get hold of a LUN: the first handle opens its first session; each further
 * one gets a slot as slots_take says.  READ CAPACITY is read again each time.
 * Any thread; blocks up to the login timeout, and when the session is lost
 * meanwhile up to recovery-timeout.  NULL with a sentence.
 */
extern struct handle *disk_open (const struct parameters *p,
                                 const char *target, int lun,
                                 const struct stop *stop, struct error *err);

/* The same for a handle over which nothing is read or written: it only
 * keeps the LUN's sessions open.
 */
extern struct handle *disk_hold (const struct parameters *p,
                                 const char *target, int lun,
                                 const struct stop *stop, struct error *err);

/* The last handle of a LUN logs out of it, and waits for that up to
 * LOGOUT_MS.  Any thread, when no request of the handle is under way.
 */
extern void disk_close (struct handle *h);

/* Log out of everything, and close what handles are left: nbdkit closes
 * none when it is told to quit.  Main thread, when no request is under way.
 */
extern void disk_close_all (void);

#endif /* ISCSI_DISK_H */
