/* SPDX-License-Identifier: BSD-3-Clause */

/* What a session makes of libiscsi: when it is lost and why, and what becomes
 * of its commands.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <sys/socket.h>

#include "check.h"
#include "clock.h"
#include "debug.h"
#include "fake-libiscsi.h"
#include "session-private.h"

#define LEN 512

static struct iscsi_context *const context = (void *) &context;

/* ---- the rest of the room ---- */

void
session_enter (struct session *s __attribute__ ((unused)))
{
  CHECK (!libiscsi.entered);
  libiscsi.entered = true;
}

void
session_leave (struct session *s __attribute__ ((unused)))
{
  CHECK (libiscsi.entered);
  libiscsi.entered = false;
}

void
session_why (struct session *s __attribute__ ((unused)), const char *text,
             struct error *err)
{
  error_set (err, ECONNRESET, "%s", text);
}

int
session_guard (struct error *err __attribute__ ((unused)))
{
  return 0;
}

void
negotiation_begin (struct iscsi_context *ctx __attribute__ ((unused)),
                   const struct session_params *p __attribute__ ((unused)))
{
}

void
canary_set (struct session *s __attribute__ ((unused)),
            struct command *cmd __attribute__ ((unused)))
{
}

bool
canary_is_there (const struct command *cmd __attribute__ ((unused)))
{
  return false;
}

bool
debug_scsi_enabled (void)
{
  return false;
}

void
debug_scsi (const char *fs __attribute__ ((unused)), ...)
{
}

/* ---- a session, and its commands ---- */

static struct session s;
static struct command cmds[3];
static uint8_t data[LEN];
static unsigned over;           /* commands */

static void
done (void *opaque __attribute__ ((unused)),
      struct command *cmd __attribute__ ((unused)))
{
  over++;
}

static void
begin (void)
{
  s = (struct session) { .ctx = context, .max_segment = 8192 };
  session_set_done (&s, done, NULL);
  libiscsi.act = NULL;
  libiscsi.act_at_end = NULL;
  libiscsi.result = 0;
  libiscsi.text = "the first reason";
  libiscsi.has_socket = libiscsi.logged_in = true;
  libiscsi.submit_fails = false;
  libiscsi.events = libiscsi.queued = 0;
  over = 0;
}

static void
end (void)
{
  struct queue undone = { 0 };

  session_abandon (&s, &undone);
  CHECK_UINT (libiscsi.tasks, 0);
}

static int
submit_bytes (unsigned i, enum direction direction, uint32_t len)
{
  struct command *cmd = &cmds[i];

  *cmd = (struct command) {
    .cdb_len = 10, .direction = direction, .len = len, .niov = 1,
    .iov[0] = { data, LEN },
  };
  return session_submit (&s, cmd);
}

static int
submit (unsigned i, enum direction direction)
{
  return submit_bytes (i, direction, LEN);
}

/* libiscsi says that it is over. */
static void
finish (unsigned i, int status)
{
  cmds[i].status = status;
  libiscsi.callback (context, status, NULL, &cmds[i]);
}

static void
cancel (void)
{
  finish (0, SCSI_STATUS_CANCELLED);
}

static void
finish_good (void)
{
  finish (0, SCSI_STATUS_GOOD);
}

static void
close_fd (void)
{
  libiscsi.has_socket = false;
}

static void
lose (void)
{
  session_lose (&s, EPROTO, "an earlier reason");
}

/* Nothing is lost. */
static void
test_serves (void)
{
  struct error err = { 0 };

  begin ();
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (session_last_heard (&s), 0);
  CHECK_INT (session_service (&s, POLLIN, &err), 0);
  CHECK (session_last_heard (&s) > 0);
  CHECK (!session_is_lost (&s));
  CHECK_INT (session_fd (&s), libiscsi.fd);
  end ();
}

/* How a connection ends: each by itself is the loss of the session, though
 * libiscsi goes on saying that all is well in most of them.
 */
