/* SPDX-License-Identifier: BSD-3-Clause */

/* Monotonic time in milliseconds, deadlines in it, and waiting for them. */

#ifndef ISCSI_CLOCK_H
#define ISCSI_CLOCK_H

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define NO_DEADLINE UINT64_MAX

/* These four are in a file of their own: the tests of the target room have
 * another, whose time they turn as they like.
 */
extern uint64_t clock_ms (void);

/* A condition variable for clock_wait. */
extern void clock_cond_init (pthread_cond_t *cond);

/* Wait, as pthread_cond_wait, until ‘deadline’ (clock_ms) at most.  May
 * return for no reason.
 */
extern void clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock,
                        uint64_t deadline);

/* poll(2) until ‘deadline’ (clock_ms) at most.  May return 0 too early. */
extern int clock_poll (struct pollfd *fds, nfds_t n, uint64_t deadline);

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

/* How many ms to wait after ‘n’ tries in vain: 0 after none, ‘first’ after one,
 * then twice as long each time, but ‘most’ at most.
 */
static inline unsigned
clock_backoff (unsigned n, unsigned first, unsigned most)
{
  if (n == 0)
    return 0;
  while (--n > 0 && first < most)
    first *= 2;
  return first < most ? first : most;
}

#endif /* ISCSI_CLOCK_H */
