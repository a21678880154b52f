/* SPDX-License-Identifier: BSD-3-Clause */

/* Threads of our own, beside those of the server. */

#ifndef ISCSI_THREAD_H
#define ISCSI_THREAD_H

#include <pthread.h>

/* As pthread_create, for a thread that gets no signals but those that tell of
 * a bug: the others are for the server's threads.  Returns an errno, 0.
 */
extern int thread_start (pthread_t *thread, void *(*fn) (void *),
                         void *opaque);

#endif /* ISCSI_THREAD_H */
