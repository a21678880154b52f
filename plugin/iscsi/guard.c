/* SPDX-License-Identifier: BSD-3-Clause */

/* Looking at PDUs before libiscsi does.
 *
 * libiscsi believes targets.  It puts data where they say, takes any PDU with
 * the tag of a task for one of its kind, queues what they ask for, and reads
 * on as long as there is something.  Here each header is judged between the
 * socket and libiscsi (pdu.c), at no system call more; after a bad one
 * libiscsi is told that reading failed, and the session is lost.  The bytes
 * that come for each command, and those that leave, are counted on the way.
 * A header leaves together with its data.  What libiscsi allocates has zeroes
 * behind it.
 */

#include <config.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bytes.h"
#include "interpose.h"
#include "session-private.h"

/* libiscsi is asked to come back after so many PDUs, so that no target keeps
 * it, and the lock that its caller holds, for long.
 */
#define MAX_PDUS 256

/* More that we are to send than this, of what a target can ask for at any
 * time, is not waiting in the send queue: then it does not read.
 */
#define MAX_ANSWERS 1024

/* Whom this thread serves, between session_enter and session_leave. */
static _Thread_local struct session *served;

static size_t
header_size (const struct session *s)
{
  return BHS_SIZE + (s->header_digest ? 4 : 0);
}

static enum pdu_phase
phase_of (const struct session *s)
{
  if (!iscsi_is_logged_in (s->ctx))
    return PHASE_LOGIN;
  return s->discovery ? PHASE_DISCOVERY : PHASE_FULL;
}

/* It has its tag from when it is sent: libiscsi would throw away an answer
 * to what it has not sent.
 */
static struct command *
command_with_tag (const struct session *s, uint32_t itt)
{
  struct command *cmd;

  for (cmd = s->carried.head; cmd != NULL && itt != NO_TAG; cmd = cmd->next)
    if (cmd->itt == itt && !cmd->answered)
      return cmd;
  return NULL;
}

/* Commands are sent in the order of their submission (CmdSN). */
static void
note_tag (struct session *s, uint32_t itt)
{
  struct command *cmd = s->carried.tail;

  while (cmd && cmd->prev && cmd->prev->itt == NO_TAG)
    cmd = cmd->prev;
  if (cmd && cmd->itt == NO_TAG) {
    cmd->itt = itt;
    s->unsent--;
  }
}

/* ---- receiving ---- */

static int
refuse (struct session *s, const char *why)
{
  session_lose (s, EPROTO, why);
  errno = EPROTO;
  return -1;
}

/* Of a PDU that is not sent yet libiscsi would forget the rest when it is
 * answered, and the target take the next header for data.  Which one is
 * rejected is told in the data of the Reject.
 */
static bool
ends_half_sent (const struct session *s, const struct pdu *pdu)
{
  if (s->out.left == 0 || s->out.opcode == PDU_DATA_OUT)
    return false;
  if (pdu->opcode == PDU_REJECT)
    return true;
  if (pdu->opcode == PDU_R2T ||
      (pdu->opcode == PDU_DATA_IN && !pdu->has_status))
    return false;
  return pdu->itt == s->out.itt && pdu->itt != NO_TAG;
}

/* Is ‘a’ a later number than ‘b’ (RFC 7143 section 4.2.2.1, RFC 1982)? */
static bool
is_later (uint32_t a, uint32_t b)
{
  return a != b && a - b < UINT32_C (0x80000000);
}

/* ExpCmdSN and MaxCmdSN, section 4.2.2.1.  What has not been sent cannot have
 * arrived: libiscsi fails when it sends the next command, with a text that does
 * not last.  The window never gets smaller.  A login that is refused has no
 * numbers.
 */
static void
note_numbers (struct session *s, enum pdu_phase phase)
{
  const uint32_t exp = get_be32 (&s->in.bhs[28]);
  const uint32_t max = get_be32 (&s->in.bhs[32]);

  if ((s->in.bhs[0] & 0x3f) == PDU_LOGIN_RESPONSE && s->in.bhs[36] != 0)
    return;
  if (is_later (exp, s->out.cmd_sn))
    s->is_ahead = true;
  if (phase == PHASE_LOGIN ||
      (is_later (max, s->in.max_cmd_sn) && !is_later (exp - 1, max)))
    s->in.max_cmd_sn = max;
}

unsigned
session_window (const struct session *s)
{
  const uint32_t next = s->out.cmd_sn + (uint32_t) s->unsent;
  const uint32_t room = s->in.max_cmd_sn - next + 1;

  if (s->iser)
    return UINT_MAX;
  return room <= UINT32_C (0x80000000) ? room : 0;
}

