/* SPDX-License-Identifier: BSD-3-Clause */

/* What the command line of workload asks for. */

#ifndef TESTS_WORKLOAD_OPTIONS_H
#define TESTS_WORKLOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "workload-common.h"

struct options {
  const char *uri, *backing;
  unsigned connections, depth;
  uint64_t block, offset, stride, slots;
  uint64_t ops;                 /* 0: no limit */
  double seconds;
  unsigned weight[OP_MAX];
  uint64_t max_errors;
  double stall_limit;
  unsigned error_pause_ms, histogram_ms;
  uint64_t seed;
  bool read_back;
};

/* The set-up fits the weights, the stride and the number of slots to what
 * the server has; nothing changes once the load has started.
 */
extern struct options opt;

/* Fill it in, or end the program. */
extern void parse_options (int argc, char *argv[]);

#endif /* TESTS_WORKLOAD_OPTIONS_H */
