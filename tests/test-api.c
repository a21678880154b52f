/* SPDX-License-Identifier: BSD-3-Clause */

/* A client that knows what it must read.
 *
 *   test-api URI IMAGE
 *
 * has many requests of every kind in flight over several connections, at
 * offsets and of sizes that fit no block.  Requests that are in flight at
 * the same time never share a byte if one of them changes it, but often a
 * block.  What is read, and what is said to be zeroes, is compared with a
 * model, which is in IMAGE at the end.  The export must read as zeroes at
 * the start.
 *
 *   test-api --refused COMMAND ERRNO URI
 *
 * runs the shell COMMAND, after which every request that changes the second
 * half of the export must fail with ERRNO (EPERM or EIO), while reads of the
 * first half go on over the same connection.
 */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnbd.h>

#define CONNECTIONS 4
#define DEPTH       16          /* requests in flight per connection */
#define REQUESTS    6000
#define MAX_COUNT   (512 * 1024)

enum kind { READ, WRITE, ZERO, TRIM, TRIMMED, CACHE, FLUSH, STATUS };

static const char *kind_names[] = {
  "read", "write", "zero", "trim", "read after trim", "cache", "flush",
  "block status"
};

struct connection {
  struct nbd_handle *nbd;
  struct request {
    enum kind kind;             /* valid while cookie is not 0 */
    uint64_t offset;
    uint32_t count;
    uint32_t flags;
    int64_t cookie;
    uint8_t *buf;
  } requests[DEPTH];
};

static struct connection connections[CONNECTIONS];
static uint8_t *model;
static uint64_t size;
static uint32_t block;          /* the smallest that the server wants */
static bool can_fua, can_trim, can_fast_zero, can_cache, can_status;
static uint64_t random_state = 88172645463325252;

static void __attribute__ ((__noreturn__, __format__ (__printf__, 1, 2)))
fail (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  fputs ("test-api: ", stderr);
  vfprintf (stderr, fs, args);
  fputc ('\n', stderr);
  va_end (args);
  exit (EXIT_FAILURE);
}

static void __attribute__ ((__noreturn__))
fail_nbd (const char *what)
{
  fail ("%s: %s", what, nbd_get_error ());
}

/* Marsaglia's xorshift: the same numbers on every machine. */
static uint64_t
random_number (uint64_t below)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % below;
}

static bool
one_in (unsigned n)
{
  return random_number (n) == 0;
}

static struct nbd_handle *
connect_to (const char *uri)
{
  struct nbd_handle *nbd = nbd_create ();

  if (nbd == NULL)
    fail_nbd ("nbd_create");
  /* What is not aligned is for the server to refuse. */
  if (nbd_set_strict_mode (nbd, 0) == -1 ||
      nbd_add_meta_context (nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) == -1 ||
      nbd_connect_uri (nbd, uri) == -1)
    fail_nbd (uri);
  return nbd;
}

static void
learn (struct nbd_handle *nbd)
{
  int64_t r = nbd_get_size (nbd);

  if (r < 4 * MAX_COUNT)
    fail ("the export is too small for this test");
  size = r;
  r = nbd_get_block_size (nbd, LIBNBD_SIZE_MINIMUM);
  block = r > 0 ? r : 1;
  can_fua = nbd_can_fua (nbd) > 0;
  can_trim = nbd_can_trim (nbd) > 0;
  can_fast_zero = nbd_can_fast_zero (nbd) > 0;
  can_cache = nbd_can_cache (nbd) > 0;
  can_status =
    nbd_can_meta_context (nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) > 0;
}

/* A request in flight. */

static bool
changes (enum kind kind)
{
  return kind == WRITE || kind == ZERO || kind == TRIM || kind == TRIMMED;
}

