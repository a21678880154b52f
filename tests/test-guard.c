/* SPDX-License-Identifier: BSD-3-Clause */

/* What becomes of the calls by which libiscsi sends, whatever the socket takes
 * of each, and of those by which it receives.
 */

#include <config.h>

#include <errno.h>
#include <sys/socket.h>

#include "bytes.h"
#include "check.h"
#include "interpose.h"
#include "session-private.h"

/* ---- libiscsi, as far as the guard asks it ---- */

int
iscsi_service (struct iscsi_context *ctx __attribute__ ((unused)),
               int revents __attribute__ ((unused)))
{
  return 0;
}

int
iscsi_get_fd (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return -1;
}

int
iscsi_out_queue_length (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return 0;
}

int
iscsi_is_logged_in (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return 1;
}

int
session_lose (struct session *s, int errnum __attribute__ ((unused)),
              const char *why __attribute__ ((unused)))
{
  s->lost = true;
  return -1;
}

static ssize_t (*guarded_send) (int, const void *, size_t, int);
static ssize_t (*guarded_writev) (int, const struct iovec *, int);
static ssize_t (*guarded_recv) (int, void *, size_t, int);
static ssize_t (*guarded_readv) (int, const struct iovec *, int);

static void
take (const struct interposed *i, const char *name, void *function)
{
  if (strcmp (i->name, name) == 0)
    memcpy (function, &i->function, sizeof i->function);
}

bool
interpose (const void *address __attribute__ ((unused)),
           struct interposed *list, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i) {
    take (&list[i], "send", &guarded_send);
    take (&list[i], "writev", &guarded_writev);
    take (&list[i], "recv", &guarded_recv);
    take (&list[i], "readv", &guarded_readv);
  }
  return true;
}

/* ---- the socket (-Wl,--wrap) ---- */

static struct {
  size_t most;                  /* bytes that one call takes */
  bool stutters;                /* each other call takes none */
  unsigned calls;
  int flags;                    /* of the last */
  uint8_t bytes[4096];          /* what it took */
  size_t len;
} wire;

extern ssize_t __wrap_sendmsg (int fd, const struct msghdr *msg, int flags);
extern ssize_t __wrap_sendto (int fd, const void *buf, size_t len, int flags,
                              const struct sockaddr *to, socklen_t to_len);

ssize_t
__wrap_sendmsg (int fd __attribute__ ((unused)), const struct msghdr *msg,
                int flags)
{
  const size_t before = wire.len;
  size_t i, n, room = wire.most;

  wire.flags = flags;
  if (wire.stutters && wire.calls++ % 2 == 0) {
    errno = EAGAIN;
    return -1;
  }
  for (i = 0; i < msg->msg_iovlen; ++i) {
    n = msg->msg_iov[i].iov_len < room ? msg->msg_iov[i].iov_len : room;
    memcpy (wire.bytes + wire.len, msg->msg_iov[i].iov_base, n);
    wire.len += n;
    room -= n;
  }
  return (ssize_t) (wire.len - before);
}

ssize_t
__wrap_sendto (int fd, const void *buf, size_t len, int flags,
               const struct sockaddr *to __attribute__ ((unused)),
               socklen_t to_len __attribute__ ((unused)))
{
  struct iovec iov = { (void *) buf, len };
  const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

  return __wrap_sendmsg (fd, &msg, flags);
}

/* What comes is already there. */
extern ssize_t __wrap_recvmsg (int fd, struct msghdr *msg, int flags);
extern ssize_t __wrap_recvfrom (int fd, void *buf, size_t len, int flags,
                                struct sockaddr *from, socklen_t *from_len);

ssize_t
__wrap_recvmsg (int fd __attribute__ ((unused)), struct msghdr *msg,
                int flags __attribute__ ((unused)))
{
  size_t i, n, total = 0;

  for (i = 0; i < msg->msg_iovlen; ++i) {
    n = msg->msg_iov[i].iov_len < wire.len ? msg->msg_iov[i].iov_len
      : wire.len;
    memcpy (msg->msg_iov[i].iov_base, wire.bytes, n);
    memmove (wire.bytes, wire.bytes + n, wire.len - n);
    wire.len -= n;
    total += n;
  }
  return (ssize_t) total;
}

ssize_t
__wrap_recvfrom (int fd, void *buf, size_t len, int flags,
                 struct sockaddr *from __attribute__ ((unused)),
                 socklen_t *from_len __attribute__ ((unused)))
{
  struct iovec iov = { buf, len };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

  return __wrap_recvmsg (fd, &msg, flags);
}

