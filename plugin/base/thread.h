/* SPDX-License-Identifier: BSD-3-Clause */

/* Threads of our own, beside those of the server. */

#ifndef ISCSI_THREAD_H
#define ISCSI_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* As pthread_create, for a thread that gets no signals but those that tell of
 * a bug: the others are for the server's threads.  Returns an errno, 0.
 */
extern int thread_start (pthread_t *thread, void *(*fn) (void *),
                         void *opaque);

/* Call fn (opaque, i) for each i below ‘n’, in this order, on this thread and
 * on up to ‘most’ - 1 others, as far as there are any: on this one alone if
 * need be.  May be called from inside ‘fn’.  Returns when all calls have.
 */
extern void thread_each (size_t n, unsigned most,
                         void (*fn) (void *opaque, size_t i), void *opaque);

#endif /* ISCSI_THREAD_H */
