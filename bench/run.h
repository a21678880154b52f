/* SPDX-License-Identifier: BSD-3-Clause */

/* The three things that can be measured.  Each prints what it found and
 * returns the exit status of the program.
 */

#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <signal.h>

#include "options.h"

/* Set by a signal: stop soon and report what there is. */
extern volatile sig_atomic_t run_interrupted;

/* The matrix: each server against the first. */
extern int run_matrix (struct options *o);

/* What the servers use while nothing is asked of them. */
extern int run_idle (struct options *o);

/* The memory of each server under load, and whether it grows. */
extern int run_memory (struct options *o);

#endif /* BENCH_RUN_H */
