/* SPDX-License-Identifier: BSD-3-Clause */

/* Monotonic time in milliseconds, and deadlines in it. */

#ifndef ISCSI_CLOCK_H
#define ISCSI_CLOCK_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define NO_DEADLINE UINT64_MAX

/* In a file of its own: the tests of the engine have another, which they turn
 * as they like.
 */
extern uint64_t clock_ms (void);

/* Milliseconds left until a deadline, never negative, for poll(2). */
static inline int
clock_left (uint64_t deadline)
{
  uint64_t now = clock_ms ();

  if (deadline <= now)
    return 0;
  return deadline - now > INT_MAX ? INT_MAX : (int) (deadline - now);
}

/* The end of the first of ‘n’ equal shares of the time that is left. */
static inline uint64_t
clock_share (uint64_t deadline, size_t n)
{
  return clock_ms () + (uint64_t) clock_left (deadline) / n;
}

#endif /* ISCSI_CLOCK_H */
