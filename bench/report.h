/* SPDX-License-Identifier: BSD-3-Clause */

/* Slices to ratios: what is printed, what goes to the file of results, and
 * the goals that it is held against.
 */

#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "load.h"

/* One slice of load; all but the rates are per request. */
struct slice {
  double rate;                  /* requests a second */
  double cpu_us;                /* of the server */
  double voluntary, involuntary; /* context switches of the server */
  double client_us;             /* CPU of this process */
  double target_us;             /* CPU of the iSCSI target, if it is known */
  double hogs;                  /* work of the hogs a second, if there are */
};

/* The slices of one server in one cell, in the order they were run: those of
 * the same index in two series ran one after the other and are compared.
 */
struct series {
  struct slice *slices;
  size_t n, allocated;
  struct histogram latencies;
  long rss_kib;
};

extern struct series *series_new (size_t n);
extern void series_free (struct series *series, size_t n);

/* Room for one more slice, valid until the next call. */
extern struct slice *series_add (struct series *series);

struct report {
  const struct cell *cells;
  size_t nr_cells;
  const char **names;           /* of the servers; the first is the base */
  size_t nr_servers;
  struct series *series;        /* [cell * nr_servers + server] */
  struct series alone;          /* the hogs, while nothing else runs */
};

/* Prints the table, the geometric means and the cells that miss a goal.
 * Returns true if every goal is met.
 */
extern bool report_print (const struct report *report, FILE *fp);

/* One line of tab-separated values for each cell and server. */
extern void report_tsv (const struct report *report, FILE *fp);

/* One line for each slice. */
extern void report_slices (const struct report *report, FILE *fp);

#endif /* BENCH_REPORT_H */