static int
judge (struct session *s)
{
  const enum pdu_phase phase = phase_of (s);
  struct pdu pdu;
  const char *why;

  pdu_parse (s->in.bhs, &pdu);
  why = pdu_judge (&pdu, phase, command_with_tag (s, pdu.itt));
  if (why == NULL && ends_half_sent (s, &pdu))
    why = "it answered a command before it had all of it";
  if (why == NULL && pdu_wants_answer (&pdu) && ++s->in.answers > MAX_ANSWERS)
    why = "it wants answers and does not read them";
  if (why)
    return refuse (s, why);
  note_numbers (s, phase);
  s->in.left = pdu_rest (pdu.data_length, s->data_digest);
  s->in.pad = phase == PHASE_FULL || s->data_digest ? 0
    : -pdu.data_length & 3;
  return 0;
}

static int
take_header (struct session *s, const uint8_t *buf, size_t n)
{
  const size_t size = header_size (s);
  const size_t had = s->in.got;

  if (had < BHS_SIZE)
    memcpy (s->in.bhs + had, buf, n < BHS_SIZE - had ? n : BHS_SIZE - had);
  s->in.got += n;
  /* Who speaks another protocol may say less than a header has. */
  if (s->in.got < size)
    return had > 0 || pdu_is_expected (buf[0], phase_of (s)) ? 0 : judge (s);
  s->in.got = 0;
  s->in.pdus++;
  return judge (s);
}

/* Pad bytes should be zeroes (RFC 7143 section 11), and are what is left of an
 * earlier answer with some targets: libiscsi takes them for one more key.
 */
static void
clear_pad (const struct session *s, uint8_t *buf, size_t n)
{
  const size_t text = s->in.left > s->in.pad ? s->in.left - s->in.pad : 0;

  if (n > text)
    memset (buf + text, 0, n - text);
}

/* Tell libiscsi what it got; a header is in ‘buf’. */
static ssize_t
received (struct session *s, void *buf, ssize_t r)
{
  if (r == 0)
    s->hung_up = true;
  else if (r < 0 && errno != EAGAIN && errno != EINTR)
    s->socket_error = errno;
  if (r <= 0)
    return r;
  if (s->in.left == 0)
    return take_header (s, buf, (size_t) r) == -1 ? -1 : r;
  if (s->in.pad > 0 && buf)
    clear_pad (s, buf, (size_t) r);
  s->in.left -= (size_t) r < s->in.left ? (uint32_t) r : s->in.left;
  return r;
}

/* A PDU begins, and enough have come in this call. */
static bool
is_enough (const struct session *s)
{
  return s->in.left == 0 && s->in.got == 0 && s->in.pdus >= MAX_PDUS;
}

static ssize_t
guarded_recv (int fd, void *buf, size_t len, int flags)
{
  struct session *s = served;

  if (s == NULL)
    return recvfrom (fd, buf, len, flags, NULL, NULL);
  if (is_enough (s)) {
    errno = EAGAIN;
    return -1;
  }
  return received (s, buf, recvfrom (fd, buf, len, flags, NULL, NULL));
}

static ssize_t
guarded_recv_chk (int fd, void *buf, size_t len, size_t size, int flags)
{
  return guarded_recv (fd, buf, len < size ? len : size, flags);
}

/* For one buffer, as nearly always, the kernel has less to do for recv. */
static ssize_t
guarded_readv (int fd, const struct iovec *iov, int niov)
{
  struct msghdr msg = {
    .msg_iov = (struct iovec *) iov, .msg_iovlen = (size_t) niov,
  };
  ssize_t r;

  if (niov == 1)
    return guarded_recv (fd, iov->iov_base, iov->iov_len, 0);
  r = recvmsg (fd, &msg, 0);
  return served ? received (served, NULL, r) : r;
}

/* ---- sending ---- */

/* Each PDU would be a segment of its own, and wake the target.  While large
 * writes are under way the kernel is told that more of them follow, until
 * session_leave.
 */
static int
more (struct session *s)
{
  if (s->writes == 0)
    return 0;
  s->out.held_back = true;
  return MSG_MORE;
}

/* A PDU is out: with a command there may be the first of its data. */
static void
count_data (const struct session *s)
{
  struct command *cmd;

  if (s->out.data_length == 0 ||
      (s->out.opcode != PDU_SCSI_COMMAND && s->out.opcode != PDU_DATA_OUT))
    return;
  cmd = command_with_tag (s, s->out.itt);
  if (cmd == NULL)
    return;
  cmd->sent += s->out.data_length;
  if (s->out.ends_r2t && cmd->r2ts > 0)
    cmd->r2ts--;
}

static ssize_t
sent (struct session *s, ssize_t r)
{
  if (r < 0 && errno != EAGAIN && errno != EINTR)
    s->socket_error = errno;
  if (r <= 0 || s->out.left == 0)
    return r;
  s->out.left -= (size_t) r < s->out.left ? (uint32_t) r : s->out.left;
  if (s->out.left == 0)
    count_data (s);
  return r;
}

/* Is this the header of a PDU whose data are elsewhere?  libiscsi makes a
 * system call of each, one after the other: it is told that the header is sent,
 * and the header leaves with the data.
 */
static bool
keep_header (struct session *s, const uint8_t *bhs, size_t len)
{
  if (len != header_size (s) || s->out.left == len)
    return false;
  memcpy (s->out.header, bhs, len);
  s->out.kept = len;
  return true;
}

