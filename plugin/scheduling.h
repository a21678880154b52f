/* SPDX-License-Identifier: BSD-3-Clause */

/* The scheduling class of the threads that serve requests.
 *
 * A thread in SCHED_BATCH that is woken does not preempt whoever runs.  Most
 * preemptions between the threads of a server, its client and a target next
 * door are for nothing, and without them a request costs a quarter less.
 * Where other processes keep every core busy it is the other way round: each
 * wake-up waits until one of them has had its turn, and requests that come
 * one by one get an eighth of their rate.  So the threads are in SCHED_BATCH
 * as long as that does not keep them waiting, and in SCHED_OTHER for a while
 * when it does.  Both have the same priority and weight.
 */

#ifndef ISCSI_SCHEDULING_H
#define ISCSI_SCHEDULING_H

#include <stdbool.h>
#include <stdint.h>

/* Before there are threads.  Does nothing, for good, if the process was
 * started in another class than SCHED_OTHER, which was somebody's decision,
 * or where the kernel does not tell how long threads wait.
 */
extern void sched_enable (void);

/* Put the calling thread into the class that is good now.  Cheap; for
 * threads that serve requests, before each.
 */
extern void sched_follow (void);

/* The decision, apart from threads and clocks. */
struct sched_judge {
  bool batch;                   /* which class is good now */
  uint64_t wait_us, run_us;     /* running sums of the samples */
  unsigned samples;
  uint64_t since;               /* ms, of ‘batch’ */
  unsigned pause_ms;            /* how long to stay out of SCHED_BATCH */
};
#define SCHED_JUDGE_START { .batch = true }

/* A sample: a thread in SCHED_BATCH ran and waited for a core so long. */
extern void sched_judge_sample (struct sched_judge *j, uint64_t wait_us,
                                uint64_t run_us, uint64_t now);

/* Time passes: is it worth another try? */
extern void sched_judge_tick (struct sched_judge *j, uint64_t now);

#endif /* ISCSI_SCHEDULING_H */
