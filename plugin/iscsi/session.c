/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "debug.h"
#include "sense.h"
#include "session-private.h"

/* libiscsi has an iovec of its own, and casts it to the system's. */
_Static_assert (sizeof (struct scsi_iovec) == sizeof (struct iovec) &&
                offsetof (struct scsi_iovec, iov_base) ==
                offsetof (struct iovec, iov_base) &&
                offsetof (struct scsi_iovec, iov_len) ==
                offsetof (struct iovec, iov_len),
                "struct scsi_iovec differs from struct iovec");

static bool
is_bulk_read (const struct command *cmd)
{
  return cmd->direction == DATA_IN && cmd->niov > 0;
}

/* Sense data are preceded by their length in the data segment (RFC 7143
 * section 11.4.7.2).  libiscsi parses what it received without looking at
 * how much that is: parse again.
 */
static void
fill_sense (const struct scsi_task *task, struct answer *a)
{
  const uint8_t *data = task->datain.data;
  const size_t size = task->datain.size > 0 ? task->datain.size : 0;
  size_t len;

  if (size < 2)
    return;
  len = (size_t) data[0] << 8 | data[1];
  if (len > size - 2)
    len = size - 2;
  sense_parse (data + 2, len, a);
}

static void
fill_param (const struct scsi_task *task, struct command *cmd)
{
  size_t n = task->datain.size > 0 ? task->datain.size : 0;

  if (task->datain.data == NULL)
    n = 0;
  if (n > cmd->len)
    n = cmd->len;
  if (n > 0)
    memcpy (cmd->param, task->datain.data, n);
  cmd->answer.received = n;
}

/* A target that says GOOD and sends less than it says leaves old bytes in
 * the buffer.  Parameter data may end early, but must have no hole: libiscsi
 * closes it, and what follows stands in the wrong place.
 */
static bool
is_short (const struct command *cmd)
{
  if (!is_bulk_read (cmd))
    return cmd->direction == DATA_IN && cmd->holes;
  if (cmd->session->iser)
    return canary_is_there (cmd);
  return cmd->holes || cmd->moved != cmd->len;
}

static void
fill_answer (struct command *cmd, int status, const struct scsi_task *task)
{
  struct answer *a = &cmd->answer;

  *a = (struct answer) {
    .status = status >= 0 && status < 256 ? (unsigned) status
                                          : STATUS_PROTOCOL,
    .residual_count = task->residual,
  };
  if (task->residual_status == SCSI_RESIDUAL_UNDERFLOW)
    a->residual = RESIDUAL_UNDERFLOW;
  else if (task->residual_status == SCSI_RESIDUAL_OVERFLOW)
    a->residual = RESIDUAL_OVERFLOW;

  /* libiscsi does not look at the response, without which there is no
   * status, and makes GOOD of CONDITION MET.
   */
  if (cmd->failed)
    *a = (struct answer) { .status = STATUS_PROTOCOL };
  else if (a->status == STATUS_GOOD)
    a->status = cmd->status;
  if (a->status == STATUS_CHECK_CONDITION)
    fill_sense (task, a);
  /* RECOVERED ERROR is a success too. */
  if (sense_decide (a).verdict == VERDICT_OK) {
    if (is_short (cmd))
      *a = (struct answer) { .status = STATUS_SHORT_DATA };
    if (cmd->direction == DATA_OUT && cmd->holes)
      *a = (struct answer) { .status = STATUS_PROTOCOL };
  }
  if (a->status == STATUS_GOOD && cmd->direction == DATA_IN &&
      !is_bulk_read (cmd))
    fill_param (task, cmd);
}

/* libiscsi 1.19 keeps DATA-OUT PDUs in its send queue that point to the task
 * and to its buffers when the target ends a write early; freeing them then
 * would be a use after free.  No target may say GOOD before it has all data,
 * but one could.  Its command is over, and the task is kept until nothing is
 * left to be sent, without the buffers: libiscsi gives up the session if it
 * still wants them.
 */
struct zombie {
  struct zombie *next;
  struct scsi_task *task;
};

/* On a link that is slower than the clients the send queue might never be
 * empty: nothing is added to it when there are so many.
 */
#define MAX_ZOMBIES 256

/* Is anything queued, be it that the target's window is closed?  Then it may
 * be a DATA-OUT PDU, which libiscsi sends when the window opens.
 */
static bool
has_unsent (const struct session *s)
{
  return session_wants_write (s) || iscsi_out_queue_length (s->ctx) > 0;
}

static void
free_zombies (struct session *s)
{
  struct zombie *z;

  while ((z = s->zombies) != NULL) {
    s->zombies = z->next;
    scsi_free_scsi_task (z->task);
    free (z);
  }
  s->nr_zombies = 0;
  s->segments -= s->zombie_segments;
  s->zombie_segments = 0;
}