/* ---- a session with one write, and how libiscsi sends it ---- */

#define TAG   7
#define LEN 512

static struct session s;
static struct command cmd;
static uint8_t header[BHS_SIZE + 4], data[LEN];

static void
begin (size_t most, bool stutters)
{
  size_t i;

  memset (&wire, 0, sizeof wire);
  wire.most = most;
  wire.stutters = stutters;
  memset (&s, 0, sizeof s);
  cmd = (struct command) { .direction = DATA_OUT, .len = LEN, .itt = NO_TAG };
  queue_append (&s.carried, &cmd);
  s.unsent = 1;

  for (i = 0; i < sizeof header; ++i)
    header[i] = (uint8_t) (0x80 | i);
  header[0] = PDU_SCSI_COMMAND;
  put_be32 (&header[4], LEN);
  put_be32 (&header[16], TAG);
  for (i = 0; i < LEN; ++i)
    data[i] = (uint8_t) i;
  session_enter (&s);
}

static bool
is_would_block (ssize_t r)
{
  return r == -1 && errno == EAGAIN;
}

/* What libiscsi makes of the result of a call; false: it gives up. */
static bool
go_on (ssize_t r, size_t *done)
{
  if (r > 0)
    *done += (size_t) r;
  CHECK (r > 0 || is_would_block (r));
  return r > 0 || is_would_block (r);
}

static void
send_all (const uint8_t *buf, size_t len)
{
  size_t done = 0;

  while (done < len &&
         go_on (guarded_send (3, buf + done, len - done, MSG_NOSIGNAL), &done))
    ;
}

/* From two buffers, of which libiscsi passes what is left of each. */
static void
write_all (void)
{
  const size_t half = LEN / 2 - 100;
  bool goes_on = true;
  size_t done = 0;

  while (done < LEN && goes_on) {
    const struct iovec iov[] = {
      { data + done, done < half ? half - done : LEN - done },
      { data + half, LEN - half },
    };

    goes_on = go_on (guarded_writev (3, iov, done < half ? 2 : 1), &done);
  }
}

static void
check_wire (size_t header_len)
{
  CHECK_UINT (wire.len, header_len + LEN);
  CHECK_MEM (wire.bytes, header, header_len);
  CHECK_MEM (wire.bytes + header_len, data, LEN);
  CHECK_UINT (s.out.left, 0);
  CHECK_UINT (s.out.kept, 0);
  CHECK_UINT (cmd.itt, TAG);
  CHECK_UINT (cmd.sent, LEN);
  CHECK_UINT (s.unsent, 0);
}

/* ---- tests ---- */

static void
test_header_leaves_with_data (void)
{
  begin (SIZE_MAX, false);
  send_all (header, BHS_SIZE);
  CHECK_UINT (wire.len, 0);
  CHECK_UINT (cmd.sent, 0);
  CHECK_UINT (s.out.left, BHS_SIZE + LEN);
  write_all ();
  check_wire (BHS_SIZE);
  CHECK_INT (wire.flags, MSG_NOSIGNAL);
  session_leave (&s);
}

static void
test_header_with_digest (void)
{
  begin (SIZE_MAX, false);
  s.header_digest = true;
  send_all (header, sizeof header);
  CHECK_UINT (wire.len, 0);
  write_all ();
  check_wire (sizeof header);
  session_leave (&s);
}

/* Whatever the socket takes at a time, the bytes leave once and in order, and
 * none counts as sent before it is.
 */
static void
test_pieces (void)
{
  size_t most;

  for (most = 1; most <= BHS_SIZE + LEN; ++most) {
    begin (most, false);
    send_all (header, BHS_SIZE);
    write_all ();
    check_wire (BHS_SIZE);
    session_leave (&s);

    begin (most, true);
    send_all (header, BHS_SIZE);
    write_all ();
    check_wire (BHS_SIZE);
    session_leave (&s);
  }
}

static void
test_nothing_taken (void)
{
  const struct iovec iov = { data, LEN };

  begin (SIZE_MAX, true);
  send_all (header, BHS_SIZE);
  CHECK (is_would_block (guarded_writev (3, &iov, 1)));
  CHECK_UINT (s.out.left, BHS_SIZE + LEN);
  CHECK_UINT (s.out.kept, BHS_SIZE);
  CHECK_UINT (cmd.sent, 0);
  CHECK_INT (s.socket_error, 0);
  session_leave (&s);
}

