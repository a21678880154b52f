/* SPDX-License-Identifier: BSD-3-Clause */

/* What a process, looked at from outside, has used: CPU time to the
 * nanosecond, context switches of all its threads, resident memory.
 */

#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct meter {
  pid_t pid;
  clockid_t clock;              /* the CPU clock of the whole process */
};

struct usage {
  int64_t cpu_ns;
  int64_t voluntary;            /* context switches: it went to sleep */
  int64_t involuntary;          /* it was preempted */
};

/* Nanoseconds of a clock; exits if it cannot be read. */
extern int64_t meter_clock (clockid_t clock);

/* Exits with a message if there is no such process. */
extern void meter_attach (struct meter *m, pid_t pid);

/* Adds what the process has used to ‘u’.  Switches of threads that have
 * exited are lost, so no connection may be closed between two readings.
 */
extern void meter_read (const struct meter *m, struct usage *u);

/* A field of /proc/PID/status in KiB, "VmRSS" or "VmHWM"; -1 if absent. */
extern long meter_memory (const struct meter *m, const char *field);

#endif /* BENCH_METER_H */
