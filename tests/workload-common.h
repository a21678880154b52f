/* SPDX-License-Identifier: BSD-3-Clause */

/* What every part of workload uses: the operations, how the program ends,
 * and random choices.
 */

#ifndef TESTS_WORKLOAD_COMMON_H
#define TESTS_WORKLOAD_COMMON_H

#include <stdint.h>

#include "now.h"

#define EXIT_WRONG 1
#define EXIT_USAGE 2
#define EXIT_HANG 3

enum op { OP_READ, OP_WRITE, OP_FUA, OP_FLUSH, OP_ZERO, OP_TRIM, OP_MAX };
extern const char *const op_name[OP_MAX];

/* The next random number: repeatable from the seed. */
extern uint64_t rng (void);
extern void seed_rng (uint64_t seed);

#endif /* TESTS_WORKLOAD_COMMON_H */
