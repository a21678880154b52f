/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hogs.h"
#include "report.h"
#include "run.h"

#define MS INT64_C (1000000)
#define SECOND INT64_C (1000000000)

/* What a server still does after its last reply, such as going to sleep,
 * belongs to the slice.
 */
#define SETTLE (1 * MS)

/* How far apart the cells are that the passes begin with. */
#define STRIDE 29

/* Seeds of the random offsets: far apart whatever they are multiplied by. */
#define SEED UINT64_C (0x9e3779b97f4a7c15)

volatile sig_atomic_t run_interrupted;

static unsigned
largest (const struct list *l)
{
  unsigned max = 0;
  size_t i;

  for (i = 0; i < l->n; ++i)
    if (l->value[i] > max)
      max = l->value[i];
  return max;
}

/* Fills every queue with the largest requests, so that the buffers of every
 * thread of a server are in place before anything is counted: the page faults
 * of a first use would otherwise be charged to the first cell with large
 * requests.
 */
static void
touch (const struct options *o, const struct server *s, unsigned connections)
{
  struct cell cell = {
    .block = largest (&o->blocks),
    .depth = largest (&o->depths),
    .connections = connections,
  };
  int64_t wall;
  size_t i;

  for (i = 0; i < o->ops.n; ++i) {
    cell.op = o->ops.value[i];
    load_run (s->load, &cell, o->warm_ms * MS, SEED, NULL, &wall);
  }
}

static void
servers_open (struct options *o, unsigned connections)
{
  struct server *s;

  for (s = o->servers; s < o->servers + o->nr_servers; ++s) {
    s->load = load_open (s->name, s->uri, connections, largest (&o->depths),
                         largest (&o->blocks), o->simple_replies);
    touch (o, s, connections);
  }
}

static void
servers_close (struct options *o)
{
  struct server *s;

  for (s = o->servers; s < o->servers + o->nr_servers; ++s)
    load_close (s->load);
}

static void
sleep_ns (int64_t ns)
{
  const struct timespec ts = { ns / SECOND, ns % SECOND };

  nanosleep (&ts, NULL);
}

static struct usage
server_usage (const struct server *s)
{
  struct usage u = { 0, 0, 0 };
  size_t i;

  for (i = 0; i < s->nr_meters; ++i)
    meter_read (&s->meters[i], &u);
  return u;
}

static long
server_memory (const struct server *s, const char *field)
{
  long sum = 0;
  size_t i;

  for (i = 0; i < s->nr_meters; ++i)
    sum += meter_memory (&s->meters[i], field);
  return sum;
}

static int64_t
target_cpu (const struct options *o)
{
  return o->have_target ? meter_clock (o->target.clock) : 0;
}

static void
run_slice (const struct options *o, const struct server *s,
           const struct cell *cell, uint64_t seed, struct series *series)
{
  struct slice *slice = series_add (series);
  struct usage before, after;
  int64_t wall, own, theirs;
  uint64_t others;
  double n;

  before = server_usage (s);
  theirs = target_cpu (o);
  others = hogs_work ();
  own = meter_clock (CLOCK_PROCESS_CPUTIME_ID);
  n = load_run (s->load, cell, o->slice_ms * MS, seed, &series->latencies,
                &wall);
  own = meter_clock (CLOCK_PROCESS_CPUTIME_ID) - own;
  others = hogs_work () - others;
  sleep_ns (SETTLE);
  theirs = target_cpu (o) - theirs;
  after = server_usage (s);

  slice->rate = n * 1e9 / wall;
  slice->cpu_us = (after.cpu_ns - before.cpu_ns) / 1e3 / n;
  slice->voluntary = (after.voluntary - before.voluntary) / n;
  slice->involuntary = (after.involuntary - before.involuntary) / n;
  slice->client_us = own / 1e3 / n;
  slice->target_us = theirs / 1e3 / n;
  slice->hogs = others * 1e9 / wall;
}

/* Who goes first changes from pair to pair and from pass to pass, so that
 * neither drift nor a place in the row is anybody's advantage.
 */
static void
visit_cell (const struct options *o, const struct cell *cell,
            struct series *series, unsigned round)
{
  unsigned pair, first;
  uint64_t seed;
  int64_t wall;
  size_t i, j;