static void
bury (struct session *s, struct scsi_task *task)
{
  struct zombie *z = malloc (sizeof *z);

  scsi_task_set_iov_out (task, NULL, 0);
  if (z == NULL)
    return;                     /* a leak is better than the alternative */
  z->task = task;
  z->next = s->zombies;
  s->zombies = z;
  s->nr_zombies++;
}

/* More than a command PDU carries with every target: the rest follows in PDUs
 * of their own.
 */
static bool
is_large_write (const struct command *cmd)
{
  return cmd->direction == DATA_OUT && cmd->len > MIN_RECV_SEGMENT;
}

/* libiscsi walks along its send queue for each PDU that it adds, under the lock
 * of the engine.  A target that takes small segments, and reads none of them,
 * would have all of the writes in there at once, and nobody would look at the
 * time for minutes.
 */
#define MAX_SEGMENTS 8192

static size_t
segments_of (const struct session *s, const struct command *cmd)
{
  return cmd->direction != DATA_OUT || s->iser ? 0
    : (cmd->len + (size_t) s->max_segment - 1) / s->max_segment;
}

static void
finish (struct session *s, struct command *cmd)
{
  char text[SENSE_TEXT_LEN];

  if (cmd->direction == DATA_OUT && has_unsent (s)) {
    bury (s, cmd->task);
    s->zombie_segments += segments_of (s, cmd);
  }
  else {
    scsi_free_scsi_task (cmd->task);
    s->segments -= segments_of (s, cmd);
  }
  cmd->task = NULL;
  queue_remove (&s->carried, cmd);
  s->writes -= is_large_write (cmd);
  if (debug_scsi_enabled ())
    debug_scsi ("command %02x, %u bytes: %s", cmd->cdb[0], cmd->len,
                sense_text (&cmd->answer, text));
  if (s->done)
    s->done (s->opaque, cmd);
}

static void
command_cb (struct iscsi_context *ctx __attribute__ ((__unused__)),
            int status, void *command_data __attribute__ ((__unused__)),
            void *private_data)
{
  struct command *cmd = private_data;
  struct session *s = cmd->session;

  /* The connection dropped or the context is being destroyed: the command
   * stays with us, for session_close to hand back.
   */
  if (s->closing || status == SCSI_STATUS_CANCELLED) {
    s->cancelled = true;
    return;
  }

  fill_answer (cmd, status, cmd->task);

  /* A write that failed early is over when the rest of it has been sent. */
  if (cmd->direction == DATA_OUT && status != SCSI_STATUS_GOOD &&
      has_unsent (s)) {
    cmd->answered = true;
    s->lingering++;
    return;
  }

  finish (s, cmd);
}

static int
libiscsi_direction (enum direction d)
{
  switch (d) {
  case DATA_IN:  return SCSI_XFER_READ;
  case DATA_OUT: return SCSI_XFER_WRITE;
  case DATA_NONE: break;
  }
  return SCSI_XFER_NONE;
}

int
session_submit (struct session *s, struct command *cmd)
{
  struct scsi_iovec *iov = (struct scsi_iovec *) cmd->iov;
  struct scsi_task *task;
  int r;

  if (s->lost)
    return -1;

  task = scsi_create_task (cmd->cdb_len, cmd->cdb,
                           libiscsi_direction (cmd->direction), cmd->len);
  if (task == NULL)
    return -1;
  if (cmd->direction == DATA_OUT)
    scsi_task_set_iov_out (task, iov, cmd->niov);
  else if (is_bulk_read (cmd)) {
    scsi_task_set_iov_in (task, iov, cmd->niov);
    if (s->iser)
      canary_set (s, cmd);
  }

  /* From here on the command may be over before the call returns: newer
   * versions of libiscsi write to an idle socket at once.
   */
  cmd->session = s;
  cmd->task = task;
  cmd->answered = false;
  cmd->itt = NO_TAG;
  cmd->holes = cmd->failed = false;
  cmd->status = STATUS_GOOD;
  cmd->moved = cmd->sent = 0;
  cmd->r2ts = 0;
  cmd->answer = (struct answer) { .status = STATUS_NONE };
  queue_append (&s->carried, cmd);
  s->writes += is_large_write (cmd);
  s->unsent++;
  s->segments += segments_of (s, cmd);

  session_enter (s);
  r = iscsi_scsi_command_async (s->ctx, cmd->lun, task, command_cb, NULL, cmd);
  session_leave (s);
  if (r == -1) {
    s->unsent--;
    queue_remove (&s->carried, cmd);
    s->writes -= is_large_write (cmd);
    s->segments -= segments_of (s, cmd);
    scsi_free_scsi_task (task);
    cmd->task = NULL;
    return -1;
  }
  return 0;
}

