/* SPDX-License-Identifier: BSD-3-Clause */

/* Looking at PDUs before libiscsi does. */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "session-private.h"

/* Of the basic header segment, RFC 7143 section 11.2.1. */
#define BHS_SIZE 48
enum opcode {
  PDU_NOP_IN         = 0x20,
  PDU_LOGIN_RESPONSE = 0x23,
  PDU_ASYNC          = 0x32,
  PDU_REJECT         = 0x3f,
};

/* A login's data segments have 8 KiB at most (RFC 7143 section 13.12). */
#define MAX_LOGIN_DATA 65536

/* libiscsi takes any PDU with the task tag of its login for an answer to that,
 * and some kinds lead it to a SCSI task that a login has not: whoever answers
 * at the portal could end the server.  Until the login is over PDUs are looked
 * at before libiscsi has them; it reads one at a time.  0: wait for the rest
 * of this one.
 */
static int
login_pdu_arrived (int fd, struct error *err)
{
  uint8_t bhs[BHS_SIZE];
  const ssize_t r = recv (fd, bhs, sizeof bhs, MSG_PEEK | MSG_DONTWAIT);
  size_t len;
  int there;

  if (r <= 0)
    return 1;                   /* the end, for libiscsi to tell */
  switch (bhs[0] & 0x3f) {
  case PDU_LOGIN_RESPONSE: case PDU_REJECT: case PDU_ASYNC: case PDU_NOP_IN:
    break;
  default:
    return error_set (err, EPROTO, "what it sent is no answer to a login: is "
                      "this an iSCSI portal");
  }
  if (r < BHS_SIZE)
    return 0;
  len = (size_t) bhs[5] << 16 | bhs[6] << 8 | bhs[7];
  if (len > MAX_LOGIN_DATA)
    return error_set (err, EPROTO, "the answer to the login has %zu bytes",
                      len);
  len += BHS_SIZE + (-len & 3);
  return ioctl (fd, FIONREAD, &there) == -1 || (size_t) there >= len;
}

int
session_guard_events (const struct session *s, const struct pollfd *fd,
                      struct error *err)
{
  int r;

  if (s->iser || !(fd->revents & POLLIN) || iscsi_is_logged_in (s->ctx))
    return fd->revents;
  r = login_pdu_arrived (fd->fd, err);
  if (r == 0 && !(fd->revents & (POLLRDHUP | POLLHUP | POLLERR))) {
    poll (NULL, 0, 1);
    return fd->revents & ~POLLIN;
  }
  return r == -1 ? -1 : fd->revents;
}
