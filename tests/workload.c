/* SPDX-License-Identifier: BSD-3-Clause */

/* A model-checked load on an NBD export.
 *
 *   workload [OPTIONS] NBD-URI
 *
 * Several connections with several operations in flight each pick slots at
 * random, one operation per slot at a time, over all connections together:
 * a write acknowledged on one connection must be seen on every other.
 * Every read is checked against the model (workload-model.h), and at the
 * end the target's backing file, too, if it is given.
 *
 * The last line on stdout sums up, in key=value form.  Exit status: 0
 * nothing wrong; 1 wrong data, more errors than allowed or a connection
 * dropped; 2 usage or setup; 3 a hang.
 *
 * One thread, one poll loop, which is here; workload-ops.c has the
 * operations, workload-slots.c the places on the disk, workload-report.c
 * the figures and workload-options.c the command line.  Memory is fixed
 * when the load starts.
 */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libnbd.h>

#include "workload-common.h"
#include "workload-ops.h"
#include "workload-options.h"
#include "workload-report.h"
#include "workload-slots.h"

#define MEMORY_LIMIT (UINT64_C (512) << 20)

struct connection {
  struct nbd_handle *nbd;
  struct worker *workers;
  bool dead;
};

static struct connection *conns;
static volatile sig_atomic_t stop_asked;

/* The load. */

/* NULL: none is. */
static struct nbd_handle *
last_alive (void)
{
  struct nbd_handle *nbd = NULL;
  unsigned c;

  for (c = 0; c < opt.connections; ++c)
    if (!conns[c].dead)
      nbd = conns[c].nbd;
  return nbd;
}

/* Every operation of a dead connection is over, with an error. */
static void
bury (struct connection *c)
{
  unsigned i;

  c->dead = true;
  report_dropped ();
  /* libnbd has run the callbacks of commands that it had; not of those
   * that it never queued.
   */
  for (i = 0; i < opt.depth; ++i)
    if (c->workers[i].busy)
      op_fail (&c->workers[i], ENOTCONN);
}

static void
start_ops (bool more)
{
  uint64_t now = now_ns ();
  unsigned c, i;

  for (c = 0; more && c < opt.connections; ++c) {
    for (i = 0; i < opt.depth && !conns[c].dead; ++i) {
      struct worker *w = &conns[c].workers[i];

      if (!w->busy && w->not_before <= now &&
          (opt.ops == 0 || report_ops () + ops_in_flight () < opt.ops))
        op_start (w);
    }
  }
}

