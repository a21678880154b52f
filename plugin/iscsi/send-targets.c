/* SPDX-License-Identifier: BSD-3-Clause */

/* SendTargets=All over a discovery session (RFC 7143 appendix C), with answers
 * of any number of PDUs.  libiscsi 1.19 takes those of one PDU only, and
 * treats another one as an error.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"
#include "clock.h"
#include "session-private.h"
#include "text.h"

/* "TargetName=" and a name, and for each portal "TargetAddress=" and an address
 * of IPv6 with port and tag, each with a NUL: 18 MiB for all that discover.c
 * takes.
 */
#define NAME_TEXT    (11 + URL_MAX_NAME + 1)
#define ADDRESS_TEXT (14 + 41 + 6 + 6 + 1)
#define MAX_TEXT     (MAX_DISCOVERED * \
                      (NAME_TEXT + MAX_DISCOVERED_PORTALS * ADDRESS_TEXT))

/* Pings and messages that may come in between, and pieces. */
#define MAX_PDUS 65536

static const char foreign[] =
  "it sent what does not belong into this session";

struct exchange {
  struct session *s;
  uint64_t deadline;
  const struct stop *stop;
  struct error *err;
  struct text text;
};

static int
wrong (struct exchange *x, const char *why)
{
  session_lose (x->s, EPROTO, why);
  return error_set (x->err, EPROTO, "discovery: %s", why);
}

static int
wait_for (struct exchange *x, short events)
{
  struct pollfd fd = { .fd = iscsi_get_fd (x->s->ctx), .events = events };

  if (stop_asked (x->stop))
    return error_set (x->err, ESHUTDOWN, "the server is shutting down");
  if (clock_left (x->deadline) == 0)
    return error_set (x->err, ETIMEDOUT, "discovery: no answer in time");
  if (clock_poll (&fd, 1, stop_slice (x->deadline)) == -1 && errno != EINTR)
    return error_set (x->err, errno, "poll: %s", strerror (errno));
  return 0;
}

/* Send or receive all of it. */
static int
transfer (struct exchange *x, bool out, void *buf, size_t len)
{
  const int fd = iscsi_get_fd (x->s->ctx);
  char *p = buf;
  ssize_t r;

  while (len > 0) {
    r = out ? send (fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL) :
      recv (fd, p, len, MSG_DONTWAIT);
    if (r > 0) {
      p += r;
      len -= (size_t) r;
    }
    else if (r == -1 && (errno == EAGAIN || errno == EINTR)) {
      if (wait_for (x, out ? POLLOUT : POLLIN) == -1)
        return -1;
    }
    else {
      session_lose (x->s, ECONNRESET, "the connection was lost");
      return error_set (x->err, ECONNRESET,
                        "discovery: the connection was lost");
    }
  }
  return 0;
}

/* Append a data segment to the text. */
static int
receive_text (struct exchange *x, uint32_t len)
{
  struct text *text = &x->text;
  uint8_t pad[3];
  char *more;

  if (text->len + len > MAX_TEXT)
    return wrong (x, "it sent too much data at once");
  more = realloc (text->data, text->len + len + 1);
  if (more == NULL)
    return error_set (x->err, ENOMEM, "out of memory");
  text->data = more;
  if (transfer (x, false, more + text->len, len) == -1)
    return -1;
  text->len += len;
  return transfer (x, false, pad, -len & 3);
}

/* The next PDU that is an answer; pings are not worth one to us, since it is
 * over before anybody misses it.
 */
static int
receive_answer (struct exchange *x, struct text_answer *answer)
{
  uint8_t bhs[BHS_SIZE];
  struct pdu pdu;
  const char *why;

  for (;;) {
    if (transfer (x, false, bhs, sizeof bhs) == -1)
      return -1;
    pdu_parse (bhs, &pdu);
    why = pdu_judge (&pdu, PHASE_DISCOVERY, NULL);
    if (why)
      return wrong (x, why);
    if (pdu.opcode == PDU_TEXT_RESPONSE)
      break;
    if (pdu.opcode != PDU_NOP_IN || pdu.data_length > 0)
      return wrong (x, foreign);
    if (++x->text.pdus > MAX_PDUS)
      return wrong (x, "it sent too much data at once");
  }
  if (!text_answer (bhs, answer) || pdu.ahs > 0 || ++x->text.pdus > MAX_PDUS)
    return wrong (x, foreign);
  return receive_text (x, pdu.data_length);
}

/* The numbers are those of the answer to the login, which was the last PDU
 * (section 11.13.4: it has none of a task).
 */
static int
exchange (struct exchange *x)
{
  static const char keys[] = "SendTargets=All\0\0\0"; /* with its padding */
  const uint32_t len = sizeof "SendTargets=All";
  struct text_answer answer = {
    .ttt = NO_TAG,
    .stat_sn = get_be32 (&x->s->in.bhs[24]),
  };
  const uint32_t cmd_sn = get_be32 (&x->s->in.bhs[28]);
  struct {
    uint8_t bhs[BHS_SIZE];
    char data[sizeof keys];
  } out;
  bool first;

  for (first = true; first || !answer.final; first = false) {
    text_request (out.bhs, answer.ttt, cmd_sn, answer.stat_sn + 1,
                  first ? len : 0);
    memcpy (out.data, keys, sizeof keys);
    if (transfer (x, true, &out, BHS_SIZE + (first ? (len + 3) / 4 * 4 : 0))
        == -1 ||
        receive_answer (x, &answer) == -1)
      return -1;
  }
  return 0;
}

int
session_send_targets (struct session *s, uint64_t deadline,
                      const struct stop *stop, struct text *text,
                      struct error *err)
{
  struct exchange x = {
    .s = s, .deadline = deadline, .stop = stop, .err = err,
  };

  if (exchange (&x) == -1) {
    free (x.text.data);
    return -1;
  }
  *text = x.text;
  return 0;
}
