/* SPDX-License-Identifier: BSD-3-Clause */

/* The commands of fault-proxy, one a line, over a Unix socket: both sides.
 * fault-proxy.c says what they are.
 */

#ifndef TESTS_PROXY_CONTROL_H
#define TESTS_PROXY_CONTROL_H

#include <stdbool.h>

/* Take commands on this socket, which must not be there yet. */
extern void control_init (const char *path);

/* "quit" has been said. */
extern bool control_quit (void);

/* For the loop, after each wait: free the clients that are gone. */
extern void control_sweep (void);

/* The client: send one command, print the answer.  Returns EXIT_SUCCESS if
 * that is "ok", else EXIT_FAILURE.
 */
extern int control_send (const char *path, const char *line);

#endif /* TESTS_PROXY_CONTROL_H */
