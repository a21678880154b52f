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
 * One thread, one poll loop; memory is fixed when the load starts.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libnbd.h>

#include "workload-model.h"

#define MEMORY_LIMIT (UINT64_C (512) << 20)
#define EXIT_WRONG 1
#define EXIT_USAGE 2
#define EXIT_HANG 3

enum op { OP_READ, OP_WRITE, OP_FUA, OP_FLUSH, OP_ZERO, OP_TRIM, OP_MAX };
static const char *const op_name[OP_MAX] = {
  "read", "write", "fua", "flush", "zero", "trim",
};

/* What the command line asks for. */
static struct {
  const char *uri, *backing;
  unsigned connections, depth;
  uint64_t block, offset, stride, slots;
  uint64_t ops;                 /* 0: no limit */
  double seconds;
  unsigned weight[OP_MAX];
  uint64_t max_errors;
  double stall_limit;
  unsigned error_pause_ms, histogram_ms;
  uint64_t seed;
  bool read_back;
} opt = {
  .connections = 1, .depth = 16, .block = 65536,
  .slots = 1024, .seconds = 10,
  .weight = { [OP_READ] = 50, [OP_WRITE] = 40, [OP_FUA] = 5,
              [OP_FLUSH] = 1, [OP_ZERO] = 2, [OP_TRIM] = 2 },
  .stall_limit = 180, .error_pause_ms = 20,
};

/* One place in a connection's queue: at most one operation in flight. */
struct worker {
  struct connection *conn;
  uint8_t *buf;
  bool busy;
  enum op op;
  uint32_t slot, seq;
  uint64_t started, not_before; /* ns */
};

struct connection {
  struct nbd_handle *nbd;
  struct worker *workers;
  bool dead;
};

/* Latencies in 16 steps per power of two of microseconds. */
#define LAT_STEPS 16
#define LAT_MAX (40 * LAT_STEPS)
#define MAX_ERRNO 200

static struct {
  uint64_t started, ended, last_done;
  uint64_t ops, by_op[OP_MAX], errors, by_errno[MAX_ERRNO];
  uint64_t wrong, by_fault[FAULT_MAX], dropped;
  uint64_t latency[LAT_MAX], latency_max, stall_max;
  uint64_t first_error, last_error, back;
  uint64_t backing_slots;
  uint64_t tick, tick_ops, tick_errors, tick_max;
} st;

static struct connection *conns;
static struct slot *slots;
static uint32_t run_id;
static uint64_t rng_state;
static unsigned in_flight;
static bool may_fua, may_flush, may_zero, may_trim;
static volatile sig_atomic_t stop_asked;

