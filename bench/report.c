/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <math.h>
#include <stdlib.h>

#include "report.h"

/* What is asked of each cell, against the base: at least this rate, at most
 * this much CPU.  0.95 and not 1 because of noise.
 */
#define GOAL_RATE           0.95
#define GOAL_RATE_LARGE     1.20
#define GOAL_RATE_LATENCY   1.10
#define GOAL_CPU_LARGE_READ  0.50
#define GOAL_CPU_LARGE_WRITE 0.75
#define GOAL_CPU_LATENCY    0.80
#define GOAL_CPU_MANY       1.20

/* And of the geometric mean of all cells. */
#define GOAL_MEAN_RATE 1.35
#define GOAL_MEAN_CPU  0.80

struct summary {
  double rate, base_rate, ratio, ratio_q1, ratio_q3;
  double cpu, base_cpu, cpu_ratio, cpu_q1, cpu_q3;
  double switches, base_switches;
  double p50, p99, base_p99;    /* microseconds */
  double hogs, base_hogs;       /* of what they do alone; NAN without hogs */
};

struct series *
series_new (size_t n)
{
  struct series *series = calloc (n, sizeof *series);

  if (series == NULL)
    err (EXIT_FAILURE, "calloc");
  return series;
}

void
series_free (struct series *series, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i)
    free (series[i].slices);
  free (series);
}

struct slice *
series_add (struct series *series)
{
  if (series->n == series->allocated) {
    series->allocated = 2 * series->allocated + 8;
    series->slices = reallocarray (series->slices, series->allocated,
                                   sizeof *series->slices);
    if (series->slices == NULL)
      err (EXIT_FAILURE, "reallocarray");
  }
  return &series->slices[series->n++];
}

static bool
is_read (const struct cell *c)
{
  return c->op == RANDREAD || c->op == READ;
}

static double
goal_rate (const struct cell *c)
{
  if (c->block >= 1 << 20)
    return GOAL_RATE_LARGE;
  if (c->block <= 4096 && c->depth == 1 && c->connections == 1)
    return GOAL_RATE_LATENCY;
  return GOAL_RATE;
}

static double
goal_cpu (const struct cell *c)
{
  if (c->block >= 1 << 20)
    return is_read (c) ? GOAL_CPU_LARGE_READ : GOAL_CPU_LARGE_WRITE;
  if (c->block <= 4096 && c->depth == 1 && c->connections == 1)
    return GOAL_CPU_LATENCY;
  return c->connections > 1 ? GOAL_CPU_MANY : INFINITY;
}

static double
rate_of (const struct slice *s)
{
  return s->rate;
}

static double
cpu_of (const struct slice *s)
{
  return s->cpu_us;
}

static double
switches_of (const struct slice *s)
{
  return s->voluntary + s->involuntary;
}

static double
client_of (const struct slice *s)
{
  return s->client_us;
}

static double
target_of (const struct slice *s)
{
  return s->target_us;
}

static double
hogs_of (const struct slice *s)
{
  return s->hogs;
}

static double *
values (size_t n)
{
  double *v = calloc (n ? n : 1, sizeof *v);

  if (v == NULL)
    err (EXIT_FAILURE, "calloc");
  return v;
}

static double
median (const struct series *s, double (*of) (const struct slice *))
{
  double *v = values (s->n), r;
  size_t i;

  for (i = 0; i < s->n; ++i)
    v[i] = of (&s->slices[i]);
  r = stats_quantile (v, s->n, 0.5);
  free (v);
  return r;
}

/* The median of the ratios of slices that ran side by side, and the quartiles.
 * Not the ratio of the medians: what disturbs the machine disturbs both slices
 * of a pair.  Not the extremes: one pair that was disturbed makes those.
 */
static double
ratio (const struct series *s, const struct series *base,
       double (*of) (const struct slice *), double *q1, double *q3)
{
  size_t i, n = s->n < base->n ? s->n : base->n;
  double *v = values (n), r;

  for (i = 0; i < n; ++i)
    v[i] = of (&s->slices[i]) / of (&base->slices[i]);
  r = stats_quantile (v, n, 0.5);
  *q1 = stats_quantile (v, n, 0.25);
  *q3 = stats_quantile (v, n, 0.75);
  free (v);
  return r;
}

static void
summarize (const struct report *r, size_t cell, size_t server,
           struct summary *sum)
{
  const struct series *base = &r->series[cell * r->nr_servers];
  const struct series *s = base + server;
  const double alone = median (&r->alone, hogs_of);

