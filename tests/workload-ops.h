/* SPDX-License-Identifier: BSD-3-Clause */

/* The operations of workload: what is asked of the server, and what its
 * answers mean for the slots.
 */

#ifndef TESTS_WORKLOAD_OPS_H
#define TESTS_WORKLOAD_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include <libnbd.h>

#include "workload-common.h"

/* One place in a connection's queue: at most one operation in flight. */
struct worker {
  struct nbd_handle *nbd;
  uint8_t *buf;                 /* opt.block bytes */
  bool busy;
  enum op op;
  uint32_t slot, seq;
  uint64_t started, not_before; /* ns */
};

/* Start one at random; ‘busy’ until it is over. */
extern void op_start (struct worker *w);

/* What it was doing is over, and failed so. */
extern void op_fail (struct worker *w, int err);

/* Of all workers together. */
extern unsigned ops_in_flight (void);

#endif /* TESTS_WORKLOAD_OPS_H */
