/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const struct options defaults = {
  .ops = { { RANDREAD, RANDWRITE, READ, WRITE }, 4 },
  .blocks = { { 4096, 65536, 1048576 }, 3 },
  .depths = { { 1, 4, 16 }, 3 },
  .connections = { { 1, 4 }, 2 },
  .rounds = 4,
  .pairs = 2,
  .slice_ms = 40,
  .warm_ms = 10,
};

enum {
  OPT_HELP = 256, OPT_OP, OPT_BLOCK, OPT_DEPTH, OPT_CONNECTIONS, OPT_ROUNDS,
  OPT_PAIRS, OPT_SECONDS, OPT_SLICE, OPT_WARM, OPT_SIMPLE, OPT_HOGS, OPT_IDLE,
  OPT_MEMORY, OPT_TARGET, OPT_CHECK, OPT_TSV, OPT_SLICES,
};

static const struct option long_options[] = {
  { "help",           no_argument,       NULL, OPT_HELP },
  { "op",             required_argument, NULL, OPT_OP },
  { "bs",             required_argument, NULL, OPT_BLOCK },
  { "qd",             required_argument, NULL, OPT_DEPTH },
  { "connections",    required_argument, NULL, OPT_CONNECTIONS },
  { "rounds",         required_argument, NULL, OPT_ROUNDS },
  { "pairs",          required_argument, NULL, OPT_PAIRS },
  { "seconds",        required_argument, NULL, OPT_SECONDS },
  { "slice",          required_argument, NULL, OPT_SLICE },
  { "warm",           required_argument, NULL, OPT_WARM },
  { "simple-replies", no_argument,       NULL, OPT_SIMPLE },
  { "hogs",           required_argument, NULL, OPT_HOGS },
  { "idle",           required_argument, NULL, OPT_IDLE },
  { "memory",         required_argument, NULL, OPT_MEMORY },
  { "target-pid",     required_argument, NULL, OPT_TARGET },
  { "check",          no_argument,       NULL, OPT_CHECK },
  { "tsv",            required_argument, NULL, OPT_TSV },
  { "slices",         required_argument, NULL, OPT_SLICES },
  { NULL, 0, NULL, 0 },
};

static void
usage (FILE *fp)
{
  fprintf (fp,
"usage: bench-nbd [OPTIONS] NAME,URI,PID[,PID...] NAME,URI,PID[,PID...] ...\n"
"Loads NBD servers of one disk in turn and compares each with the first.\n"
"The matrix:\n"
"  --op LIST           of randread,randwrite,read,write (default: all)\n"
"  --bs LIST           request sizes (4k,64k,1m)\n"
"  --qd LIST           requests in flight on a connection (1,4,16)\n"
"  --connections LIST  connections to a server (1,4)\n"
"How long:\n"
"  --rounds N          passes over the matrix, with new connections (4)\n"
"  --pairs N           slices of each server and cell in a pass (2)\n"
"  --seconds N         stop after N seconds, but not in the first pass\n"
"  --slice MS          length of a slice (40)\n"
"  --warm MS           length of the slice before, which is not counted (10)\n"
"How:\n"
"  --simple-replies    do not ask the servers for structured replies\n"
"  --hogs N            processes that burn CPU beside it all (0)\n"
"  --target-pid PID    count the CPU of the iSCSI target too\n"
"  --check             exit with status 2 if a goal is missed\n"
"  --tsv FILE          write the results to FILE\n"
"  --slices FILE       write every slice to FILE\n"
"Instead of the matrix:\n"
"  --idle SECONDS      CPU used by servers with idle connections\n"
"  --memory SECONDS    resident memory under load (the largest of each list)\n"
           );
}

static unsigned
parse_number (const char *what, const char *text)
{
  unsigned long n;
  char *end;

  errno = 0;
  n = strtoul (text, &end, 10);
  if (end != text && (*end == 'k' || *end == 'm'))
    n <<= *end++ == 'k' ? 10 : 20;
  if (end == text || *end != '\0' || errno != 0 || n > 1U << 30)
    errx (EXIT_FAILURE, "%s: not a number: %s", what, text);
  return n;
}