/* Wait until something can go on, at most ‘ms’. */
static void
serve (struct pollfd *fds, int ms)
{
  unsigned c, dir;

  for (c = 0; c < opt.connections; ++c) {
    fds[c] = (struct pollfd) { .fd = -1 };
    if (conns[c].dead)
      continue;
    fds[c].fd = nbd_aio_get_fd (conns[c].nbd);
    dir = nbd_aio_get_direction (conns[c].nbd);
    if (dir & LIBNBD_AIO_DIRECTION_READ)
      fds[c].events |= POLLIN;
    if (dir & LIBNBD_AIO_DIRECTION_WRITE)
      fds[c].events |= POLLOUT;
  }
  if (poll (fds, opt.connections, ms) == -1 && errno != EINTR)
    err (EXIT_USAGE, "poll");

  for (c = 0; c < opt.connections; ++c) {
    struct nbd_handle *nbd = conns[c].nbd;

    if (conns[c].dead)
      continue;
    dir = nbd_aio_get_direction (nbd);
    /* A failure shows as a dead or closed handle below. */
    if ((fds[c].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
        (dir & LIBNBD_AIO_DIRECTION_READ) != 0)
      nbd_aio_notify_read (nbd);
    else if ((fds[c].revents & POLLOUT) != 0 &&
             (dir & LIBNBD_AIO_DIRECTION_WRITE) != 0)
      nbd_aio_notify_write (nbd);
    if (nbd_aio_is_dead (nbd) || nbd_aio_is_closed (nbd))
      bury (&conns[c]);
  }
}

static void
check_hang (void)
{
  if (ops_in_flight () == 0 ||
      report_stall (now_ns ()) < opt.stall_limit * 1e9)
    return;
  report_hang (ops_in_flight ());
  /* No tidying up: libnbd would wait for the server. */
  _exit (EXIT_HANG);
}

static void
load (void)
{
  struct pollfd *fds = calloc (opt.connections, sizeof *fds);
  uint64_t end;
  bool more = true;

  if (fds == NULL)
    err (EXIT_USAGE, NULL);
  end = report_start () + opt.seconds * 1e9;
  while (more || ops_in_flight () > 0) {
    more = more && !stop_asked && last_alive () != NULL &&
      (opt.ops > 0 ? report_ops () < opt.ops : now_ns () < end);
    start_ops (more);
    serve (fds, 10);
    check_hang ();
    report_histogram (now_ns ());
  }
  report_end ();
  free (fds);
}

/* Setting up. */

static void
connect_all (void)
{
  unsigned c;

  conns = calloc (opt.connections, sizeof *conns);
  if (conns == NULL)
    err (EXIT_USAGE, NULL);
  for (c = 0; c < opt.connections; ++c) {
    struct nbd_handle *nbd = nbd_create ();

    if (nbd == NULL)
      errx (EXIT_USAGE, "%s", nbd_get_error ());
    /* The model wants to see what the server sent, not libnbd's zeroes. */
    nbd_set_pread_initialize (nbd, false);
    nbd_set_strict_mode (nbd, 0);
    if (nbd_connect_uri (nbd, opt.uri) == -1)
      errx (EXIT_USAGE, "%s", nbd_get_error ());
    conns[c].nbd = nbd;
  }
}

/* What the server cannot do is not asked of it. */
static void
limit_ops (void)
{
  static const struct {
    enum op op;
    int (*can) (struct nbd_handle *nbd);
  } ops[] = {
    { OP_FLUSH, nbd_can_flush }, { OP_FUA, nbd_can_fua },
    { OP_ZERO, nbd_can_zero }, { OP_TRIM, nbd_can_trim },
  };
  size_t i;

  for (i = 0; i < sizeof ops / sizeof ops[0]; ++i) {
    if (ops[i].can (conns[0].nbd) != 1 && opt.weight[ops[i].op] > 0) {
      fprintf (stderr, "workload: the server offers no %s\n",
               op_name[ops[i].op]);
      opt.weight[ops[i].op] = 0;
    }
  }
  if (opt.weight[OP_READ] + opt.weight[OP_WRITE] + opt.weight[OP_FUA] == 0)
    errx (EXIT_USAGE, "nothing to do: the mix has neither reads nor writes");
}

static void
size_slots (void)
{
  int64_t size = nbd_get_size (conns[0].nbd);
  uint64_t queue = (uint64_t) opt.connections * opt.depth, fit;

  if (size == -1)
    errx (EXIT_USAGE, "%s", nbd_get_error ());
  if (opt.stride == 0)
    opt.stride = opt.block;
  if (opt.stride < opt.block)
    errx (EXIT_USAGE, "--stride must be at least --block-size");
  if ((uint64_t) size < opt.offset + opt.block)
    errx (EXIT_USAGE, "the export is too small");
  fit = (size - opt.offset - opt.block) / opt.stride + 1;
  if (opt.slots > fit)
    opt.slots = fit;
  if (opt.slots < queue * 2)
    errx (EXIT_USAGE, "%" PRIu64 " slots are too few for %" PRIu64
          " operations in flight", opt.slots, queue);
  if (queue * opt.block + opt.slots * sizeof (struct slot) > MEMORY_LIMIT)
    errx (EXIT_USAGE, "too much memory: fewer or smaller operations, please");
}

static void
allocate (void)
{
  unsigned c, i;

  slots_init ();
  for (c = 0; c < opt.connections; ++c) {
    conns[c].workers = calloc (opt.depth, sizeof *conns[c].workers);
    if (conns[c].workers == NULL)
      err (EXIT_USAGE, NULL);
    for (i = 0; i < opt.depth; ++i) {
      conns[c].workers[i].nbd = conns[c].nbd;
      conns[c].workers[i].buf = malloc (opt.block);
      if (conns[c].workers[i].buf == NULL)
        err (EXIT_USAGE, NULL);
    }
  }
}

static void
close_all (void)
{
  unsigned c, i;

  for (c = 0; c < opt.connections; ++c) {
    if (!conns[c].dead)
      nbd_shutdown (conns[c].nbd, 0);
    nbd_close (conns[c].nbd);
    for (i = 0; i < opt.depth; ++i)
      free (conns[c].workers[i].buf);
    free (conns[c].workers);
  }
  free (conns);
  slots_free ();
}

static void
choose_seed (void)
{
  if (opt.seed == 0)
    opt.seed = now_ns ();
  fprintf (stderr, "workload: seed %" PRIu64 "\n", opt.seed);
  seed_rng (opt.seed);
}

static void
on_signal (int sig __attribute__((unused)))
{
  stop_asked = 1;
}

int
main (int argc, char *argv[])
{
  const struct sigaction sa = { .sa_handler = on_signal };

  parse_options (argc, argv);
  choose_seed ();
  signal (SIGPIPE, SIG_IGN);
  connect_all ();
  sigaction (SIGTERM, &sa, NULL);
  sigaction (SIGINT, &sa, NULL);
  limit_ops ();
  size_slots ();
  allocate ();
  load ();
  if (opt.read_back)
    slots_read_back (last_alive (), conns[0].workers[0].buf);
  if (opt.backing != NULL)
    slots_check_backing (conns[0].workers[0].buf);
  report_summary ();
  close_all ();
  return report_good () ? EXIT_SUCCESS : EXIT_WRONG;
}
