/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdlib.h>

#include "workload-common.h"

const char *const op_name[OP_MAX] = {
  "read", "write", "fua", "flush", "zero", "trim",
};

static uint64_t rng_state;

/* xorshift64* */
uint64_t
rng (void)
{
  rng_state ^= rng_state >> 12;
  rng_state ^= rng_state << 25;
  rng_state ^= rng_state >> 27;
  return rng_state * UINT64_C (0x2545f4914f6cdd1d);
}

void
seed_rng (uint64_t seed)
{
  rng_state = seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
}