  for (i = 0; i < o->nr_servers && o->warm_ms > 0; ++i) {
    j = (round + i) % o->nr_servers;
    load_run (o->servers[j].load, cell, o->warm_ms * MS, SEED, NULL, &wall);
  }
  for (pair = 0; pair < o->pairs; ++pair) {
    first = round + pair;
    seed = ((uint64_t) round * o->pairs + pair + 1) * SEED;
    for (i = 0; i < o->nr_servers; ++i) {
      j = (first + i) % o->nr_servers;
      run_slice (o, &o->servers[j], cell, seed, &series[j]);
    }
  }
  for (i = 0; i < o->nr_servers; ++i)
    series[i].rss_kib = server_memory (&o->servers[i], "VmRSS");
}

static void
progress (const struct options *o, unsigned round, size_t cell,
          size_t nr_cells)
{
  if (isatty (STDERR_FILENO))
    fprintf (stderr, "\rround %u of %u, cell %zu of %zu ",
             round + 1, o->rounds, cell + 1, nr_cells);
}

/* What the hogs do while nothing is asked of any server. */
static void
measure_hogs (const struct options *o, struct report *r)
{
  int64_t wall = meter_clock (CLOCK_MONOTONIC);
  uint64_t work = hogs_work ();

  if (o->hogs == 0)
    return;
  sleep_ns (o->slice_ms * MS);
  work = hogs_work () - work;
  wall = meter_clock (CLOCK_MONOTONIC) - wall;
  series_add (&r->alone)->hogs = work * 1e9 / wall;
}

/* Each pass begins with another cell, so that none is always the one that
 * meets new connections.  The first pass ends late rather than leave out a
 * cell.
 */
static void
run_round (struct options *o, struct report *r, unsigned round, int64_t end)
{
  unsigned open = 0;
  size_t i, cell;

  measure_hogs (o, r);
  for (i = 0; i < r->nr_cells && !run_interrupted; ++i) {
    if (round > 0 && meter_clock (CLOCK_MONOTONIC) >= end)
      break;
    progress (o, round, i, r->nr_cells);
    cell = (i + (size_t) round * STRIDE) % r->nr_cells;
    if (r->cells[cell].connections != open) {
      if (open > 0)
        servers_close (o);
      open = r->cells[cell].connections;
      servers_open (o, open);
    }
    visit_cell (o, &r->cells[cell], &r->series[cell * r->nr_servers], round);
  }
  if (open > 0)
    servers_close (o);
}

static struct cell *
cells_new (const struct options *o, size_t *n)
{
  size_t c, i, b, d;
  struct cell *cells, *cell;

  *n = o->ops.n * o->blocks.n * o->depths.n * o->connections.n;
  cells = cell = calloc (*n, sizeof *cells);
  if (cells == NULL)
    err (EXIT_FAILURE, "calloc");
  for (c = 0; c < o->connections.n; ++c)
    for (i = 0; i < o->ops.n; ++i)
      for (b = 0; b < o->blocks.n; ++b)
        for (d = 0; d < o->depths.n; ++d, ++cell) {
          cell->op = o->ops.value[i];
          cell->block = o->blocks.value[b];
          cell->depth = o->depths.value[d];
          cell->connections = o->connections.value[c];
        }
  return cells;
}

static void
to_file (const char *path, const struct report *r,
         void (*print) (const struct report *, FILE *))
{
  FILE *fp;

  if (path == NULL)
    return;
  fp = fopen (path, "w");
  if (fp == NULL)
    err (EXIT_FAILURE, "%s", path);
  print (r, fp);
  if (fclose (fp) == EOF)
    err (EXIT_FAILURE, "%s", path);
}

static void
print_memory (const struct options *o)
{
  const struct server *s;

  for (s = o->servers; s < o->servers + o->nr_servers; ++s)
    printf ("memory of %s: %.1f MiB resident at the end, %.1f MiB at most\n",
            s->name, server_memory (s, "VmRSS") / 1024.0,
            server_memory (s, "VmHWM") / 1024.0);
}

