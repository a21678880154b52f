/* SPDX-License-Identifier: BSD-3-Clause */

/* The connections of fault-proxy: what is read from one side is written to
 * the other, unless it is delayed, stalled, cut or corrupted.
 *
 * Connections have ids, from 1, in the order of arrival.  Where one is
 * asked for, 0 means all that there are.
 */

#ifndef TESTS_PROXY_CONN_H
#define TESTS_PROXY_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* From the client to the target; from the target to the client. */
enum direction { UP, DOWN };

/* What becomes of a client that has connected. */
enum reception { CONNECT, RESET, SILENCE };

struct conn_facts {
  unsigned open;                /* connections */
  uint64_t accepted, killed;
  uint64_t bytes[2];            /* passed on, by direction */
  char ids[256];                /* of the open ones, the last first: as
                                   many as fit, with commas */
};

/* Where to connect to.  Once, before the first of them. */
extern void conns_init (const struct sockaddr_storage *addr, socklen_t len);

/* A client's socket, which belongs to the connection from now on. */
extern void conns_accept (int fd, enum reception reception);

/* End them: with a FIN, else with a reset, on both sides. */
extern void conns_kill (uint64_t id, bool fin);

/* The same again and again, with a reset; 0: no more. */
extern void conns_reset_every (uint64_t ns);

/* Neither read nor write in this direction, or do so again. */
extern void conns_stall (uint64_t id, enum direction d, bool on);

/* Hold what is read from now on for so long before it is written. */
extern void conns_delay (uint64_t ns);

/* Once: end the connection that carries the nth byte from now just after
 * that byte; invert the nth byte from now.
 */
extern void conns_cut (enum direction d, uint64_t n, bool fin);
extern void conns_corrupt (enum direction d, uint64_t n);

extern void conns_facts (struct conn_facts *facts);

/* For the loop, after each wait: move what can be moved, and free what is
 * over.  To be called again at conns_due at the latest; 0: only when a
 * source is ready.
 */
extern void conns_run (void);
extern uint64_t conns_due (void);

/* conns_due has come. */
extern void conns_tick (void);

/* Free those that are over. */
extern void conns_sweep (void);

#endif /* TESTS_PROXY_CONN_H */