static const struct {
  const char *row;
  void (*act) (void);
  int result;
  bool logged_out;
  const char *why;
} losses[] = {
  { "it fails", NULL, -1, false, "the first reason" },
  { "it cancels the commands", cancel, 0, false, "the first reason" },
  { "it has no socket any more", close_fd, 0, false, "the first reason" },
  { "it is logged out", NULL, 0, true, "the target asked for a logout" },
  { "a PDU was refused before", lose, -1, false, "an earlier reason" },
};

/* From then on libiscsi is let alone, and the reason stays. */
static void
test_lost (void)
{
  struct error err = { 0 };
  unsigned before;
  size_t i;

  for (i = 0; i < sizeof losses / sizeof losses[0]; ++i) {
    check_row = losses[i].row;
    begin ();
    CHECK_INT (submit (0, DATA_IN), 0);
    libiscsi.act = losses[i].act;
    libiscsi.result = losses[i].result;
    libiscsi.logged_in = !losses[i].logged_out;
    CHECK_INT (session_service (&s, POLLIN, &err), -1);
    CHECK_STR (err.msg, losses[i].why);
    CHECK (session_is_lost (&s));
    CHECK_UINT (session_last_heard (&s), 0);
    CHECK_UINT (over, 0);

    before = libiscsi.calls;
    libiscsi.act = NULL;
    libiscsi.result = 0;
    libiscsi.text = "another reason";
    libiscsi.has_socket = libiscsi.logged_in = true;
    err = (struct error) { 0 };
    CHECK_INT (session_service (&s, POLLIN, &err), -1);
    CHECK_STR (err.msg, losses[i].why);
    CHECK_INT (submit (1, DATA_IN), -1);
    CHECK_INT (session_ping (&s), -1);
    CHECK (session_wants_write (&s));
    CHECK_UINT (libiscsi.calls, before);
    end ();
    CHECK_STR (s.why.msg, losses[i].why);
  }
  check_row = NULL;
}

/* What is not over when the session ends is handed back in order, without an
 * answer, whatever libiscsi calls it back with then; and nothing of a write is
 * sent later.
 */
static void
test_hands_back (void)
{
  struct queue undone = { 0 };
  struct linger linger = { 0 };
  socklen_t len = sizeof linger;
  unsigned i;

  begin ();
  libiscsi.act_at_end = finish_good;
  for (i = 0; i < 3; ++i)
    CHECK_INT (submit (i, DATA_OUT), 0);
  finish (1, SCSI_STATUS_GOOD);
  CHECK_UINT (over, 1);
  cancel ();
  CHECK_UINT (over, 1);
  session_abandon (&s, &undone);
  CHECK_UINT (undone.len, 2);
  CHECK (undone.head == &cmds[0] && undone.tail == &cmds[2]);
  CHECK_UINT (cmds[0].answer.status, STATUS_NONE);
  CHECK_UINT (over, 1);
  CHECK_UINT (libiscsi.tasks, 0);
  CHECK_INT (session_fd (&s), -1);
  CHECK_INT (getsockopt (libiscsi.fd, SOL_SOCKET, SO_LINGER, &linger, &len),
             0);
  CHECK (linger.l_onoff && linger.l_linger == 0);
  /* Once more is nothing. */
  libiscsi.contexts = 0;
  session_abandon (&s, &undone);
  CHECK_UINT (undone.len, 2);
  CHECK_UINT (libiscsi.contexts, 0);
}

/* A command that libiscsi does not take is nobody's. */
static void
test_not_taken (void)
{
  begin ();
  libiscsi.submit_fails = true;
  CHECK_INT (submit (0, DATA_OUT), -1);
  CHECK_UINT (session_carried (&s)->len, 0);
  CHECK_UINT (libiscsi.tasks, 0);
  end ();
}

/* A write that failed while some of it is not sent is over once all of it is
 * sent; nothing is added before.
 */
static void
test_fails_early (void)
{
  struct error err;

  begin ();
  CHECK_INT (submit (0, DATA_OUT), 0);
  CHECK_INT (submit (1, DATA_IN), 0);
  libiscsi.queued = 1;
  finish (0, SCSI_STATUS_CHECK_CONDITION);
  CHECK_UINT (over, 0);
  CHECK (!session_takes_more (&s));
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (over, 0);
  libiscsi.queued = 0;
  libiscsi.events = POLLOUT;    /* in part */
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (over, 0);
  libiscsi.events = 0;
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (over, 1);
  CHECK_UINT (cmds[0].answer.status, STATUS_CHECK_CONDITION);
  CHECK (session_takes_more (&s));
  CHECK_UINT (libiscsi.tasks, 1);
  finish (1, SCSI_STATUS_GOOD);
  CHECK_UINT (libiscsi.tasks, 0);
  end ();
}