const struct queue *
session_carried (const struct session *s)
{
  return &s->carried;
}

bool
session_takes_more (const struct session *s)
{
  return s->lingering == 0 && s->nr_zombies < MAX_ZOMBIES &&
    s->segments < MAX_SEGMENTS;
}

void
session_set_done (struct session *s, session_done_fn fn, void *opaque)
{
  s->done = fn;
  s->opaque = opaque;
}

int
session_fd (const struct session *s)
{
  return s->ctx ? iscsi_get_fd (s->ctx) : -1;
}

bool
session_wants_write (const struct session *s)
{
  return s->lost || iscsi_which_events (s->ctx) & POLLOUT;
}

uint64_t
session_last_heard (const struct session *s)
{
  return s->last_heard;
}

/* Failed writes are over once nothing of theirs is left to be sent. */
static void
finish_lingering (struct session *s)
{
  struct command *cmd, *next;

  if ((s->lingering == 0 && s->zombies == NULL) || has_unsent (s))
    return;
  free_zombies (s);
  s->lingering = 0;
  for (cmd = s->carried.head; cmd != NULL; cmd = next) {
    next = cmd->next;
    if (cmd->answered)
      finish (s, cmd);
  }
}

bool
session_is_lost (const struct session *s)
{
  return s->lost;
}

int
session_lose (struct session *s, int errnum, const char *why)
{
  if (!s->lost)
    error_set (&s->why, errnum, "%s", why);
  s->lost = true;
  return -1;
}

/* libiscsi has given up. */
static void
give_up (struct session *s)
{
  struct error why = { 0 };

  session_why (s, iscsi_get_error (s->ctx), &why);
  session_lose (s, why.err, why.msg);
}

/* After an error inside it libiscsi may have closed the socket and go on
 * returning 0; so it does when the target has asked us to log out and leaves
 * the connection open.
 */
static void
serve (struct session *s, int revents)
{
  int r;

  session_enter (s);
  r = iscsi_service (s->ctx, revents);
  session_leave (s);
  if (r != 0 || s->cancelled || iscsi_get_fd (s->ctx) < 0)
    give_up (s);
  else if (!iscsi_is_logged_in (s->ctx))
    session_lose (s, ECONNRESET, "the target asked for a logout");
  else if (revents & POLLIN)
    s->last_heard = clock_ms ();
}

int
session_service (struct session *s, int revents, struct error *err)
{
  if (!s->lost)
    serve (s, revents);
  if (s->lost) {
    *err = s->why;
    return -1;
  }
  finish_lingering (s);
  return 0;
}

unsigned
session_window_closed (const struct session *s)
{
  const unsigned n = s->lost ? 0 : iscsi_out_queue_length (s->ctx);

  return n > 0 && session_wants_write (s) ? 0 : n;
}

static void
ping_cb (struct iscsi_context *ctx __attribute__ ((__unused__)),
         int status __attribute__ ((__unused__)),
         void *command_data __attribute__ ((__unused__)),
         void *private_data __attribute__ ((__unused__)))
{
}

int
session_ping (struct session *s)
{
  int r;

  if (s->lost)
    return -1;
  session_enter (s);
  r = iscsi_nop_out_async (s->ctx, ping_cb, NULL, 0, NULL);
  session_leave (s);
  return r;
}

/* What is still in the socket's send queue is not to reach the target some
 * time later: closing resets the connection.
 */
static void
cut_off_writes (const struct session *s)
{
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  const struct command *cmd;

  for (cmd = s->carried.head; cmd != NULL; cmd = cmd->next)
    if (cmd->direction == DATA_OUT) {
      setsockopt (session_fd (s), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      return;
    }
}

void
session_abandon (struct session *s, struct queue *undone)
{
  struct command *cmd;

  if (s->ctx == NULL)
    return;
  if (!s->iser)
    cut_off_writes (s);
  session_lose (s, ECONNRESET, "the session was closed");
  s->closing = true;
  session_enter (s);
  session_forget_secrets (s);   /* the compiler may leave out libiscsi's */
  iscsi_destroy_context (s->ctx);
  session_leave (s);
  s->ctx = NULL;

  free_zombies (s);
  for (cmd = s->carried.head; cmd != NULL; cmd = cmd->next) {
    scsi_free_scsi_task (cmd->task);
    cmd->task = NULL;
    cmd->answer = (struct answer) { .status = STATUS_NONE };
  }
  if (undone)
    *undone = s->carried;
  s->carried = (struct queue) { 0 };
}