/* The socket takes part of the header: libiscsi is told that it took nothing
 * of the data.
 */
static void
test_part_of_header (void)
{
  const struct iovec iov = { data, LEN };

  begin (40, false);
  send_all (header, BHS_SIZE);
  CHECK (is_would_block (guarded_writev (3, &iov, 1)));
  CHECK_UINT (s.out.kept, 8);
  CHECK_INT (guarded_writev (3, &iov, 1), 32);
  CHECK_UINT (s.out.kept, 0);
  CHECK_UINT (s.out.left, LEN - 32);
  session_leave (&s);
}

/* A command without data, and one whose data libiscsi has behind the header. */
static void
test_nothing_follows (void)
{
  uint8_t pdu[BHS_SIZE + LEN];

  begin (SIZE_MAX, false);
  put_be32 (&header[4], 0);
  send_all (header, BHS_SIZE);
  CHECK_UINT (wire.len, BHS_SIZE);
  CHECK_UINT (s.out.left, 0);
  session_leave (&s);

  begin (100, true);
  memcpy (pdu, header, BHS_SIZE);
  memcpy (pdu + BHS_SIZE, data, LEN);
  send_all (pdu, sizeof pdu);
  check_wire (BHS_SIZE);
  session_leave (&s);
}

/* The last piece is as long as a header, and its digest follows. */
static void
test_piece_like_header (void)
{
  const uint8_t digest[4] = { 1, 2, 3, 4 };
  uint8_t pdu[BHS_SIZE + LEN];

  begin (LEN, false);
  s.data_digest = true;
  memcpy (pdu, header, BHS_SIZE);
  memcpy (pdu + BHS_SIZE, data, LEN);
  send_all (pdu, sizeof pdu);
  CHECK_UINT (wire.len, sizeof pdu);
  CHECK_MEM (wire.bytes, pdu, sizeof pdu);
  send_all (digest, sizeof digest);
  CHECK_UINT (wire.len, sizeof pdu + sizeof digest);
  CHECK_UINT (s.out.left, 0);
  session_leave (&s);
}

/* More buffers than a command has are not all taken at once. */
static void
test_many_buffers (void)
{
  struct iovec iov[COMMAND_MAX_IOV + 1];
  size_t i;

  for (i = 0; i < COMMAND_MAX_IOV + 1; ++i)
    iov[i] = (struct iovec) { data + 10 * i, 10 };
  begin (SIZE_MAX, false);
  send_all (header, BHS_SIZE);
  CHECK_INT (guarded_writev (3, iov, COMMAND_MAX_IOV + 1),
             10 * COMMAND_MAX_IOV);
  CHECK_UINT (wire.len, BHS_SIZE + 10 * COMMAND_MAX_IOV);
  CHECK_MEM (wire.bytes + BHS_SIZE, data, 10 * COMMAND_MAX_IOV);
  session_leave (&s);
}

/* Nothing gets between a header and its data. */
static void
test_other_header (void)
{
  begin (SIZE_MAX, false);
  send_all (header, BHS_SIZE);
  CHECK_INT (guarded_send (3, header, BHS_SIZE, MSG_NOSIGNAL), -1);
  CHECK_INT (errno, EPROTO);
  CHECK_INT (s.socket_error, EPROTO);
  CHECK_UINT (wire.len, 0);
  session_leave (&s);
}

/* While large writes are under way the kernel holds back what it has. */
static void
test_more_follows (void)
{
  begin (SIZE_MAX, false);
  s.writes = 1;
  send_all (header, BHS_SIZE);
  write_all ();
  check_wire (BHS_SIZE);
  CHECK_INT (wire.flags, MSG_NOSIGNAL | MSG_MORE);
  CHECK (s.out.held_back);
  session_leave (&s);
  CHECK (!s.out.held_back);
}

/* The data of a read come into one buffer, or two; the next header is judged
 * at its beginning then, and no data are.
 */