/* One that is GOOD is over, but its task is kept, from which it is sent. */
static void
test_good_early (void)
{
  struct error err;

  begin ();
  CHECK_INT (submit (0, DATA_OUT), 0);
  libiscsi.queued = 1;
  finish (0, SCSI_STATUS_GOOD);
  CHECK_UINT (over, 1);
  CHECK_UINT (libiscsi.tasks, 1);
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (libiscsi.tasks, 1);
  libiscsi.queued = 0;
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK_UINT (libiscsi.tasks, 0);
  end ();
}

/* The session ends before they are sent. */
static void
test_early_and_lost (void)
{
  begin ();
  CHECK_INT (submit (0, DATA_OUT), 0);
  CHECK_INT (submit (1, DATA_OUT), 0);
  libiscsi.queued = 2;
  finish (0, SCSI_STATUS_GOOD);
  finish (1, SCSI_STATUS_CHECK_CONDITION);
  end ();
  CHECK_UINT (cmds[1].answer.status, STATUS_NONE);
}

/* Not any number of tasks is kept. */
static void
test_many_early (void)
{
  struct error err;
  unsigned i;

  begin ();
  libiscsi.queued = 1;
  for (i = 0; i < 1000 && session_takes_more (&s); ++i) {
    CHECK_INT (submit (0, DATA_OUT), 0);
    finish (0, SCSI_STATUS_GOOD);
  }
  CHECK (i < 1000);
  CHECK_UINT (libiscsi.tasks, i);
  libiscsi.queued = 0;
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK (session_takes_more (&s));
  end ();
}

/* Nor any number of pieces, for each of which libiscsi walks along its queue:
 * those of writes, until they are over and nothing of theirs is left.
 */
static void
test_many_pieces (void)
{
  struct error err;

  begin ();
  s.max_segment = 512;
  CHECK_INT (submit_bytes (0, DATA_IN, 16 << 20), 0);
  CHECK (session_takes_more (&s));
  CHECK_INT (submit_bytes (1, DATA_OUT, (4 << 20) - 512), 0);
  CHECK (session_takes_more (&s));
  CHECK_INT (submit_bytes (2, DATA_OUT, 1), 0);
  CHECK (!session_takes_more (&s));
  finish (2, SCSI_STATUS_CHECK_CONDITION);
  CHECK (session_takes_more (&s));
  libiscsi.submit_fails = true;
  CHECK_INT (submit_bytes (2, DATA_OUT, 1), -1);
  CHECK (session_takes_more (&s));
  libiscsi.submit_fails = false;
  CHECK_INT (submit_bytes (2, DATA_OUT, 1), 0);
  libiscsi.queued = 1;
  finish (1, SCSI_STATUS_GOOD);
  CHECK (!session_takes_more (&s));
  libiscsi.queued = 0;
  CHECK_INT (session_service (&s, POLLOUT, &err), 0);
  CHECK (session_takes_more (&s));
  end ();
}

/* What was told about the data and the status while they came by counts, not
 * what libiscsi makes of it.
 */