static bool
conflicts (const struct request *a, const struct request *b)
{
  if (a == b || b->cookie == 0 || b->kind == FLUSH || a->kind == FLUSH)
    return false;
  if (!changes (a->kind) && !changes (b->kind))
    return false;
  return a->offset < b->offset + b->count && b->offset < a->offset + a->count;
}

static bool
conflicts_with_any (const struct request *rq)
{
  size_t i, j;

  for (i = 0; i < CONNECTIONS; ++i)
    for (j = 0; j < DEPTH; ++j)
      if (conflicts (rq, &connections[i].requests[j]))
        return true;
  return false;
}

static enum kind
pick_kind (void)
{
  const unsigned n = random_number (100);

  if (n < 38)
    return WRITE;
  if (n < 66)
    return READ;
  if (n < 78)
    return ZERO;
  if (n < 86)
    return can_trim ? TRIM : ZERO;
  if (n < 92)
    return can_status ? STATUS : READ;
  if (n < 97)
    return can_cache ? CACHE : READ;
  return FLUSH;
}

/* Mostly small, sometimes large; one half at the borders of blocks. */
static void
pick_range (struct request *rq)
{
  const uint32_t unit = one_in (2) ? block : 1;
  uint64_t count = 1 + random_number (UINT64_C (1) << random_number (20));

  count = (count + unit - 1) / unit * unit;
  rq->count = count < MAX_COUNT ? count : MAX_COUNT;
  rq->offset = random_number ((size - rq->count) / unit + 1) * unit;
  /* The ends are where mistakes are made. */
  if (one_in (20))
    rq->offset = 0;
  else if (one_in (20))
    rq->offset = size - rq->count;
}

static uint32_t
pick_flags (enum kind kind)
{
  uint32_t flags = 0;

  if (changes (kind) && can_fua && one_in (8))
    flags |= LIBNBD_CMD_FLAG_FUA;
  if (kind == ZERO && one_in (2))
    flags |= LIBNBD_CMD_FLAG_NO_HOLE;
  if (kind == ZERO && can_fast_zero && one_in (4))
    flags |= LIBNBD_CMD_FLAG_FAST_ZERO;
  if (kind == STATUS && one_in (2))
    flags |= LIBNBD_CMD_FLAG_REQ_ONE;
  return flags;
}

/* What is said to be zeroes must be. */
static int
check_status (void *rqv, const char *context __attribute__ ((__unused__)),
              uint64_t offset, uint32_t *entries, size_t n,
              int *error __attribute__ ((__unused__)))
{
  const struct request *rq = rqv;
  uint64_t end;
  size_t i;

  for (i = 0; i + 1 < n; i += 2, offset = end) {
    end = offset + entries[i];
    if (entries[i] == 0 || end > size)
      fail ("block status: an extent of %" PRIu32 " bytes at %" PRIu64,
            entries[i], offset);
    for (; (entries[i+1] & LIBNBD_STATE_ZERO) && offset < end &&
           offset < rq->offset + rq->count; ++offset)
      if (model[offset] != 0)
        fail ("block status: byte %" PRIu64 " is said to be zero, "
              "but is %#x", offset, model[offset]);
  }
  return 0;
}

static int64_t
send_request (struct nbd_handle *nbd, struct request *rq)
{
  const nbd_extent_callback status = {
    .callback = check_status, .user_data = rq
  };

  switch (rq->kind) {
  case READ:
  case TRIMMED:
    return nbd_aio_pread (nbd, rq->buf, rq->count, rq->offset,
                          NBD_NULL_COMPLETION, 0);
  case WRITE:
    return nbd_aio_pwrite (nbd, rq->buf, rq->count, rq->offset,
                           NBD_NULL_COMPLETION, rq->flags);
  case ZERO:
    return nbd_aio_zero (nbd, rq->count, rq->offset,
                         NBD_NULL_COMPLETION, rq->flags);
  case TRIM:
    return nbd_aio_trim (nbd, rq->count, rq->offset,
                         NBD_NULL_COMPLETION, rq->flags);
  case CACHE:
    return nbd_aio_cache (nbd, rq->count, rq->offset,
                          NBD_NULL_COMPLETION, 0);
  case FLUSH:
    return nbd_aio_flush (nbd, NBD_NULL_COMPLETION, 0);
  case STATUS:
    return nbd_aio_block_status (nbd, rq->count, rq->offset, status,
                                 NBD_NULL_COMPLETION, rq->flags);
  }
  abort ();
}

