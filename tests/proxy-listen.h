/* SPDX-License-Identifier: BSD-3-Clause */

/* Where fault-proxy waits for clients, and how it receives them. */

#ifndef TESTS_PROXY_LISTEN_H
#define TESTS_PROXY_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Listen there, and give each client to the connections.  False: errno
 * says why not.
 */
extern bool listen_init (const struct sockaddr_storage *addr,
                         socklen_t len);

/* The address that it is, with the port that the kernel chose. */
extern const struct sockaddr *listen_address (socklen_t *len);

/* Close the socket: connections are refused. */
extern void listen_refuse (void);

/* Accept and reset at once. */
extern void listen_deny (void);

/* Accept and stay silent, for the next n connections; -1: for good. */
extern void listen_blackhole (int64_t n);

/* End all these.  False: it cannot listen there any more. */
extern bool listen_again (void);

#endif /* TESTS_PROXY_LISTEN_H */
