/* SPDX-License-Identifier: BSD-3-Clause */

/* What came of a load: the figures, and what workload says about them. */

#ifndef TESTS_WORKLOAD_REPORT_H
#define TESTS_WORKLOAD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "workload-common.h"
#include "workload-model.h"

/* The load starts (returns when); it has ended. */
extern uint64_t report_start (void);
extern void report_end (void);

/* An operation is about to start while none is in flight. */
extern void report_idle (void);

/* An operation that started then has ended now, with this errno or 0. */
extern void report_done (enum op op, uint32_t slot, uint64_t started,
                         uint64_t now, int err);

/* How many ended so far, well or not. */
extern uint64_t report_ops (void);

/* While operations are in flight: for how long nothing came back (ns). */
extern uint64_t report_stall (uint64_t now);

/* The line for each interval (--histogram) that is over. */
extern void report_histogram (uint64_t now);

/* A connection was dropped. */
extern void report_dropped (void);

/* Wrong data were found, in that slot, at that byte of the disk. */
extern void report_wrong (enum fault f, const char *where, uint32_t index,
                          uint64_t at, uint32_t seen, const struct slot *s);

/* After the load: a slot could not be read; one of the backing file was
 * looked at.
 */
extern void report_read_back_error (const char *msg);
extern void report_backing (void);

/* Nothing comes back any more: the message, and the summary. */
extern void report_hang (unsigned in_flight);

/* The last line on stdout. */
extern void report_summary (void);

/* No wrong data, no more errors than allowed, no connection dropped. */
extern bool report_good (void);

#endif /* TESTS_WORKLOAD_REPORT_H */