/* The model has what is written from the moment that it is sent: nobody
 * else may look at these bytes until it is done.
 */
static void
issue (struct connection *c, struct request *rq)
{
  uint32_t i;

  do {
    rq->kind = pick_kind ();
    pick_range (rq);
  } while (conflicts_with_any (rq));

  rq->flags = pick_flags (rq->kind);
  if (rq->kind == WRITE) {
    for (i = 0; i < rq->count; ++i)
      rq->buf[i] = random_number (256);
    memcpy (&model[rq->offset], rq->buf, rq->count);
  }
  rq->cookie = send_request (c->nbd, rq);
  if (rq->cookie == -1)
    fail_nbd (kind_names[rq->kind]);
}

static void
check_data (const struct request *rq)
{
  uint32_t i;

  for (i = 0; i < rq->count; ++i)
    if (rq->buf[i] != model[rq->offset + i])
      fail ("read of %" PRIu32 " bytes at %" PRIu64 ": byte %" PRIu64
            " is %#x, not %#x", rq->count, rq->offset, rq->offset + i,
            rq->buf[i], model[rq->offset + i]);
}

/* After a trim each whole block is as it was or reads as zeroes; the blocks
 * that were touched in part are as they were.
 */
static void
settle_trimmed (const struct request *rq)
{
  const uint64_t end = (rq->offset + rq->count) / block * block;
  uint64_t at = (rq->offset + block - 1) / block * block;
  uint32_t i;

  for (; at < end; at += block) {
    for (i = 0; i < block && rq->buf[at - rq->offset + i] == 0; ++i)
      ;
    if (i == block)
      memset (&model[at], 0, block);
  }
  check_data (rq);
}

/* A request is over; true: and with it all that hangs on it. */
static bool
finish (struct connection *c, struct request *rq, bool good)
{
  if (!good && !(rq->kind == ZERO && nbd_get_errno () == ENOTSUP &&
                 (rq->flags & LIBNBD_CMD_FLAG_FAST_ZERO)))
    fail ("%s of %" PRIu32 " bytes at %" PRIu64 " (flags %#x): %s",
          kind_names[rq->kind], rq->count, rq->offset, rq->flags,
          nbd_get_error ());

  switch (rq->kind) {
  case READ:
    check_data (rq);
    break;
  case ZERO:
    if (good)
      memset (&model[rq->offset], 0, rq->count);
    break;
  case TRIM:
    rq->kind = TRIMMED;
    rq->cookie = send_request (c->nbd, rq);
    if (rq->cookie == -1)
      fail_nbd (kind_names[rq->kind]);
    return false;
  case TRIMMED:
    settle_trimmed (rq);
    break;
  default:
    break;
  }
  rq->cookie = 0;
  return true;
}

static unsigned
reap (struct connection *c)
{
  unsigned done = 0;
  size_t i;
  int r;

  for (i = 0; i < DEPTH; ++i) {
    struct request *rq = &c->requests[i];

    if (rq->cookie == 0)
      continue;
    r = nbd_aio_command_completed (c->nbd, rq->cookie);
    if (r != 0)
      done += finish (c, rq, r == 1);
  }
  return done;
}