static const struct {
  const char *row;
  enum direction direction;
  int status;                   /* of libiscsi */
  unsigned told;                /* by the target */
  bool holes, failed;
  uint32_t moved;
  unsigned answer;
} answers[] = {
  { "read", DATA_IN, 0, 0, false, false, LEN, STATUS_GOOD },
  { "short read", DATA_IN, 0, 0, false, false, LEN - 1, STATUS_SHORT_DATA },
  { "read with a hole", DATA_IN, 0, 0, true, false, LEN, STATUS_SHORT_DATA },
  { "read, response 01h", DATA_IN, 0, 0, false, true, LEN, STATUS_PROTOCOL },
  { "write", DATA_OUT, 0, 0, false, false, LEN, STATUS_GOOD },
  { "write with a hole", DATA_OUT, 0, 0, true, false, LEN, STATUS_PROTOCOL },
  { "write, response 01h", DATA_OUT, 0, 0, false, true, LEN, STATUS_PROTOCOL },
  { "CONDITION MET", DATA_NONE, 0, STATUS_CONDITION_MET, false, false, 0,
    STATUS_CONDITION_MET },
  { "BUSY", DATA_IN, STATUS_BUSY, STATUS_BUSY, false, false, 0, STATUS_BUSY },
  { "error of libiscsi", DATA_IN, SCSI_STATUS_ERROR, 0, false, false, 0,
    STATUS_PROTOCOL },
};

static void
test_answers (void)
{
  size_t i;

  for (i = 0; i < sizeof answers / sizeof answers[0]; ++i) {
    check_row = answers[i].row;
    begin ();
    CHECK_INT (submit (0, answers[i].direction), 0);
    cmds[0].holes = answers[i].holes;
    cmds[0].failed = answers[i].failed;
    cmds[0].moved = answers[i].moved;
    cmds[0].status = answers[i].told;
    libiscsi.callback (context, answers[i].status, NULL, &cmds[0]);
    CHECK_UINT (cmds[0].answer.status, answers[i].answer);
    CHECK_UINT (over, 1);
    end ();
  }
  check_row = NULL;
}

/* Data that come with the answer, which are ‘len’ bytes at ‘bytes’ to libiscsi;
 * they are in memory of just this size.
 */
static void
finish_with (const void *bytes, int len, int status)
{
  struct scsi_task *task = cmds[0].task;

  task->datain.size = len;
  if (bytes && len > 0) {
    task->datain.data = malloc (len);
    memcpy (task->datain.data, bytes, len);
  }
  finish (0, status);
}

static void
ask (uint32_t len)
{
  cmds[0] = (struct command) {
    .cdb_len = 6, .direction = DATA_IN, .len = len, .param = data,
  };
  CHECK_INT (session_submit (&s, &cmds[0]), 0);
}

/* Parameter data: no more than was asked for, and what was received. */
static void
test_parameter_data (void)
{
  begin ();
  data[4] = 'x';
  ask (4);
  finish_with ("abcdef", 6, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.received, 4);
  CHECK_MEM (data, "abcdx", 5);
  ask (4);
  finish_with ("AB", 2, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.received, 2);
  CHECK_MEM (data, "ABcdx", 5);
  ask (4);
  finish_with (NULL, 4, SCSI_STATUS_GOOD);
  ask (4);
  finish_with (NULL, -1, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.received, 0);

  /* Of what has a hole the end is in the wrong place. */
  ask (4);
  cmds[0].holes = true;
  finish_with ("xyz", 3, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.status, STATUS_SHORT_DATA);
  CHECK_UINT (cmds[0].answer.received, 0);
  CHECK_MEM (data, "ABcdx", 5);
  end ();
}

/* Sense data, preceded by their length, which may be a lie. */
static void
test_sense_data (void)
{
  static const uint8_t sense[] = {
    0xff, 0xff, 0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0x00,
  };
  static const struct {
    int len;
    bool have_sense;
    unsigned asc;
  } cuts[] = {
    { sizeof sense, true, 0x2400 },
    { 15, false, 0 },           /* the ASC is cut off */
    { 2, false, 0 },
    { 1, false, 0 },
    { 0, false, 0 },
    { -1, false, 0 },
  };
  size_t i;

  begin ();
  for (i = 0; i < sizeof cuts / sizeof cuts[0]; ++i) {
    ask (4);
    finish_with (sense, cuts[i].len, SCSI_STATUS_CHECK_CONDITION);
    CHECK_UINT (cmds[0].answer.status, STATUS_CHECK_CONDITION);
    CHECK (cmds[0].answer.have_sense == cuts[i].have_sense);
    CHECK_UINT (cmds[0].answer.asc, cuts[i].asc);
    CHECK_UINT (cmds[0].answer.received, 0);
  }
  end ();
}

