/* SPDX-License-Identifier: BSD-3-Clause */

/* A queue of bytes that may leave only when their time has come: one
 * direction of a connection of fault-proxy.  Its size is fixed.
 */

#ifndef TESTS_PROXY_QUEUE_H
#define TESTS_PROXY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A ring of bytes, addressed by how many ever came in. */
struct queue {
  uint8_t *ring;
  uint64_t in, out;
  struct mark *marks;           /* until when which bytes must stay */
  unsigned first_mark, n_marks;
};

extern void queue_init (struct queue *q);
extern void queue_free (struct queue *q);

/* How many bytes it can take; whether it holds none. */
extern uint64_t queue_room (const struct queue *q);
extern bool queue_empty (const struct queue *q);

/* Where the next ‘n’ bytes belong, in at most two pieces; returns how many.
 * What was put there counts from queue_add on, and may leave at ‘due’.
 */
extern int queue_space (struct queue *q, size_t n, struct iovec iov[2]);
extern void queue_add (struct queue *q, size_t n, uint64_t due);

/* How many bytes may leave now. */
extern uint64_t queue_ready (const struct queue *q, uint64_t now);

/* When the next bytes may leave; UINT64_MAX: there are none. */
extern uint64_t queue_due (const struct queue *q);

/* The first ‘n’ bytes, in at most two pieces; returns how many.  They stay
 * until queue_remove.
 */
extern int queue_head (struct queue *q, size_t n, struct iovec iov[2]);
extern void queue_remove (struct queue *q, size_t n);

/* Invert the nth byte (1 is the first).  It stays so until it leaves. */
extern void queue_invert (struct queue *q, uint64_t n);

#endif /* TESTS_PROXY_QUEUE_H */