static unsigned
parse_positive (const char *what, const char *text)
{
  unsigned n = parse_number (what, text);

  if (n == 0)
    errx (EXIT_FAILURE, "%s: must not be 0", what);
  return n;
}

static unsigned
parse_operation (const char *what, const char *text)
{
  unsigned i;

  for (i = 0; i < NR_OPERATIONS; ++i)
    if (strcmp (text, operation_names[i]) == 0)
      return i;
  errx (EXIT_FAILURE, "%s: unknown operation: %s", what, text);
}

static void
parse_list (struct list *l, const char *what, char *text,
            unsigned (*parse) (const char *, const char *))
{
  char *save, *word;

  l->n = 0;
  for (word = strtok_r (text, ",", &save); word != NULL;
       word = strtok_r (NULL, ",", &save)) {
    if (l->n == MAX_LIST)
      errx (EXIT_FAILURE, "%s: too many values", what);
    l->value[l->n++] = parse (what, word);
  }
  if (l->n == 0)
    errx (EXIT_FAILURE, "%s: empty list", what);
}

static void
parse_server (struct options *o, char *text)
{
  struct server *s = &o->servers[o->nr_servers];
  char *save, *word;

  if (o->nr_servers++ == MAX_SERVERS)
    errx (EXIT_FAILURE, "too many servers");
  s->name = strtok_r (text, ",", &save);
  s->uri = strtok_r (NULL, ",", &save);
  while ((word = strtok_r (NULL, ",", &save)) != NULL) {
    if (s->nr_meters == MAX_PIDS)
      errx (EXIT_FAILURE, "%s: too many processes", s->name);
    meter_attach (&s->meters[s->nr_meters++], parse_positive ("pid", word));
  }
  if (s->nr_meters == 0)
    errx (EXIT_FAILURE, "a server is NAME,URI,PID: try --help");
}

static void
parse_option (struct options *o, int c)
{
  switch (c) {
  case OPT_HELP:
    usage (stdout);
    exit (EXIT_SUCCESS);
  case OPT_OP: parse_list (&o->ops, "--op", optarg, parse_operation); break;
  case OPT_BLOCK:
    parse_list (&o->blocks, "--bs", optarg, parse_positive);
    break;
  case OPT_DEPTH:
    parse_list (&o->depths, "--qd", optarg, parse_positive);
    break;
  case OPT_CONNECTIONS:
    parse_list (&o->connections, "--connections", optarg, parse_positive);
    break;
  case OPT_ROUNDS: o->rounds = parse_positive ("--rounds", optarg); break;
  case OPT_PAIRS: o->pairs = parse_positive ("--pairs", optarg); break;
  case OPT_SECONDS: o->seconds = parse_positive ("--seconds", optarg); break;
  case OPT_SLICE: o->slice_ms = parse_positive ("--slice", optarg); break;
  case OPT_WARM: o->warm_ms = parse_number ("--warm", optarg); break;
  case OPT_SIMPLE: o->simple_replies = true; break;
  case OPT_HOGS: o->hogs = parse_number ("--hogs", optarg); break;
  case OPT_IDLE: o->idle_s = parse_positive ("--idle", optarg); break;
  case OPT_MEMORY: o->memory_s = parse_positive ("--memory", optarg); break;
  case OPT_TARGET:
    meter_attach (&o->target, parse_positive ("--target-pid", optarg));
    o->have_target = true;
    break;
  case OPT_CHECK: o->check = true; break;
  case OPT_TSV: o->tsv = optarg; break;
  case OPT_SLICES: o->slices = optarg; break;
  default:
    usage (stderr);
    exit (EXIT_FAILURE);
  }
}

void
options_parse (struct options *o, int argc, char *argv[])
{
  int c;

  *o = defaults;
  while ((c = getopt_long (argc, argv, "", long_options, NULL)) != -1)
    parse_option (o, c);
  while (optind < argc)
    parse_server (o, argv[optind++]);
  if (o->nr_servers < (o->idle_s || o->memory_s ? 1 : 2))
    errx (EXIT_FAILURE, "at least two servers are needed: try --help");
}