static void
test_data_in (size_t first)
{
  uint8_t buf[LEN], bhs[BHS_SIZE];
  const struct iovec iov[] = {
    { buf, first }, { buf + first, sizeof buf - first },
  };

  begin (SIZE_MAX, false);
  cmd.direction = DATA_IN;
  cmd.itt = TAG;
  memset (header, 0, sizeof header);
  header[0] = PDU_DATA_IN;
  put_be32 (&header[4], LEN);
  put_be32 (&header[16], TAG);
  memset (data, PDU_REJECT, sizeof data); /* looks like a header */
  memcpy (wire.bytes, header, BHS_SIZE);
  memcpy (wire.bytes + BHS_SIZE, data, LEN);
  memcpy (wire.bytes + BHS_SIZE + LEN, header, BHS_SIZE);
  wire.len = 2 * BHS_SIZE + LEN;

  CHECK_INT (guarded_recv (3, bhs, BHS_SIZE, 0), BHS_SIZE);
  CHECK_UINT (s.in.left, LEN);
  CHECK_INT (guarded_readv (3, iov, first < LEN ? 2 : 1), LEN);
  CHECK_MEM (buf, data, LEN);
  CHECK_UINT (s.in.left, 0);
  CHECK_UINT (s.in.pdus, 1);
  CHECK_UINT (cmd.moved, LEN);
  CHECK (!s.lost);

  /* The same data once more. */
  CHECK_INT (guarded_recv (3, bhs, BHS_SIZE, 0), -1);
  CHECK (s.lost);
  session_leave (&s);
}

static ssize_t
receive_ping (uint32_t data_length, uint32_t exp_cmd_sn, uint32_t max_cmd_sn)
{
  uint8_t bhs[BHS_SIZE];

  memset (wire.bytes, 0, BHS_SIZE + 4);
  wire.bytes[0] = PDU_NOP_IN;
  put_be32 (&wire.bytes[4], data_length);
  put_be32 (&wire.bytes[16], NO_TAG);
  put_be32 (&wire.bytes[20], NO_TAG);
  put_be32 (&wire.bytes[28], exp_cmd_sn);
  put_be32 (&wire.bytes[32], max_cmd_sn);
  wire.len = BHS_SIZE + data_length;
  return guarded_recv (3, bhs, BHS_SIZE, 0);
}

/* The target takes commands up to MaxCmdSN, which never goes back; the next one
 * to be sent has the number 0xfffffffe.
 */
static void
test_window (void)
{
  static const struct {
    uint32_t exp, max;
    unsigned room;
  } rows[] = {
    { 0xfffffffd, 0xfffffffd, 0 },
    { 0xfffffffd, 0xfffffffe, 1 },
    { 0xfffffffe, 1, 4 },
    { 0xfffffffe, 0, 4 },
    { 0xfffffffe, 0xfffffffd, 4 },
    { 0xfffffffe, 0x7ffffffd, 0x80000000 },
  };
  size_t i;

  begin (SIZE_MAX, false);
  s.unsent = 0;
  s.out.cmd_sn = 0xfffffffe;
  s.in.max_cmd_sn = 0xfffffffc;
  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    CHECK_INT (receive_ping (0, rows[i].exp, rows[i].max), BHS_SIZE);
    CHECK_UINT (session_window (&s), rows[i].room);
  }
  s.unsent = 3;
  CHECK_UINT (session_window (&s), 0x7ffffffd);
  s.iser = true;
  CHECK_UINT (session_window (&s), UINT_MAX);
  s.iser = false;
  session_leave (&s);
}

/* However many PDUs there are, libiscsi is to come back in between: not in the
 * middle of one.
 */
static void
test_many_pdus (void)
{
  uint8_t buf[4];
  unsigned i;

  begin (SIZE_MAX, false);
  for (i = 0; i < 1000 && receive_ping (sizeof buf, 0, 0) == BHS_SIZE; ++i)
    CHECK_INT (guarded_recv (3, buf, sizeof buf, 0), sizeof buf);
  CHECK_UINT (i, 256);
  CHECK (is_would_block (receive_ping (0, 0, 0)));
  CHECK (!s.lost);
  session_leave (&s);
  session_enter (&s);
  CHECK_INT (receive_ping (0, 0, 0), BHS_SIZE);
  session_leave (&s);
}

int
main (void)
{
  struct error err;

  CHECK_INT (session_guard (&err), 0);
  test_header_leaves_with_data ();
  test_header_with_digest ();
  test_pieces ();
  test_nothing_taken ();
  test_part_of_header ();
  test_nothing_follows ();
  test_piece_like_header ();
  test_many_buffers ();
  test_other_header ();
  test_more_follows ();
  test_data_in (LEN);
  test_data_in (100);
  test_window ();
  test_many_pdus ();
  return check_summary ();
}
