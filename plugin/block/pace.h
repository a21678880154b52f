/* SPDX-License-Identifier: BSD-3-Clause */

/* How much of the slow kinds of commands a LUN is given at a time.
 *
 * A WRITE SAME of 32 MiB may take a target a millisecond or most of timeout=,
 * and many targets do one after the other: those that wait must not be taken
 * for unanswered.  So the first one of a kind is sent alone.  While they are
 * quick, each round that was not the end of its request is followed by one of
 * twice as much: longer commands up to a limit, then more of them side by
 * side.  A round that took long is followed by fewer, and one that was not
 * answered in time by much shorter ones.
 */

#ifndef ISCSI_PACE_H
#define ISCSI_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum slow { SLOW_SAME, SLOW_UNMAP, SLOW_PREFETCH, NR_SLOW };

/* What was learnt of one kind; all zero at first.  Any thread. */
struct pace {
  atomic_uint level;            /* doublings, plus one; 0: nothing learnt */
};

/* The next round: so many commands, of so many bytes each, at most. */
struct portion {
  unsigned commands;
  uint64_t bytes;
};
extern struct portion pace_next (const struct pace *p, enum slow kind);

/* A round was carried out in ‘ms’; ‘held_back’: there was more to do. */
extern void pace_learn (struct pace *p, enum slow kind, bool held_back,
                        uint64_t ms, unsigned timeout_ms);

/* A command of a round was not answered in time. */
extern void pace_unanswered (struct pace *p, enum slow kind);

#endif /* ISCSI_PACE_H */