  sum->rate = median (s, rate_of);
  sum->base_rate = median (base, rate_of);
  sum->ratio = ratio (s, base, rate_of, &sum->ratio_q1, &sum->ratio_q3);
  sum->cpu = median (s, cpu_of);
  sum->base_cpu = median (base, cpu_of);
  sum->cpu_ratio = ratio (s, base, cpu_of, &sum->cpu_q1, &sum->cpu_q3);
  sum->switches = median (s, switches_of);
  sum->base_switches = median (base, switches_of);
  sum->p50 = histogram_at (&s->latencies, 0.5) / 1e3;
  sum->p99 = histogram_at (&s->latencies, 0.99) / 1e3;
  sum->base_p99 = histogram_at (&base->latencies, 0.99) / 1e3;
  sum->hogs = median (s, hogs_of) / alone;
  sum->base_hogs = median (base, hogs_of) / alone;
}

static void
print_cell (const struct cell *c, FILE *fp)
{
  char block[16];

  if (c->block % (1 << 20) == 0)
    snprintf (block, sizeof block, "%um", c->block >> 20);
  else
    snprintf (block, sizeof block, "%uk", c->block >> 10);
  fprintf (fp, "%-9s %4s QD%-3u x%-2u",
           operation_names[c->op], block, c->depth, c->connections);
}

/* Returns true if the cell is as good as it should be. */
static bool
print_row (const struct cell *c, const struct summary *s, FILE *fp)
{
  bool slow = s->ratio < goal_rate (c), dear = s->cpu_ratio > goal_cpu (c);

  print_cell (c, fp);
  fprintf (fp, " %8.0f %8.0f %5.2f %5.2f..%-5.2f",
           s->base_rate, s->rate, s->ratio, s->ratio_q1, s->ratio_q3);
  fprintf (fp, " %7.1f %7.1f %5.2f", s->base_cpu, s->cpu, s->cpu_ratio);
  fprintf (fp, " %5.1f %5.1f", s->base_switches, s->switches);
  fprintf (fp, " %6.0f %6.0f", s->base_p99, s->p99);
  if (slow)
    fprintf (fp, "  rate<%.2f", goal_rate (c));
  if (dear)
    fprintf (fp, "  cpu>%.2f", goal_cpu (c));
  fputc ('\n', fp);
  return !slow && !dear;
}

static void
print_header (const char *base, const char *name, FILE *fp)
{
  fprintf (fp, "\nA = %s, B = %s; ratios are B/A, medians of the pairs of "
           "slices\n", base, name);
  fprintf (fp, "%-21s %17s %-18s %-21s %-11s %13s  %s\n", "",
           "requests/s", " rate", "  server CPU us/req", " switches/r",
           "p99 us    ", "below");
  fprintf (fp, "%-21s %8s %8s %5s %-12s %7s %7s %5s %5s %5s %6s %6s  %s\n",
           "cell", "A", "B", "B/A", " q1..q3",
           "A", "B", "B/A", "A", "B", "A", "B", "goal");
}

static void
print_extreme (const char *what, const struct report *r, size_t cell,
               double value, FILE *fp)
{
  fprintf (fp, "%s %.2f: ", what, value);
  print_cell (&r->cells[cell], fp);
  fputc ('\n', fp);
}

/* What the load costs the hogs: the part of their work that they still do
 * beside each server, and what a request through the server takes from them,
 * be it spent in the server, the client or the target.
 */
static void
print_hogs (const struct report *r, size_t server, FILE *fp)
{
  double *a = values (r->nr_cells), *b = values (r->nr_cells);
  double *price = values (r->nr_cells), lost, base_lost;
  size_t i, n = 0, nr_prices = 0;
  struct summary s;

  for (i = 0; i < r->nr_cells; ++i) {
    if (r->series[i * r->nr_servers + server].n == 0)
      continue;
    summarize (r, i, server, &s);
    a[n] = s.base_hogs;
    b[n++] = s.hogs;
    lost = (1 - s.hogs) / s.rate;
    base_lost = (1 - s.base_hogs) / s.base_rate;
    if (lost > 0 && base_lost > 0)
      price[nr_prices++] = lost / base_lost;
  }
  fprintf (fp, "hogs, as a part of what they do alone: %.2f beside %s, %.2f "
           "beside %s; taken from them by a request: %.2f x (%zu cells)\n",
           stats_geomean (a, n), r->names[0], stats_geomean (b, n),
           r->names[server], stats_geomean (price, nr_prices), nr_prices);
  free (a);
  free (b);
  free (price);
}

