/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line. */

#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "load.h"
#include "meter.h"

#define MAX_LIST 16
#define MAX_SERVERS 8
#define MAX_PIDS 4

struct list {
  unsigned value[MAX_LIST];
  size_t n;
};

struct server {
  const char *name, *uri;
  struct meter meters[MAX_PIDS];
  size_t nr_meters;
  struct load *load;            /* while its connections are open */
};

struct options {
  struct server servers[MAX_SERVERS];
  size_t nr_servers;
  struct list ops, blocks, depths, connections; /* the matrix */
  unsigned rounds, pairs, seconds;
  unsigned slice_ms, warm_ms;
  bool simple_replies;
  unsigned hogs;
  unsigned idle_s, memory_s;    /* instead of the matrix if not 0 */
  struct meter target;
  bool have_target;
  bool check;
  const char *tsv, *slices;     /* files; NULL: not wanted */
};

/* Fills ‘o’ with the defaults and what the command line says.  Exits if it
 * makes no sense.
 */
extern void options_parse (struct options *o, int argc, char *argv[]);

#endif /* BENCH_OPTIONS_H */
