/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libnbd.h>

#include "load.h"
#include "meter.h"

#define STALL_MS 30000

const char *const operation_names[NR_OPERATIONS] = {
  [RANDREAD]  = "randread",
  [RANDWRITE] = "randwrite",
  [READ]      = "read",
  [WRITE]     = "write",
};

/* One place in the queue of a connection. */
struct slot {
  struct connection *connection;
  struct slot *next;            /* while free */
  char *buffer;
  int64_t start;
};

struct connection {
  struct load *load;
  struct nbd_handle *nbd;
  struct slot *slots, *free;
  uint64_t start, cursor, blocks; /* of sequential I/O: in blocks */
  unsigned in_flight;
};

struct load {
  const char *name;
  struct connection *connections;
  struct pollfd *poll;
  unsigned nr_connections, depth, block;
  uint64_t size;
  char *memory;

  /* The slice under way. */
  const struct cell *cell;
  struct histogram *latencies;
  uint64_t random, done;
  unsigned in_flight;
  int64_t now;
};

/* xorshift64*: the low bits are weak, so the high half is used. */
static uint64_t
next_random (struct load *load)
{
  load->random ^= load->random >> 12;
  load->random ^= load->random << 25;
  load->random ^= load->random >> 27;
  return (load->random * UINT64_C (0x2545f4914f6cdd1d)) >> 32;
}

static void
fail (const struct load *load, const char *what)
{
  errx (EXIT_FAILURE, "%s: %s: %s", load->name, what, nbd_get_error ());
}

static void
connection_open (struct load *load, struct connection *c, const char *uri,
                 bool simple_replies)
{
  c->load = load;
  c->nbd = nbd_create ();
  if (c->nbd == NULL)
    fail (load, "nbd_create");

  /* The client must cost little: no checks of its own, no clearing of buffers
   * that are about to be filled.
   */
  if (nbd_set_strict_mode (c->nbd, 0) == -1 ||
#if LIBNBD_HAVE_NBD_SET_PREAD_INITIALIZE
      nbd_set_pread_initialize (c->nbd, false) == -1 ||
#endif
      nbd_set_request_structured_replies (c->nbd, !simple_replies) == -1 ||
      nbd_connect_uri (c->nbd, uri) == -1)
    fail (load, uri);
}

static void
connection_close (struct connection *c)
{
  nbd_shutdown (c->nbd, 0);
  nbd_close (c->nbd);
  free (c->slots);
}

static void
connection_allocate (struct connection *c, char *memory)
{
  struct load *load = c->load;
  unsigned i;

  c->slots = calloc (load->depth, sizeof *c->slots);
  if (c->slots == NULL)
    err (EXIT_FAILURE, "calloc");
  for (i = 0; i < load->depth; ++i) {
    c->slots[i].connection = c;
    c->slots[i].buffer = memory + (size_t) i * load->block;
  }
}

struct load *
load_open (const char *name, const char *uri,
           unsigned connections, unsigned depth, unsigned block,
           bool simple_replies)
{
  struct load *load = calloc (1, sizeof *load);
  size_t each = (size_t) depth * block;
  int64_t size;
  unsigned i;

  if (load == NULL)
    err (EXIT_FAILURE, "calloc");
  load->name = name;
  load->nr_connections = connections;
  load->depth = depth;
  load->block = block;
  load->connections = calloc (connections, sizeof *load->connections);
  load->poll = calloc (connections, sizeof *load->poll);
  load->memory = aligned_alloc (4096, each * connections);
  if (!load->connections || !load->poll || !load->memory)
    err (EXIT_FAILURE, "calloc");

  /* Data that no layer can mistake for zeroes; touched now, so that no slice
   * pays for page faults.
   */
  memset (load->memory, 0x5a, each * connections);

  for (i = 0; i < connections; ++i) {
    connection_open (load, &load->connections[i], uri, simple_replies);
    connection_allocate (&load->connections[i], load->memory + i * each);
  }
  size = nbd_get_size (load->connections[0].nbd);
  if (size == -1)
    fail (load, "size");
  load->size = size;
  if (load->size / block < connections)
    errx (EXIT_FAILURE, "%s: the export is too small", name);
  return load;
}

void
load_close (struct load *load)
{
  unsigned i;

  for (i = 0; i < load->nr_connections; ++i)
    connection_close (&load->connections[i]);
  free (load->connections);
  free (load->poll);
  free (load->memory);
  free (load);
}