static void
wait_for_some (void)
{
  struct pollfd fds[CONNECTIONS];
  size_t i;

  for (i = 0; i < CONNECTIONS; ++i) {
    const unsigned dir = nbd_aio_get_direction (connections[i].nbd);

    fds[i].fd = nbd_aio_get_fd (connections[i].nbd);
    fds[i].events =
      (dir & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
      (dir & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0);
  }
  if (poll (fds, CONNECTIONS, -1) == -1)
    fail ("poll: %s", strerror (errno));

  for (i = 0; i < CONNECTIONS; ++i) {
    struct nbd_handle *nbd = connections[i].nbd;
    const unsigned dir = nbd_aio_get_direction (nbd);
    int r = 0;

    if ((fds[i].revents & (POLLIN | POLLHUP)) &&
        (dir & LIBNBD_AIO_DIRECTION_READ))
      r = nbd_aio_notify_read (nbd);
    else if ((fds[i].revents & POLLOUT) &&
             (dir & LIBNBD_AIO_DIRECTION_WRITE))
      r = nbd_aio_notify_write (nbd);
    if (r == -1)
      fail_nbd ("connection");
  }
}

static void
work (void)
{
  unsigned issued = 0, done = 0;
  size_t i, j;

  while (done < REQUESTS) {
    for (i = 0; i < CONNECTIONS; ++i)
      for (j = 0; j < DEPTH; ++j)
        if (connections[i].requests[j].cookie == 0 && issued < REQUESTS) {
          issue (&connections[i], &connections[i].requests[j]);
          issued++;
        }
    wait_for_some ();
    for (i = 0; i < CONNECTIONS; ++i)
      done += reap (&connections[i]);
  }
}

static void
write_image (const char *path)
{
  FILE *fp = fopen (path, "w");

  if (fp == NULL || fwrite (model, 1, size, fp) != size || fclose (fp) != 0)
    fail ("%s: %s", path, strerror (errno));
}

static void *
allocate (size_t n)
{
  void *p = calloc (n, 1);

  if (p == NULL)
    fail ("out of memory");
  return p;
}

static void
test_parallel (const char *uri, const char *image)
{
  size_t i, j;

  for (i = 0; i < CONNECTIONS; ++i) {
    connections[i].nbd = connect_to (uri);
    for (j = 0; j < DEPTH; ++j)
      connections[i].requests[j].buf = allocate (MAX_COUNT);
  }
  learn (connections[0].nbd);
  model = allocate (size);

  work ();

  if (nbd_flush (connections[CONNECTIONS-1].nbd, 0) == -1)
    fail_nbd ("flush");
  for (i = 0; i < CONNECTIONS; ++i) {
    if (nbd_shutdown (connections[i].nbd, 0) == -1)
      fail_nbd ("shutdown");
    nbd_close (connections[i].nbd);
    for (j = 0; j < DEPTH; ++j)
      free (connections[i].requests[j].buf);
  }
  write_image (image);
  free (model);
}

/* Errors. */

/* Send these and wait until all are over.  Those of them that change
 * something must fail with ‘expected’.
 */
static void
send_all (struct nbd_handle *nbd, struct request *rqs, size_t n, int expected)
{
  size_t i, left = n;
  int r;

  for (i = 0; i < n; ++i) {
    rqs[i].cookie = send_request (nbd, &rqs[i]);
    if (rqs[i].cookie == -1)
      fail_nbd (kind_names[rqs[i].kind]);
  }
  while (left > 0) {
    if (nbd_poll (nbd, -1) == -1)
      fail_nbd ("connection");
    for (i = 0; i < n; ++i) {
      struct request *rq = &rqs[i];

      r = rq->cookie ? nbd_aio_command_completed (nbd, rq->cookie) : 0;
      if (r == 0)
        continue;
      if (changes (rq->kind) && expected != 0) {
        if (r != -1)
          fail ("%s at %" PRIu64 " succeeded", kind_names[rq->kind],
                rq->offset);
        if (nbd_get_errno () != expected)
          fail_nbd ("another error than expected");
      }
      else if (r == -1)
        fail_nbd (kind_names[rq->kind]);
      rq->cookie = 0;
      left--;
    }
  }
}

static const struct {
  enum kind kind;
  uint32_t count, at, flags;    /* at: from the middle of the export */
} refused[] = {
  { WRITE, 65536, 0, 0 },
  { WRITE, 1000, 70000, 0 },
  { WRITE, 4096, 131072, LIBNBD_CMD_FLAG_FUA },
  { WRITE, MAX_COUNT, 262144 + 1, 0 },
  { ZERO, 65536, 1048576, 0 },
  { ZERO, 65536, 1114112, LIBNBD_CMD_FLAG_NO_HOLE },
  { ZERO, 777, 1180001, 0 },
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

#define READ_COUNT 100000
#define READ_STRIDE 100001

/* Something to read, in the first half. */
static void
write_letters (struct nbd_handle *nbd, struct request *rqs)
{
  size_t i;

  for (i = 0; i < REFUSED; ++i) {
    rqs[i].kind = WRITE;
    rqs[i].count = READ_COUNT;
    rqs[i].offset = i * READ_STRIDE;
    memset (rqs[i].buf, 'a' + i, rqs[i].count);
  }
  send_all (nbd, rqs, REFUSED, 0);
  if (nbd_flush (nbd, 0) == -1)
    fail_nbd ("flush");
}

/* Each of those that are refused, with a read beside it. */
static void
send_refused (struct nbd_handle *nbd, struct request *rqs, int expected)
{
  size_t i;

  for (i = 0; i < REFUSED; ++i) {
    struct request *rq = &rqs[2*i], *rd = &rqs[2*i+1];

    rq->kind = refused[i].kind;
    rq->count = refused[i].count;
    rq->offset = size / 2 + refused[i].at;
    rq->flags = refused[i].flags;
    memset (rq->buf, 'x', rq->count);
    rd->kind = READ;
    rd->count = READ_COUNT;
    rd->offset = i * READ_STRIDE;
  }
  send_all (nbd, rqs, 2 * REFUSED, expected);
  for (i = 0; i < REFUSED; ++i)
    if (rqs[2*i+1].buf[0] != 'a' + i ||
        memcmp (&rqs[2*i+1].buf[0], &rqs[2*i+1].buf[1], READ_COUNT - 1) != 0)
      fail ("what was read beside the errors is wrong");
}

static void
test_refused (const char *command, int expected, const char *uri)
{
  struct request rqs[2 * REFUSED] = { { 0 } };
  struct nbd_handle *nbd = connect_to (uri);
  size_t i;

  learn (nbd);
  for (i = 0; i < 2 * REFUSED; ++i)
    rqs[i].buf = allocate (MAX_COUNT);
  write_letters (nbd, rqs);

  fflush (stdout);
  if (system (command) != 0)
    fail ("%s: failed", command);
  for (i = 0; i < 20; ++i)
    send_refused (nbd, rqs, expected);

  /* Past the end, which nbdkit itself refuses. */
  if (nbd_pread (nbd, rqs[0].buf, 512, size, 0) != -1)
    fail ("a read past the end succeeded");
  if (nbd_pread (nbd, rqs[0].buf, 512, 0, 0) == -1)
    fail_nbd ("read");
  if (nbd_shutdown (nbd, 0) == -1)
    fail_nbd ("shutdown");
  nbd_close (nbd);
  for (i = 0; i < 2 * REFUSED; ++i)
    free (rqs[i].buf);
}

int
main (int argc, char *argv[])
{
  if (argc == 3)
    test_parallel (argv[1], argv[2]);
  else if (argc == 5 && strcmp (argv[1], "--refused") == 0)
    test_refused (argv[2], strcmp (argv[3], "EPERM") == 0 ? EPERM : EIO,
                  argv[4]);
  else
    fail ("usage: test-api URI IMAGE\n"
          "       test-api --refused COMMAND EPERM|EIO URI");
  return EXIT_SUCCESS;
}
