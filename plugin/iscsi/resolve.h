/* SPDX-License-Identifier: BSD-3-Clause */

/* Host names to numeric addresses, with a deadline. */

#ifndef ISCSI_RESOLVE_H
#define ISCSI_RESOLVE_H

#include <stdint.h>
#include <sys/socket.h>

#include "error.h"
#include "stop.h"

#define MAX_ADDRESSES 16

/* A portal as libiscsi wants it: "127.0.0.1:3260", "[::1]:3260". */
struct address {
  char text[64];
};

/* Its socket address; returns the length, 0: it is none. */
extern socklen_t address_sockaddr (const struct address *at,
                                   struct sockaddr_storage *out);

/* Resolve ‘host’ to at most MAX_ADDRESSES addresses, in the resolver's
 * order (RFC 6724).  A numeric host takes no time; a name is looked up on a
 * thread of its own, which is left behind if the deadline (clock_ms)
 * passes.  Returns how many, or -1 with a sentence.
 */
extern int resolve (const char *host, uint16_t port, uint64_t deadline,
                    const struct stop *stop,
                    struct address out[MAX_ADDRESSES], struct error *err);

#endif /* ISCSI_RESOLVE_H */