/* Called by libnbd with the lock of the handle held: it may only take note. */
static int
completed (void *opaque, int *error)
{
  struct slot *s = opaque;
  struct connection *c = s->connection;
  struct load *load = c->load;

  if (*error != 0) {
    errno = *error;
    err (EXIT_FAILURE, "%s: a request failed", load->name);
  }
  if (load->latencies != NULL) {
    load->now = meter_clock (CLOCK_MONOTONIC);
    histogram_add (load->latencies, load->now - s->start);
  }
  s->next = c->free;
  c->free = s;
  c->in_flight--;
  load->in_flight--;
  load->done++;
  return 1;                     /* nothing is left to retire */
}

static uint64_t
next_offset (struct connection *c)
{
  struct load *load = c->load;
  const struct cell *cell = load->cell;
  uint64_t offset;

  if (cell->op == RANDREAD || cell->op == RANDWRITE)
    return next_random (load) % (load->size / cell->block) * cell->block;

  offset = (c->start + c->cursor) * cell->block;
  if (++c->cursor == c->blocks)
    c->cursor = 0;
  return offset;
}

static void
submit (struct connection *c, struct slot *s)
{
  struct load *load = c->load;
  const struct cell *cell = load->cell;
  nbd_completion_callback cb = { .callback = completed, .user_data = s };
  uint64_t offset = next_offset (c);
  int64_t cookie;

  /* Counted first: the reply may have come before the call returns. */
  c->in_flight++;
  load->in_flight++;
  if (load->latencies != NULL)
    s->start = meter_clock (CLOCK_MONOTONIC);
  if (cell->op == RANDREAD || cell->op == READ)
    cookie = nbd_aio_pread (c->nbd, s->buffer, cell->block, offset, cb, 0);
  else
    cookie = nbd_aio_pwrite (c->nbd, s->buffer, cell->block, offset, cb, 0);
  if (cookie == -1)
    fail (load, "submission");
}

static void
fill (struct connection *c)
{
  struct slot *s;

  while ((s = c->free) != NULL) {
    c->free = s->next;
    submit (c, s);
  }
}

/* Gives the connection the slots of this cell and its own stretch of the
 * disk, beginning where its last slice of this block size would go on.
 */
static void
prepare (struct load *load, struct connection *c, unsigned index)
{
  const struct cell *cell = load->cell;
  unsigned i;

  c->free = NULL;
  for (i = 0; i < cell->depth; ++i) {
    c->slots[i].next = c->free;
    c->free = &c->slots[i];
  }
  c->blocks = load->size / cell->block / cell->connections;
  c->start = index * c->blocks;
  c->cursor %= c->blocks;
}

static void
wait_and_notify (struct load *load)
{
  unsigned i, n = load->cell->connections;
  struct pollfd *p = load->poll;
  int r;

  for (i = 0; i < n; ++i) {
    struct connection *c = &load->connections[i];
    unsigned direction = nbd_aio_get_direction (c->nbd);

    p[i].fd = c->in_flight > 0 ? nbd_aio_get_fd (c->nbd) : -1;
    p[i].events = (direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0)
      | (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0);
    p[i].revents = 0;
  }

  r = poll (p, n, STALL_MS);
  if (r == -1 && errno != EINTR)
    err (EXIT_FAILURE, "poll");
  if (r == 0)
    errx (EXIT_FAILURE, "%s: no answer to %u requests for %d seconds",
          load->name, load->in_flight, STALL_MS / 1000);

  for (i = 0; i < n; ++i) {
    struct nbd_handle *nbd = load->connections[i].nbd;

    if ((p[i].revents & (POLLIN | POLLHUP | POLLERR) &&
         nbd_aio_notify_read (nbd) == -1) ||
        (p[i].revents & POLLOUT &&
         nbd_aio_get_direction (nbd) & LIBNBD_AIO_DIRECTION_WRITE &&
         nbd_aio_notify_write (nbd) == -1))
      fail (load, "connection");
  }
}

uint64_t
load_run (struct load *load, const struct cell *cell, int64_t ns,
          uint64_t seed, struct histogram *latencies, int64_t *wall)
{
  const int64_t start = meter_clock (CLOCK_MONOTONIC);
  unsigned i;

  load->cell = cell;
  load->latencies = latencies;
  load->random = seed | 1;
  load->done = 0;
  for (i = 0; i < cell->connections; ++i) {
    prepare (load, &load->connections[i], i);
    fill (&load->connections[i]);
  }
  load->now = start;
  while (load->in_flight > 0) {
    wait_and_notify (load);
    if (latencies == NULL)
      load->now = meter_clock (CLOCK_MONOTONIC);
    if (load->now - start >= ns)
      continue;
    for (i = 0; i < cell->connections; ++i)
      fill (&load->connections[i]);
  }
  *wall = meter_clock (CLOCK_MONOTONIC) - start;
  return load->done;
}
