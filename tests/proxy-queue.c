/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <stdlib.h>

#include "proxy-loop.h"
#include "proxy-queue.h"

#define QUEUE_SIZE (4 * 1024 * 1024)
#define MARKS 4096

/* The bytes up to ‘end’ may leave at ‘due’. */
struct mark {
  uint64_t end, due;
};

void
queue_init (struct queue *q)
{
  *q = (struct queue) {
    .ring = malloc (QUEUE_SIZE),
    .marks = calloc (MARKS, sizeof (struct mark)),
  };
  if (q->ring == NULL || q->marks == NULL)
    err (EXIT_FAILURE, NULL);
}

void
queue_free (struct queue *q)
{
  free (q->ring);
  free (q->marks);
}

uint64_t
queue_room (const struct queue *q)
{
  return q->n_marks < MARKS ? QUEUE_SIZE - (q->in - q->out) : 0;
}

bool
queue_empty (const struct queue *q)
{
  return q->in == q->out;
}

/* ‘n’ bytes of the ring from position ‘at’. */
static int
ring_iov (struct queue *q, uint64_t at, size_t n, struct iovec iov[2])
{
  size_t start = at % QUEUE_SIZE;
  size_t first = n < QUEUE_SIZE - start ? n : QUEUE_SIZE - start;

  iov[0] = (struct iovec) { .iov_base = q->ring + start, .iov_len = first };
  iov[1] = (struct iovec) { .iov_base = q->ring, .iov_len = n - first };
  return first < n ? 2 : 1;
}

int
queue_space (struct queue *q, size_t n, struct iovec iov[2])
{
  return ring_iov (q, q->in, n, iov);
}

void
queue_add (struct queue *q, size_t n, uint64_t due)
{
  q->in += n;
  q->marks[(q->first_mark + q->n_marks++) % MARKS] =
    (struct mark) { .end = q->in, .due = due };
}

uint64_t
queue_ready (const struct queue *q, uint64_t now)
{
  uint64_t end = q->out;
  unsigned i;

  for (i = 0; i < q->n_marks; ++i) {
    const struct mark *m = &q->marks[(q->first_mark + i) % MARKS];

    if (m->due > now)
      break;
    end = m->end;
  }
  return end - q->out;
}

uint64_t
queue_due (const struct queue *q)
{
  return q->n_marks > 0 ? q->marks[q->first_mark].due : UINT64_MAX;
}

int
queue_head (struct queue *q, size_t n, struct iovec iov[2])
{
  return ring_iov (q, q->out, n, iov);
}

void
queue_remove (struct queue *q, size_t n)
{
  q->out += n;
  while (q->n_marks > 0 && q->marks[q->first_mark].end <= q->out) {
    q->first_mark = (q->first_mark + 1) % MARKS;
    q->n_marks--;
  }
}

void
queue_invert (struct queue *q, uint64_t n)
{
  q->ring[(q->out + n - 1) % QUEUE_SIZE] ^= 0xff;
}
