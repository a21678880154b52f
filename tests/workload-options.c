/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload-common.h"
#include "workload-options.h"

struct options opt = {
  .connections = 1, .depth = 16, .block = 65536,
  .slots = 1024, .seconds = 10,
  .weight = { [OP_READ] = 50, [OP_WRITE] = 40, [OP_FUA] = 5,
              [OP_FLUSH] = 1, [OP_ZERO] = 2, [OP_TRIM] = 2 },
  .stall_limit = 180, .error_pause_ms = 20,
};

static uint64_t
parse_size (const char *str, const char *what)
{
  char *end;
  uint64_t v;

  errno = 0;
  v = strtoull (str, &end, 0);
  if (errno == 0 && end != str && *str != '-') {
    switch (*end) {
    case 'G': v <<= 10; /* fallthrough */
    case 'M': v <<= 10; /* fallthrough */
    case 'K': v <<= 10; end++; break;
    default: break;
    }
    if (*end == '\0')
      return v;
  }
  errx (EXIT_USAGE, "--%s: '%s' is no number", what, str);
}

static unsigned
parse_unsigned (const char *str, const char *what)
{
  uint64_t v = parse_size (str, what);

  if (v > INT_MAX)
    errx (EXIT_USAGE, "--%s: '%s' is too large", what, str);
  return v;
}

static double
parse_seconds (const char *str, const char *what)
{
  char *end;
  double v = strtod (str, &end);

  if (end == str || *end != '\0' || !(v >= 0 && v <= 1e6))
    errx (EXIT_USAGE, "--%s: '%s' is no number of seconds", what, str);
  return v;
}

/* "read=50,write=40": what is not named is 0. */
static void
parse_mix (char *str)
{
  char *const tokens[] = {
    (char *) "read", (char *) "write", (char *) "fua", (char *) "flush",
    (char *) "zero", (char *) "trim", NULL,
  };
  char *value;
  int i;

  memset (opt.weight, 0, sizeof opt.weight);
  while (*str != '\0') {
    i = getsubopt (&str, tokens, &value);
    if (i < 0 || value == NULL)
      errx (EXIT_USAGE, "--mix: '%s' is not OPERATION=WEIGHT",
            value ? value : "");
    opt.weight[i] = parse_unsigned (value, "mix");
    if (opt.weight[i] > 1000000)
      errx (EXIT_USAGE, "--mix: '%s' is too large", value);
  }
}

static void
usage (void)
{
  printf ("\
workload [OPTIONS] NBD-URI\n\
  --backing FILE       check the target's backing file at the end\n\
  --block-size SIZE    of every operation, any number (64K)\n\
  --connections N      NBD connections (1)\n\
  --depth N            operations in flight on each (16)\n\
  --error-pause MS     before the next operation after an error (20)\n\
  --histogram MS       a line on stderr for each such interval (0: none)\n\
  --max-errors N       that many operations may fail, or 'any' (0)\n\
  --mix OP=WEIGHT,...  of read, write, fua, flush, zero, trim\n\
                       (read=50,write=40,fua=5,flush=1,zero=2,trim=2)\n\
  --offset SIZE        of the first slot (0)\n\
  --ops N              stop after N operations rather than --seconds\n\
  --read-back          read every slot once more at the end\n\
  --seconds S          how long (10)\n\
  --seed N             of the random choices (the time)\n\
  --slots N            at most (1024)\n\
  --stall-limit S      without any completion: a hang, exit 3 (180)\n\
  --stride SIZE        from slot to slot (--block-size)\n");
}

enum {
  O_BACKING = 256, O_BLOCK, O_CONNECTIONS, O_DEPTH, O_PAUSE, O_HISTOGRAM,
  O_MAX_ERRORS, O_MIX, O_OFFSET, O_OPS, O_READ_BACK, O_SECONDS, O_SEED,
  O_SLOTS, O_STALL, O_STRIDE, O_HELP
};

static const struct option options[] = {
  { "backing", required_argument, NULL, O_BACKING },
  { "block-size", required_argument, NULL, O_BLOCK },
  { "connections", required_argument, NULL, O_CONNECTIONS },
  { "depth", required_argument, NULL, O_DEPTH },
  { "error-pause", required_argument, NULL, O_PAUSE },
  { "histogram", required_argument, NULL, O_HISTOGRAM },
  { "max-errors", required_argument, NULL, O_MAX_ERRORS },
  { "mix", required_argument, NULL, O_MIX },
  { "offset", required_argument, NULL, O_OFFSET },
  { "ops", required_argument, NULL, O_OPS },
  { "read-back", no_argument, NULL, O_READ_BACK },
  { "seconds", required_argument, NULL, O_SECONDS },
  { "seed", required_argument, NULL, O_SEED },
  { "slots", required_argument, NULL, O_SLOTS },
  { "stall-limit", required_argument, NULL, O_STALL },
  { "stride", required_argument, NULL, O_STRIDE },
  { "help", no_argument, NULL, O_HELP },
  { NULL, 0, NULL, 0 }
};

static void
set_option (int o, const char *name)
{
  switch (o) {
  case O_BACKING: opt.backing = optarg; break;
  case O_BLOCK: opt.block = parse_size (optarg, name); break;
  case O_CONNECTIONS: opt.connections = parse_unsigned (optarg, name); break;
  case O_DEPTH: opt.depth = parse_unsigned (optarg, name); break;
  case O_PAUSE: opt.error_pause_ms = parse_unsigned (optarg, name); break;
  case O_HISTOGRAM: opt.histogram_ms = parse_unsigned (optarg, name); break;
  case O_MAX_ERRORS:
    opt.max_errors = strcmp (optarg, "any") == 0 ? UINT64_MAX
      : parse_size (optarg, name);
    break;
  case O_MIX: parse_mix (optarg); break;
  case O_OFFSET: opt.offset = parse_size (optarg, name); break;
  case O_OPS: opt.ops = parse_size (optarg, name); break;
  case O_READ_BACK: opt.read_back = true; break;
  case O_SECONDS: opt.seconds = parse_seconds (optarg, name); break;
  case O_SEED: opt.seed = parse_size (optarg, name); break;
  case O_SLOTS: opt.slots = parse_unsigned (optarg, name); break;
  case O_STALL: opt.stall_limit = parse_seconds (optarg, name); break;
  case O_STRIDE: opt.stride = parse_size (optarg, name); break;
  case O_HELP: usage (); exit (EXIT_SUCCESS);
  default: exit (EXIT_USAGE);
  }
}

void
parse_options (int argc, char *argv[])
{
  int o, i = 0;

  while ((o = getopt_long (argc, argv, "", options, &i)) != -1)
    set_option (o, o == '?' ? "" : options[i].name);
  if (optind != argc - 1)
    errx (EXIT_USAGE, "one NBD URI is needed; try --help");
  opt.uri = argv[optind];
  if (opt.connections == 0 || opt.depth == 0 || opt.slots == 0)
    errx (EXIT_USAGE, "--connections, --depth and --slots must not be 0");
  if (opt.block == 0 || opt.block > 32 * 1024 * 1024)
    errx (EXIT_USAGE, "--block-size must be from 1 to 32M");
}
