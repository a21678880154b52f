/* SPDX-License-Identifier: BSD-3-Clause */

/* One NBD connection's hold on a LUN, as those see it who make commands: the
 * facts, what was learnt by trying, and whom to give a command to.
 */

#ifndef ISCSI_HANDLE_H
#define ISCSI_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "lun.h"
#include "pace.h"
#include "rangelock.h"
#include "retry.h"

/* Optional commands that this LUN refused once (5/20xx, 5/24xx...), so that
 * they are not tried again, and how much of others it can take.
 */
struct learnt {
  atomic_bool no_cdb16;         /* READ (16), WRITE (16) */
  atomic_bool no_fua;
  atomic_bool sync10_first;     /* SYNCHRONIZE CACHE (16) was refused, and
                                   the (10) carried out */
  atomic_bool no_unmap;
  atomic_bool no_write_same_unmap, no_write_same16, no_write_same10;
  atomic_bool no_zero_same;     /* WRITE SAME may not have written all */
  _Atomic uint32_t most_same, most_unmap; /* blocks; 0: as told, more was not
                                             refused yet */
  atomic_bool no_lba_status;
  _Atomic uint64_t lba_status_from; /* clock_ms, not to be asked before */
  atomic_bool no_prefetch16, no_prefetch10;
  struct pace pace[NR_SLOW];
};

struct handle {
  int lun;                      /* for messages */
  struct lun_facts facts;       /* with the capacity of this open */
  struct runner runner;
  struct retry_policy retry;

  /* Of the LUN: shared by all its handles, which they outlive. */
  struct learnt *learnt;
  struct rangelock *writes;     /* which blocks are being written */

  /* Both are asked with the runner's handle.  Why there is no answer, for
   * messages; NULL: nothing to add.  true: there is a connection to the target,
   * and another reason.
   */
  bool (*last_error) (void *handle, struct error *why);

  /* Was a write lost of which a question told (sense_lost_write)?  Once; NULL:
   * no.
   */
  unsigned (*lost_write) (void *handle);
};

#endif /* ISCSI_HANDLE_H */