/* What is left of ‘r’ bytes for the data, after those of the header. */
static ssize_t
without_header (struct session *s, ssize_t r)
{
  const size_t n = r < (ssize_t) s->out.kept ? (size_t) r : s->out.kept;

  if (r <= 0 || n == 0)
    return r;
  s->out.kept -= n;
  if ((size_t) r > n)
    return r - (ssize_t) n;
  memmove (s->out.header, s->out.header + n, s->out.kept);
  errno = EAGAIN;
  return -1;
}

/* Does a PDU begin? */
static bool
begin_sending (struct session *s, const uint8_t *bhs, size_t len)
{
  if (s->out.left > 0 || len < BHS_SIZE)
    return false;
  s->out.opcode = bhs[0] & 0x3f;
  if (s->out.opcode != PDU_DATA_OUT) /* an immediate one does not count */
    s->out.cmd_sn = get_be32 (&bhs[24]) + !(bhs[0] & 0x40);
  s->out.itt = get_be32 (&bhs[16]);
  s->out.data_length = get_be32 (&bhs[4]) & 0xffffff;
  s->out.ends_r2t = s->out.opcode == PDU_DATA_OUT && (bhs[1] & 0x80) &&
    get_be32 (&bhs[20]) != NO_TAG;
  s->out.left = (uint32_t) header_size (s) +
    pdu_rest (s->out.data_length, s->data_digest);
  if (s->out.opcode == PDU_SCSI_COMMAND)
    note_tag (s, s->out.itt);
  return true;
}

static ssize_t
guarded_send (int fd, const void *buf, size_t len, int flags)
{
  struct session *s = served;

  if (s == NULL)
    return sendto (fd, buf, len, flags, NULL, 0);
  if (begin_sending (s, buf, len) && keep_header (s, buf, len))
    return (ssize_t) len;
  if (s->out.kept > 0) {        /* nothing may come before its data */
    errno = EPROTO;
    return sent (s, -1);
  }
  return sent (s, sendto (fd, buf, len, flags | more (s), NULL, 0));
}

static ssize_t
guarded_writev (int fd, const struct iovec *iov, int niov)
{
  const size_t n = niov < COMMAND_MAX_IOV ? (size_t) niov : COMMAND_MAX_IOV;
  struct iovec all[1 + COMMAND_MAX_IOV];
  struct msghdr msg = { .msg_iov = all + 1, .msg_iovlen = n };
  struct session *s = served;

  memcpy (all + 1, iov, n * sizeof *iov);
  if (s == NULL)
    return sendmsg (fd, &msg, MSG_NOSIGNAL);
  if (s->out.kept > 0) {
    all[0] = (struct iovec) { s->out.header, s->out.kept };
    msg.msg_iov = all;
    msg.msg_iovlen++;
  }
  return without_header (s, sent (s, sendmsg (fd, &msg,
                                              MSG_NOSIGNAL | more (s))));
}

/* Send what was held back: setting TCP_NODELAY, which libiscsi has set, does
 * that.
 */
static void
push (struct session *s)
{
  static const int on = 1;

  s->out.held_back = false;
  setsockopt (iscsi_get_fd (s->ctx), IPPROTO_TCP, TCP_NODELAY, &on,
              sizeof on);
}

/* ---- memory ---- */

/* libiscsi reads sense data and the keys of a login as far as they tell it to,
 * which is up to 276 bytes behind an empty data segment: it finds zeroes there.
 */
#define BEHIND 280

static void *
guarded_malloc (size_t size)
{
  char *p = size <= SIZE_MAX - BEHIND ? malloc (size + BEHIND) : NULL;

  if (p)
    memset (p + size, 0, BEHIND);
  return p;
}

/* ---- around libiscsi ---- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

void
session_enter (struct session *s)
{
  if (s->logs)
    pthread_mutex_lock (&log_lock);
  s->in.pdus = 0;
  served = s->iser ? NULL : s;
}

void
session_leave (struct session *s)
{
  served = NULL;
  if (s->out.held_back && !s->closing)
    push (s);
  if (s->in.answers > 0 && s->out.left == 0 && !s->closing &&
      iscsi_out_queue_length (s->ctx) == 0)
    s->in.answers = 0;
  if (s->logs)
    pthread_mutex_unlock (&log_lock);
}

static bool guarding;

static void
start_guarding (void)
{
  struct interposed list[] = {
    { "recv", guarded_recv, false, false },
    { "__recv_chk", guarded_recv_chk, true, false },
    { "readv", guarded_readv, false, false },
    { "send", guarded_send, false, false },
    { "writev", guarded_writev, false, false },
    { "malloc", guarded_malloc, true, false },
  };

  guarding = interpose (iscsi_service, list, sizeof list / sizeof list[0]);
}

int
session_guard (struct error *err)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, start_guarding);
  if (!guarding)
    return error_set (err, ENOTSUP, "cannot look at what libiscsi receives: "
                      "it was built in a way that this plugin does not know");
  return 0;
}
