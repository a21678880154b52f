/* SPDX-License-Identifier: BSD-3-Clause */

/* A Unix socket on which the status is served, as HTTP: a GET of any path is
 * answered with what status.h writes, and the connection is closed.  One
 * thread serves all readers and waits for none of them.
 */

#ifndef ISCSI_STATUS_SOCKET_H
#define ISCSI_STATUS_SOCKET_H

#include "error.h"

/* Make the socket, for its owner alone.  One that a server has left behind is
 * replaced; what is in use, or is no socket, is an error.  ‘path’ is absolute
 * and lives as long as the socket.  -1 with a sentence.  Before the fork.
 */
extern int status_socket_open (const char *path, struct error *err);

/* Begin to serve it, if there is one.  After the fork.  -1 with a sentence,
 * and the socket is gone.
 */
extern int status_socket_start (struct error *err);

/* Remove it, if there is one.  Main thread. */
extern void status_socket_close (void);

#endif /* ISCSI_STATUS_SOCKET_H */
