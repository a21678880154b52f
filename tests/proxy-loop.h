/* SPDX-License-Identifier: BSD-3-Clause */

/* What every part of fault-proxy stands on: the files that it waits for.
 */

#ifndef TESTS_PROXY_LOOP_H
#define TESTS_PROXY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "now.h"

/* A file that epoll may know.  Whoever has it sets the first two. */
struct source {
  int fd;
  void (*ready) (struct source *s, uint32_t events);
  uint32_t events;              /* what epoll waits for */
  bool watched;                 /* known to epoll */
};

/* Once, before anything is watched. */
extern void loop_init (void);

/* From now on, wait for these events of a source; 0: for none. */
extern void watch (struct source *s, uint32_t events);

/* Wait until sources are ready, and call ‘ready’ of each of them.  No
 * source that may be among them may be freed before this returns.
 */
extern void loop_wait (void);

#endif /* TESTS_PROXY_LOOP_H */