int
run_matrix (struct options *o)
{
  const int64_t end = o->seconds == 0 ? INT64_MAX
    : meter_clock (CLOCK_MONOTONIC) + o->seconds * SECOND;
  const char *names[MAX_SERVERS];
  struct report r = { .names = names, .nr_servers = o->nr_servers };
  struct cell *cells;
  unsigned round;
  bool good;
  size_t i;

  for (i = 0; i < o->nr_servers; ++i)
    names[i] = o->servers[i].name;
  r.cells = cells = cells_new (o, &r.nr_cells);
  r.series = series_new (r.nr_cells * r.nr_servers);

  for (round = 0; round < o->rounds && !run_interrupted; ++round)
    run_round (o, &r, round, end);
  if (isatty (STDERR_FILENO))
    fputc ('\n', stderr);

  good = report_print (&r, stdout);
  print_memory (o);
  to_file (o->tsv, &r, report_tsv);
  to_file (o->slices, &r, report_slices);
  series_free (r.series, r.nr_cells * r.nr_servers);
  free (r.alone.slices);
  free (cells);
  if (run_interrupted)
    errx (EXIT_FAILURE, "interrupted: these are partial results");
  return o->check && !good ? 2 : EXIT_SUCCESS;
}

static void
print_idle (const struct server *s, unsigned connections, int64_t wall,
            const struct usage *before, const struct usage *after)
{
  int64_t cpu = after->cpu_ns - before->cpu_ns;
  int64_t switches = after->voluntary + after->involuntary
    - before->voluntary - before->involuntary;

  printf ("%s, %u idle connections for %.0f s: %.4f %% of a core "
          "(%.0f us a second), %.1f context switches a second\n",
          s->name, connections, (double) wall / SECOND,
          100.0 * cpu / wall, 1e6 * cpu / wall,
          (double) switches * SECOND / wall);
}

/* All the servers at once: none of them should disturb another. */
int
run_idle (struct options *o)
{
  const unsigned connections = largest (&o->connections);
  struct usage before[MAX_SERVERS], after;
  int64_t start, wall;
  size_t i;

  servers_open (o, connections);
  sleep_ns (SECOND);

  start = meter_clock (CLOCK_MONOTONIC);
  for (i = 0; i < o->nr_servers; ++i)
    before[i] = server_usage (&o->servers[i]);
  sleep_ns (o->idle_s * SECOND);
  wall = meter_clock (CLOCK_MONOTONIC) - start;
  for (i = 0; i < o->nr_servers; ++i) {
    after = server_usage (&o->servers[i]);
    print_idle (&o->servers[i], connections, wall, &before[i], &after);
  }
  servers_close (o);
  return EXIT_SUCCESS;
}

/* Reads and writes alternate.  What is allocated once is there at half time;
 * what comes after it is growth.
 */
static void
load_and_watch (const struct options *o, const struct server *s)
{
  const int64_t start = meter_clock (CLOCK_MONOTONIC);
  struct cell cell = {
    .block = largest (&o->blocks),
    .depth = largest (&o->depths),
    .connections = largest (&o->connections),
  };
  long half = 0, max = 0, rss;
  int64_t passed, wall;
  unsigned n = 0;

  do {
    cell.op = n++ % 2 ? RANDWRITE : RANDREAD;
    load_run (s->load, &cell, o->slice_ms * MS, n * SEED, NULL, &wall);
    rss = server_memory (s, "VmRSS");
    if (rss > max)
      max = rss;
    passed = meter_clock (CLOCK_MONOTONIC) - start;
    if (passed <= o->memory_s * SECOND / 2)
      half = rss;
  } while (passed < o->memory_s * SECOND && !run_interrupted);
  printf ("%s, %u connections x QD%u x %u KiB for %u s: %.1f MiB resident at "
          "half time, %.1f MiB at the end, %.1f MiB at most\n",
          s->name, cell.connections, cell.depth, cell.block >> 10,
          o->memory_s, half / 1024.0, rss / 1024.0, max / 1024.0);
}

int
run_memory (struct options *o)
{
  size_t i;

  servers_open (o, largest (&o->connections));
  for (i = 0; i < o->nr_servers; ++i)
    load_and_watch (o, &o->servers[i]);
  servers_close (o);
  return EXIT_SUCCESS;
}
