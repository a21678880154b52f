/* SPDX-License-Identifier: BSD-3-Clause */

/* Other users of the machine: processes that use a whole core each, as far as
 * they are let, and count what they get done.
 */

#ifndef BENCH_HOGS_H
#define BENCH_HOGS_H

#include <stdint.h>

/* Starts ‘n’ of them; they end with this process.  Once at most. */
extern void hogs_start (unsigned n);

/* What all of them have done so far, in a unit of no meaning. */
extern uint64_t hogs_work (void);

#endif /* BENCH_HOGS_H */
