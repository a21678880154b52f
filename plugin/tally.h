/* SPDX-License-Identifier: BSD-3-Clause */

/* Counting the requests of one NBD connection, for the status: a few atomic
 * additions each, no lock.
 */

#ifndef ISCSI_TALLY_H
#define ISCSI_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"

struct tally {
  _Atomic uint64_t in_flight;
  _Atomic uint64_t ended;       /* ms: when a request was over last, or when
                                   the first of those under way began */
  _Atomic uint64_t longest_stall; /* ms */
  struct {
    _Atomic uint64_t requests, bytes, errors;
  } ops[NR_OPS];
};

/* Around each request.  Any thread. */
extern void tally_begin (struct tally *t);
extern void tally_end (struct tally *t, enum op op, uint32_t bytes,
                       bool failed);

/* Add what there is to the row of the LUN: stalls are the longest of all.
 * Any thread.
 */
extern void tally_report (const struct tally *t, struct status_lun *row);

/* Add the tally of a connection that is over to that of all before it. */
extern void tally_add (struct tally *sum, const struct tally *t);

#endif /* ISCSI_TALLY_H */
