/* SPDX-License-Identifier: BSD-3-Clause */

/* The clock of the test tools. */

#ifndef TESTS_NOW_H
#define TESTS_NOW_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds, from any fixed moment on. */
static inline uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#endif /* TESTS_NOW_H */