static void
test_residual (void)
{
  begin ();
  CHECK_INT (submit (0, DATA_OUT), 0);
  cmds[0].task->residual_status = SCSI_RESIDUAL_UNDERFLOW;
  cmds[0].task->residual = 7;
  finish (0, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.residual, RESIDUAL_UNDERFLOW);
  CHECK_UINT (cmds[0].answer.residual_count, 7);
  CHECK_INT (submit (0, DATA_OUT), 0);
  cmds[0].task->residual_status = SCSI_RESIDUAL_OVERFLOW;
  finish (0, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.residual, RESIDUAL_OVERFLOW);
  CHECK_INT (submit (0, DATA_OUT), 0);
  finish (0, SCSI_STATUS_GOOD);
  CHECK_UINT (cmds[0].answer.residual, RESIDUAL_NONE);
  end ();
}

/* The window of the target is closed: there are PDUs, and no wish to send. */
static void
test_window (void)
{
  begin ();
  libiscsi.queued = 2;
  CHECK_UINT (session_window_closed (&s), 2);
  libiscsi.events = POLLOUT;
  CHECK_UINT (session_window_closed (&s), 0);
  libiscsi.events = 0;
  lose ();
  CHECK_UINT (session_window_closed (&s), 0);
  end ();
}

/* ---- a step of the login ---- */

static bool
yes (void *opaque __attribute__ ((unused)))
{
  return true;
}

static void
end_step (void)
{
  session_step_cb (context, SCSI_STATUS_GOOD, NULL, &s);
}

static void
end_step_and_lose (void)
{
  end_step ();
  lose ();
}

/* If it were waited for once more, the step would be over. */
static void
fail_first (void)
{
  static unsigned times;

  libiscsi.result = times % 2 == 0 ? -1 : 0;
  if (times++ % 2 == 1)
    end_step ();
}

static void
close_first (void)
{
  static unsigned times;

  libiscsi.has_socket = times % 2 == 1;
  if (times++ % 2 == 1)
    end_step ();
}

static const struct {
  const char *row;
  void (*act) (void);
  int result;
  int wait;                     /* what waiting for it comes to */
  const char *why;              /* -1: because */
} steps[] = {
  { "it is over", end_step, 0, 0, NULL },
  { "it is over, and the connection is at an end", end_step, -1, 0, NULL },
  { "it is over, and a PDU was refused", end_step_and_lose, 0, -1,
    "an earlier reason" },
  { "a PDU was refused", lose, 0, -1, "an earlier reason" },
  { "libiscsi fails", fail_first, 0, -1, "the first reason" },
  { "there is no socket any more", close_first, 0, -1, "the first reason" },
};

static void
test_steps (void)
{
  static const struct stop quit = { .asked = yes };
  struct error err;
  size_t i;

  for (i = 0; i < sizeof steps / sizeof steps[0]; ++i) {
    check_row = steps[i].row;
    begin ();
    libiscsi.act = steps[i].act;
    libiscsi.result = steps[i].result;
    CHECK_INT (session_wait_step (&s, clock_ms () + 100000, NULL, &err),
               steps[i].wait);
    CHECK (session_is_lost (&s) == (steps[i].wait == -1));
    if (steps[i].why)
      CHECK_STR (s.why.msg, steps[i].why);
    end ();
  }
  check_row = NULL;

  begin ();
  CHECK_INT (session_wait_step (&s, clock_ms (), NULL, &err), -1);
  CHECK_INT (err.err, ETIMEDOUT);
  CHECK (!session_is_lost (&s));
  CHECK_INT (session_wait_step (&s, clock_ms () + 100000, &quit, &err), -1);
  CHECK_INT (err.err, ESHUTDOWN);
  end ();
}

int
main (void)
{
  alarm (500);
  libiscsi.fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK (libiscsi.fd >= 0);
  test_serves ();
  test_lost ();
  test_hands_back ();
  test_not_taken ();
  test_fails_early ();
  test_good_early ();
  test_early_and_lost ();
  test_many_early ();
  test_many_pieces ();
  test_answers ();
  test_parameter_data ();
  test_sense_data ();
  test_residual ();
  test_window ();
  test_steps ();
  close (libiscsi.fd);
  return check_summary ();
}