static void __attribute__((noreturn, format (printf, 1, 2)))
die (const char *fs, ...)
{
  va_list args;

  fprintf (stderr, "workload: ");
  va_start (args, fs);
  vfprintf (stderr, fs, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (EXIT_USAGE);
}

static uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static double
since_start (uint64_t t)
{
  return t == 0 ? -1 : (t - st.started) / 1e9;
}

/* xorshift64*: repeatable from --seed. */
static uint64_t
rng (void)
{
  rng_state ^= rng_state >> 12;
  rng_state ^= rng_state << 25;
  rng_state ^= rng_state >> 27;
  return rng_state * UINT64_C (0x2545f4914f6cdd1d);
}

static uint64_t
slot_offset (uint32_t index)
{
  return opt.offset + index * opt.stride;
}

/* Statistics. */

static unsigned
latency_bucket (uint64_t ns)
{
  uint64_t us = ns / 1000;
  unsigned p;

  if (us < LAT_STEPS)
    return us;
  p = 63 - __builtin_clzll (us);
  p = (p - 3) * LAT_STEPS + ((us >> (p - 4)) & (LAT_STEPS - 1));
  return p < LAT_MAX ? p : LAT_MAX - 1;
}

/* The upper end of a bucket, in ms. */
static double
bucket_ms (unsigned b)
{
  unsigned p = b / LAT_STEPS;

  if (p == 0)
    return (b + 1) / 1e3;
  return ((uint64_t) (LAT_STEPS + b % LAT_STEPS + 1) << (p - 1)) / 1e3;
}

static double
percentile_ms (double part)
{
  uint64_t sum = 0, want = st.ops * part;
  unsigned b;

  if (st.ops == 0)
    return 0;
  for (b = 0; b < LAT_MAX; ++b) {
    sum += st.latency[b];
    if (sum > want)
      break;
  }
  return bucket_ms (b < LAT_MAX ? b : LAT_MAX - 1);
}

static void
histogram (uint64_t now)
{
  uint64_t step = (uint64_t) opt.histogram_ms * 1000000;

  if (step == 0)
    return;
  while (now - st.tick >= step) {
    fprintf (stderr, "histogram: at=%.1fs ops=%" PRIu64 " errors=%" PRIu64
             " max=%.1fms\n",
             since_start (st.tick), st.tick_ops, st.tick_errors,
             st.tick_max / 1e6);
    st.tick += step;
    st.tick_ops = st.tick_errors = st.tick_max = 0;
  }
}

/* The longest time in which nothing at all came back. */
static void
note_stall (uint64_t now)
{
  uint64_t stall = now - st.last_done;

  if (in_flight > 0 && stall > st.stall_max)
    st.stall_max = stall;
}

static void
note_error (const struct worker *w, int err, uint64_t now)
{
  if (st.errors++ == 0)
    st.first_error = now;
  st.last_error = now;
  st.back = 0;
  st.tick_errors++;
  st.by_errno[err > 0 && err < MAX_ERRNO ? err : 0]++;
  if (st.errors <= 5)
    fprintf (stderr, "workload: %.3fs: %s of slot %" PRIu32 ": %s\n",
             since_start (now), op_name[w->op], w->slot, strerror (err));
}

static void
note_done (struct worker *w, int err)
{
  uint64_t now = now_ns (), took = now - w->started;

  note_stall (now);
  st.last_done = now;
  st.ops++;
  st.by_op[w->op]++;
  st.tick_ops++;
  st.latency[latency_bucket (took)]++;
  if (took > st.latency_max)
    st.latency_max = took;
  if (took > st.tick_max)
    st.tick_max = took;
  if (err != 0) {
    note_error (w, err, now);
    w->not_before = now + (uint64_t) opt.error_pause_ms * 1000000;
  }
  else if (st.last_error != 0 && st.back == 0)
    st.back = now;
}

static void
check_data (const uint8_t *buf, uint32_t index, const char *where)
{
  const struct slot *s = &slots[index];
  uint32_t seen;
  size_t cell;
  enum fault f;

  f = model_check (s, buf, opt.block, run_id, index, &seen, &cell);
  if (f == FAULT_NONE)
    return;
  st.by_fault[f]++;
  if (++st.wrong <= 10)
    fprintf (stderr, "workload: %.3fs: WRONG: %s data in %s, slot %" PRIu32
             " at byte %" PRIu64 ": write %" PRIu32 " found, %" PRIu32 "..%"
             PRIu32 "%s acceptable\n",
             since_start (now_ns ()), fault_name[f], where, index,
             slot_offset (index) + cell * MODEL_CELL, seen, s->low, s->high,
             s->zero ? " or zeroes" : "");
}

/* Operations. */

static int
done (void *vp, int *error)
{
  struct worker *w = vp;
  struct slot *s = &slots[w->slot];
  int err = *error;

  switch (w->op) {
  case OP_READ:
    if (err == 0)
      check_data (w->buf, w->slot, "a read");
    break;
  case OP_WRITE:
  case OP_FUA:
    model_written (s, w->seq, err == 0);
    break;
  case OP_ZERO:
    model_zeroed (s, err == 0);
    break;
  case OP_TRIM:
    model_trimmed (s);
    break;
  case OP_FLUSH:
  case OP_MAX:
    break;
  }
  note_done (w, err);
  if (w->op != OP_FLUSH)
    s->busy = false;
  w->busy = false;
  in_flight--;
  return 1;
}

static enum op
pick_op (void)
{
  unsigned total = 0, i, r;

  for (i = 0; i < OP_MAX; ++i)
    total += opt.weight[i];
  r = rng () % total;
  for (i = 0; r >= opt.weight[i]; ++i)
    r -= opt.weight[i];
  return i;
}

/* A slot that nobody uses: there are at least twice as many slots as
 * operations in flight.
 */
static uint32_t
pick_slot (void)
{
  uint32_t i;

  do
    i = rng () % opt.slots;
  while (slots[i].busy);
  return i;
}

static int64_t
send_op (struct worker *w)
{
  struct nbd_handle *nbd = w->conn->nbd;
  uint64_t at = slot_offset (w->slot);
  nbd_completion_callback cb = { .callback = done, .user_data = w };

  switch (w->op) {
  case OP_READ:
    /* No seed repeats soon, and it is never what a slot holds. */
    memset (w->buf, 0x80 | (st.ops & 0x7f), opt.block);
    return nbd_aio_pread (nbd, w->buf, opt.block, at, cb, 0);
  case OP_WRITE:
  case OP_FUA:
    w->seq = model_next (&slots[w->slot]);
    model_fill (w->buf, opt.block, run_id, w->slot, w->seq);
    return nbd_aio_pwrite (nbd, w->buf, opt.block, at, cb,
                           w->op == OP_FUA ? LIBNBD_CMD_FLAG_FUA : 0);
  case OP_FLUSH:
    return nbd_aio_flush (nbd, cb, 0);
  case OP_ZERO:
    return nbd_aio_zero (nbd, opt.block, at, cb,
                         rng () & 1 ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
  case OP_TRIM:
    return nbd_aio_trim (nbd, opt.block, at, cb, 0);
  case OP_MAX:
    break;
  }
  abort ();
}

static void
start_op (struct worker *w)
{
  w->op = pick_op ();
  if (w->op != OP_FLUSH) {
    w->slot = pick_slot ();
    slots[w->slot].busy = true;
    if (!slots[w->slot].known)
      w->op = OP_WRITE;
  }
  if (in_flight == 0)
    st.last_done = now_ns ();
  w->busy = true;
  w->started = now_ns ();
  in_flight++;
  if (send_op (w) == -1) {
    int err = nbd_get_errno ();

    fprintf (stderr, "workload: %s\n", nbd_get_error ());
    /* Unless the handle died, and libnbd has called back already. */
    if (w->busy)
      done (w, &err);
  }
}

/* Every operation of a dead connection is over, with an error. */
static void
bury (struct connection *c)
{
  int err = ENOTCONN;
  unsigned i;

  c->dead = true;
  st.dropped++;
  fprintf (stderr, "workload: %.3fs: the NBD connection was dropped\n",
           since_start (now_ns ()));
  /* libnbd has run the callbacks of commands that it had; not of those
   * that it never queued.
   */
  for (i = 0; i < opt.depth; ++i)
    if (c->workers[i].busy)
      done (&c->workers[i], &err);
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
          (opt.ops == 0 || st.ops + in_flight < opt.ops))
        start_op (w);
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
    die ("poll: %s", strerror (errno));

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

static bool
any_alive (void)
{
  unsigned c;

  for (c = 0; c < opt.connections; ++c)
    if (!conns[c].dead)
      return true;
  return false;
}

static void summary (void);

static void
check_hang (void)
{
  uint64_t now = now_ns ();

  note_stall (now);
  if (in_flight == 0 || now - st.last_done < opt.stall_limit * 1e9)
    return;
  fprintf (stderr, "workload: HANG: nothing came back for %.0f s, "
           "%u operations in flight\n", opt.stall_limit, in_flight);
  summary ();
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
    die ("%s", strerror (errno));
  st.started = st.last_done = st.tick = now_ns ();
  end = st.started + opt.seconds * 1e9;
  while (more || in_flight > 0) {
    more = more && !stop_asked && any_alive () &&
      (opt.ops > 0 ? st.ops < opt.ops : now_ns () < end);
    start_ops (more);
    serve (fds, 10);
    check_hang ();
    histogram (now_ns ());
  }
  st.ended = now_ns ();
  free (fds);
}

/* Read every slot once more, over the last connection that is alive. */
static void
read_back (void)
{
  uint8_t *buf = conns[0].workers[0].buf;
  struct nbd_handle *nbd = NULL;
  unsigned c;
  uint32_t i;

  for (c = 0; c < opt.connections; ++c)
    if (!conns[c].dead)
      nbd = conns[c].nbd;
  for (i = 0; nbd != NULL && i < opt.slots; ++i) {
    if (!slots[i].known)
      continue;
    if (nbd_pread (nbd, buf, opt.block, slot_offset (i), 0) == -1) {
      if (st.errors++ < 5)
        fprintf (stderr, "workload: reading back: %s\n", nbd_get_error ());
      continue;
    }
    check_data (buf, i, "the read back");
  }
}

static void
check_backing (void)
{
  uint8_t *buf = conns[0].workers[0].buf;
  uint32_t i;
  ssize_t r;
  int fd;

  fd = open (opt.backing, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    die ("%s: %s", opt.backing, strerror (errno));
  for (i = 0; i < opt.slots; ++i) {
    if (!slots[i].known)
      continue;
    r = pread (fd, buf, opt.block, slot_offset (i));
    if (r != (ssize_t) opt.block)
      die ("%s: short read at byte %" PRIu64, opt.backing, slot_offset (i));
    check_data (buf, i, "the backing file");
    st.backing_slots++;
  }
  close (fd);
}

static void
summary (void)
{
  uint64_t end = st.ended ? st.ended : now_ns ();
  const char *sep = " errno=";
  unsigned i;

  printf ("workload: ops=%" PRIu64 " errors=%" PRIu64 " wrong=%" PRIu64
          " dropped=%" PRIu64 " stall=%.3fs p50=%.3fms p99=%.3fms"
          " p999=%.3fms max=%.3fms time=%.3fs rate=%.0f/s",
          st.ops, st.errors, st.wrong, st.dropped, st.stall_max / 1e9,
          percentile_ms (0.5), percentile_ms (0.99), percentile_ms (0.999),
          st.latency_max / 1e6, since_start (end),
          st.ops / since_start (end));
  for (i = 0; i < OP_MAX; ++i)
    printf (" %s=%" PRIu64, op_name[i], st.by_op[i]);
  printf (" backing=%" PRIu64, st.backing_slots);
  if (st.errors > 0)
    printf (" first-error=%.3fs last-error=%.3fs back=%.3fs",
            since_start (st.first_error), since_start (st.last_error),
            since_start (st.back));
  for (i = 0; i < MAX_ERRNO; ++i)
    if (st.by_errno[i] > 0) {
      printf ("%s%s:%" PRIu64, sep, i ? strerrorname_np (i) : "other",
              st.by_errno[i]);
      sep = ",";
    }
  for (i = FAULT_FILL; i < FAULT_MAX; ++i)
    if (st.by_fault[i] > 0)
      printf (" %s=%" PRIu64, fault_name[i], st.by_fault[i]);
  putchar ('\n');
  fflush (stdout);
}

/* Setting up. */

static void
connect_all (void)
{
  unsigned c;

  conns = calloc (opt.connections, sizeof *conns);
  if (conns == NULL)
    die ("%s", strerror (errno));
  for (c = 0; c < opt.connections; ++c) {
    struct nbd_handle *nbd = nbd_create ();

    if (nbd == NULL)
      die ("%s", nbd_get_error ());
    /* The model wants to see what the server sent, not libnbd's zeroes. */
    nbd_set_pread_initialize (nbd, false);
    nbd_set_strict_mode (nbd, 0);
    if (nbd_connect_uri (nbd, opt.uri) == -1)
      die ("%s", nbd_get_error ());
    conns[c].nbd = nbd;
  }
  may_flush = nbd_can_flush (conns[0].nbd) == 1;
  may_fua = nbd_can_fua (conns[0].nbd) == 1;
  may_zero = nbd_can_zero (conns[0].nbd) == 1;
  may_trim = nbd_can_trim (conns[0].nbd) == 1;
}

/* What the server cannot do is not asked of it. */
static void
limit_ops (void)
{
  const struct { enum op op; bool may; } ops[] = {
    { OP_FLUSH, may_flush }, { OP_FUA, may_fua },
    { OP_ZERO, may_zero }, { OP_TRIM, may_trim },
  };
  size_t i;

  for (i = 0; i < sizeof ops / sizeof ops[0]; ++i) {
    if (!ops[i].may && opt.weight[ops[i].op] > 0) {
      fprintf (stderr, "workload: the server offers no %s\n",
               op_name[ops[i].op]);
      opt.weight[ops[i].op] = 0;
    }
  }
  if (opt.weight[OP_READ] + opt.weight[OP_WRITE] + opt.weight[OP_FUA] == 0)
    die ("nothing to do: the mix has neither reads nor writes");
}

static void
size_slots (void)
{
  int64_t size = nbd_get_size (conns[0].nbd);
  uint64_t queue = (uint64_t) opt.connections * opt.depth, fit;

  if (size == -1)
    die ("%s", nbd_get_error ());
  if (opt.stride == 0)
    opt.stride = opt.block;
  if (opt.stride < opt.block)
    die ("--stride must be at least --block-size");
  if ((uint64_t) size < opt.offset + opt.block)
    die ("the export is too small");
  fit = (size - opt.offset - opt.block) / opt.stride + 1;
  if (opt.slots > fit)
    opt.slots = fit;
  if (opt.slots < queue * 2)
    die ("%" PRIu64 " slots are too few for %" PRIu64 " operations in flight",
         opt.slots, queue);
  if (queue * opt.block + opt.slots * sizeof *slots > MEMORY_LIMIT)
    die ("too much memory: fewer or smaller operations, please");
}

static void
allocate (void)
{
  unsigned c, i;

  slots = calloc (opt.slots, sizeof *slots);
  if (slots == NULL)
    die ("%s", strerror (errno));
  for (c = 0; c < opt.connections; ++c) {
    conns[c].workers = calloc (opt.depth, sizeof *conns[c].workers);
    if (conns[c].workers == NULL)
      die ("%s", strerror (errno));
    for (i = 0; i < opt.depth; ++i) {
      conns[c].workers[i].conn = &conns[c];
      conns[c].workers[i].buf = malloc (opt.block);
      if (conns[c].workers[i].buf == NULL)
        die ("%s", strerror (errno));
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
  free (slots);
}

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
  die ("--%s: '%s' is no number", what, str);
}

static unsigned
parse_unsigned (const char *str, const char *what)
{
  uint64_t v = parse_size (str, what);

  if (v > INT_MAX)
    die ("--%s: '%s' is too large", what, str);
  return v;
}

static double
parse_seconds (const char *str, const char *what)
{
  char *end;
  double v = strtod (str, &end);

  if (end == str || *end != '\0' || !(v >= 0 && v <= 1e6))
    die ("--%s: '%s' is no number of seconds", what, str);
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
      die ("--mix: '%s' is not OPERATION=WEIGHT", value ? value : "");
    opt.weight[i] = parse_unsigned (value, "mix");
    if (opt.weight[i] > 1000000)
      die ("--mix: '%s' is too large", value);
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

static void
parse_options (int argc, char *argv[])
{
  int o, i = 0;

  while ((o = getopt_long (argc, argv, "", options, &i)) != -1)
    set_option (o, o == '?' ? "" : options[i].name);
  if (optind != argc - 1)
    die ("one NBD URI is needed; try --help");
  opt.uri = argv[optind];
  if (opt.connections == 0 || opt.depth == 0 || opt.slots == 0)
    die ("--connections, --depth and --slots must not be 0");
  if (opt.block == 0 || opt.block > 32 * 1024 * 1024)
    die ("--block-size must be from 1 to 32M");
}

static void
seed_rng (void)
{
  if (opt.seed == 0)
    opt.seed = now_ns ();
  fprintf (stderr, "workload: seed %" PRIu64 "\n", opt.seed);
  rng_state = opt.seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
  run_id = rng ();
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
  seed_rng ();
  signal (SIGPIPE, SIG_IGN);
  connect_all ();
  sigaction (SIGTERM, &sa, NULL);
  sigaction (SIGINT, &sa, NULL);
  limit_ops ();
  size_slots ();
  allocate ();
  load ();
  if (opt.read_back)
    read_back ();
  if (opt.backing != NULL)
    check_backing ();
  summary ();
  close_all ();
  return st.wrong > 0 || st.dropped > 0 || st.errors > opt.max_errors
    ? EXIT_WRONG : EXIT_SUCCESS;
}