/* The whole matrix of one server against the base. */
static bool
print_server (const struct report *r, size_t server, FILE *fp)
{
  double *rates = values (r->nr_cells), *cpus = values (r->nr_cells);
  size_t i, n = 0, good = 0, slowest = 0, dearest = 0;
  double slow = INFINITY, dear = 0, mean_rate, mean_cpu;
  struct summary s;

  print_header (r->names[0], r->names[server], fp);
  for (i = 0; i < r->nr_cells; ++i) {
    if (r->series[i * r->nr_servers + server].n == 0)
      continue;                 /* interrupted before it was reached */
    summarize (r, i, server, &s);
    good += print_row (&r->cells[i], &s, fp);
    rates[n] = s.ratio;
    cpus[n++] = s.cpu_ratio;
    if (s.ratio < slow) {
      slow = s.ratio;
      slowest = i;
    }
    if (s.cpu_ratio > dear) {
      dear = s.cpu_ratio;
      dearest = i;
    }
  }
  mean_rate = stats_geomean (rates, n);
  mean_cpu = stats_geomean (cpus, n);
  free (rates);
  free (cpus);
  if (n == 0)
    return false;

  fprintf (fp, "\n%s against %s, %zu cells, up to %zu pairs of slices each"
           "\n", r->names[server], r->names[0], n, r->series[server].n);
  fprintf (fp, "geometric mean: rate %.2f (goal %.2f), CPU per request %.2f "
           "(goal %.2f)\n", mean_rate, GOAL_MEAN_RATE, mean_cpu,
           GOAL_MEAN_CPU);
  print_extreme ("lowest rate", r, slowest, slow, fp);
  print_extreme ("highest CPU", r, dearest, dear, fp);
  if (r->alone.n > 0)
    print_hogs (r, server, fp);
  fprintf (fp, "%zu of %zu cells meet their goal\n", good, n);
  return good == n && mean_rate >= GOAL_MEAN_RATE && mean_cpu <= GOAL_MEAN_CPU;
}

bool
report_print (const struct report *r, FILE *fp)
{
  bool good = true;
  size_t i;

  for (i = 1; i < r->nr_servers; ++i)
    if (!print_server (r, i, fp))
      good = false;
  return good;
}

static void
tsv_cell (const struct cell *c, const char *name, FILE *fp)
{
  fprintf (fp, "%s\t%u\t%u\t%u\t%s", operation_names[c->op],
           c->block, c->depth, c->connections, name);
}

static void
tsv_row (const struct report *r, size_t cell, size_t server, FILE *fp)
{
  const struct series *series = &r->series[cell * r->nr_servers + server];
  const struct cell *c = &r->cells[cell];
  struct summary s;

  if (series->n == 0)
    return;
  summarize (r, cell, server, &s);
  tsv_cell (c, r->names[server], fp);
  fprintf (fp, "\t%zu\t%.1f\t%.3f\t%.3f\t%.3f", series->n,
           s.rate, s.ratio, s.ratio_q1, s.ratio_q3);
  fprintf (fp, "\t%.2f\t%.3f\t%.3f\t%.3f",
           s.cpu, s.cpu_ratio, s.cpu_q1, s.cpu_q3);
  fprintf (fp, "\t%.2f\t%.1f\t%.1f", s.switches, s.p50, s.p99);
  fprintf (fp, "\t%.2f\t%.2f", median (series, client_of),
           median (series, target_of));
  fprintf (fp, "\t%ld\t%.2f\t%.2f\t%.3f\n", series->rss_kib,
           goal_rate (c), goal_cpu (c), s.hogs);
}

void
report_tsv (const struct report *r, FILE *fp)
{
  size_t i, j;

  fprintf (fp, "op\tblock\tdepth\tconnections\tserver\tpairs\trate\t"
           "ratio\tratio_q1\tratio_q3\tcpu_us\tcpu_ratio\tcpu_q1\tcpu_q3\t"
           "switches\tp50_us\tp99_us\tclient_us\ttarget_us\trss_kib\t"
           "goal_rate\tgoal_cpu\thogs\n");
  for (i = 0; i < r->nr_cells; ++i)
    for (j = 0; j < r->nr_servers; ++j)
      tsv_row (r, i, j, fp);
}

void
report_slices (const struct report *r, FILE *fp)
{
  const struct series *series;
  const struct slice *s;
  size_t i, j, k;

  fprintf (fp, "op\tblock\tdepth\tconnections\tserver\tpair\trate\tcpu_us\t"
           "voluntary\tinvoluntary\tclient_us\ttarget_us\thogs\n");
  for (i = 0; i < r->nr_cells; ++i)
    for (j = 0; j < r->nr_servers; ++j) {
      series = &r->series[i * r->nr_servers + j];
      for (k = 0; k < series->n; ++k) {
        s = &series->slices[k];
        tsv_cell (&r->cells[i], r->names[j], fp);
        fprintf (fp, "\t%zu\t%.1f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.1f\n",
                 k, s->rate, s->cpu_us, s->voluntary, s->involuntary,
                 s->client_us, s->target_us, s->hogs);
      }
    }
}
