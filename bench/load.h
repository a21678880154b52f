/* SPDX-License-Identifier: BSD-3-Clause */

/* The load generator: one thread, any number of NBD connections to one
 * server, a fixed number of requests in flight on each.  Buffers and handles
 * are made once, so a slice allocates nothing of its own, and the generator
 * costs the same whatever server it drives.
 */

#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "stats.h"

enum operation { RANDREAD, RANDWRITE, READ, WRITE, NR_OPERATIONS };
extern const char *const operation_names[NR_OPERATIONS];

/* One point of the matrix. */
struct cell {
  enum operation op;
  unsigned block;               /* bytes */
  unsigned depth;               /* requests in flight on each connection */
  unsigned connections;
};

struct load;

/* Opens the connections and allocates room for ‘depth’ requests of ‘block’
 * bytes on each.  ‘name’ must outlive the load.  Structured replies, which
 * libnbd asks for by default, can be done without.  Failures exit.
 */
extern struct load *load_open (const char *name, const char *uri,
                               unsigned connections, unsigned depth,
                               unsigned block, bool simple_replies);
extern void load_close (struct load *load);

/* Keeps the cell's requests in flight for ‘ns’ nanoseconds, then waits for all
 * of them, so even the largest are counted whole.
 * Random offsets follow from ‘seed’.  Adds each latency to ‘latencies’ if it
 * is not NULL.  Returns the number of requests; *wall is the time from the
 * first submission to the last reply.  A failed request exits, and so does a
 * server that answers nothing for 30 seconds.
 */
extern uint64_t load_run (struct load *load, const struct cell *cell,
                          int64_t ns, uint64_t seed,
                          struct histogram *latencies, int64_t *wall);

#endif /* BENCH_LOAD_H */
