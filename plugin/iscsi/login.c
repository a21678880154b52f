/* SPDX-License-Identifier: BSD-3-Clause */

/* Opening and closing iSCSI sessions: connect, log in, follow redirects,
 * wait until the LUN is ready; and the sentence for each refusal.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "retry.h"
#include "sense.h"
#include "session-private.h"

#define MAX_REDIRECTS 4

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

/* Login response status, class and detail, RFC 7143 section 11.13.5. */
enum login_status {
  LOGIN_MOVED_TEMPORARILY   = 0x0101,
  LOGIN_MOVED_PERMANENTLY   = 0x0102,
  LOGIN_AUTHENTICATION      = 0x0201,
  LOGIN_FORBIDDEN           = 0x0202,
  LOGIN_NOT_FOUND           = 0x0203,
  LOGIN_REMOVED             = 0x0204,
  LOGIN_TOO_MANY            = 0x0206,
  LOGIN_SERVICE_UNAVAILABLE = 0x0301,
  LOGIN_OUT_OF_RESOURCES    = 0x0302,
};

/* What the target agreed to, which libiscsi tells nobody but its log: it
 * logs each key of a login response at level 6, on the thread that serves
 * the socket.
 */
#define LOG_LEVEL_LOGIN_REPLY 6
#define LOGIN_REPLY "TargetLoginReply: "

static _Thread_local struct {
  bool header_digest;           /* HeaderDigest=CRC32C */
  bool name, proof;             /* CHAP_N=, CHAP_R=: it answered our
                                   challenge */
  bool tiny_segments;           /* libiscsi would send less than 512 bytes
                                   at a time */
  bool grouped;                 /* TargetPortalGroupTag= */
  uint16_t portal_group;
} agreed;

/* The value of a key of the login response, NULL if it is another key. */
static const char *
reply_value (const char *message, const char *key)
{
  const size_t prefix = strlen (LOGIN_REPLY), len = strlen (key);

  if (strncmp (message, LOGIN_REPLY, prefix) != 0 ||
      strncmp (message + prefix, key, len) != 0)
    return NULL;
  return message + prefix + len;
}

/* libiscsi compares a CHAP_R of this form with what it expects, which is
 * all zeroes if the target left out the challenges; it takes no notice of
 * any other form.
 */
static bool
is_proof (const char *value)
{
  return strncmp (value, "0x", 2) == 0 &&
    strspn (value + 2, "0123456789abcdefABCDEF") == 32 &&
    strspn (value + 2, "0") < 32;
}

/* As libiscsi keeps it: in 32 bits. */
static bool
is_tiny (const char *value)
{
  return (uint32_t) strtol (value, NULL, 10) < 512;
}

static void
watch_login (int level, const char *message)
{
  const char *value;

  if ((value = reply_value (message, "HeaderDigest=")))
    agreed.header_digest = strncmp (value, "CRC32C", 6) == 0;
  if (reply_value (message, "CHAP_N="))
    agreed.name = true;
  if ((value = reply_value (message, "CHAP_R=")))
    agreed.proof = is_proof (value);
  if ((value = reply_value (message, "MaxRecvDataSegmentLength=")) ||
      (value = reply_value (message, "TargetRecvDataSegmentLength=")))
    agreed.tiny_segments |= is_tiny (value);
  if ((value = reply_value (message, "TargetPortalGroupTag="))) {
    agreed.grouped = true;
    agreed.portal_group = (uint16_t) strtoul (value, NULL, 10);
  }
  if (level <= debug_pdu_level ())
    debug_pdu (level, message);
}

/* libiscsi 1.19 takes a target at its word that skips a step, and would
 * send data segments of no bytes for ever: hold it to what the user demands
 * and to the least that RFC 7143 section 13.12 allows.
 */
static int
check_agreed (const struct session_params *p, struct error *err)
{
  if (p->target_user && !(agreed.name && agreed.proof))
    return error_set (err, EACCES, "the target did not prove that it knows "
                      "the mutual CHAP secret");
  if (p->header_digest == DIGEST_CRC32C && !agreed.header_digest)
    return error_set (err, EPROTO, "the target has no header digest: "
                      "header-digest=crc32c cannot be had");
  if (agreed.tiny_segments)
    return error_set (err, EPROTO, "the target breaks the protocol: its "
                      "MaxRecvDataSegmentLength is less than 512");
  return 0;
}

static enum iscsi_header_digest
libiscsi_digest (enum digest d)
{
  switch (d) {
  case DIGEST_NONE:        return ISCSI_HEADER_DIGEST_NONE;
  case DIGEST_CRC32C:      return ISCSI_HEADER_DIGEST_CRC32C;
  case DIGEST_CRC32C_NONE: return ISCSI_HEADER_DIGEST_CRC32C_NONE;
  case DIGEST_NONE_CRC32C:
  case DIGEST_UNSET:       break;
  }
  return ISCSI_HEADER_DIGEST_NONE_CRC32C;
}

int
isid_random (struct isid *isid, struct error *err)
{
  if (getrandom (isid, sizeof *isid, 0) != sizeof *isid)
    return error_set (err, errno, "getrandom: %s", strerror (errno));
  isid->random &= 0xffffff;
  return 0;
}

/* SAM-5 section 4.7: peripheral device addressing below 256, flat space
 * addressing from there.
 */
static int
wire_lun (int lun)
{
  return lun < 256 ? lun : 0x4000 | lun;
}

static int
set_up_context (struct session *s, const struct session_params *p,
                const struct isid *isid, enum iscsi_session_type type)
{
  struct iscsi_context *ctx = s->ctx;

  memset (&agreed, 0, sizeof agreed);
  iscsi_set_log_fn (ctx, watch_login);
  iscsi_set_log_level (ctx, LOG_LEVEL_LOGIN_REPLY);
#ifdef HAVE_ISCSI_INIT_TRANSPORT
  if (p->iser && iscsi_init_transport (ctx, ISER_TRANSPORT) != 0)
    return -1;
#endif
  /* A reconnect of libiscsi's own would take a new ISID, and the old
   * session's writes could land after newer ones.
   */
  iscsi_set_noautoreconnect (ctx, 1);
  iscsi_set_session_type (ctx, type);
  iscsi_set_isid_random (ctx, isid->random, isid->qualifier);
  iscsi_set_header_digest (ctx, libiscsi_digest (p->header_digest));
#ifdef HAVE_ISCSI_SET_DATA_DIGEST
  iscsi_set_data_digest (ctx, (enum iscsi_data_digest)
                         libiscsi_digest (p->data_digest));
#endif
  if (p->target && iscsi_set_targetname (ctx, p->target) != 0)
    return -1;
  if (p->user &&
      iscsi_set_initiator_username_pwd (ctx, p->user, p->password) != 0)
    return -1;
  if (p->target_user &&
      iscsi_set_target_username_pwd (ctx, p->target_user,
                                     p->target_password) != 0)
    return -1;
  return 0;
}

struct session *
session_new (const struct session_params *p, const struct isid *isid,
             enum iscsi_session_type type, struct error *err)
{
  struct session *s = calloc (1, sizeof *s);
  int r;

  if (s == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  s->ctx = iscsi_create_context (p->initiator_name);
  if (s->ctx == NULL) {
    error_set (err, ENOMEM, "cannot create an iSCSI context");
    free (s);
    return NULL;
  }
  s->lun = wire_lun (p->lun);
  s->iser = p->iser;
  s->logs = true;
  session_enter (s);
  r = set_up_context (s, p, isid, type);
  session_leave (s);
  if (r == -1 ||
      getrandom (&s->canary_seed, sizeof s->canary_seed, 0) !=
      sizeof s->canary_seed) {
    error_set (err, EIO, "cannot set up an iSCSI context: %s",
               iscsi_get_error (s->ctx));
    session_close (s, NULL);
    return NULL;
  }
  return s;
}

void
session_close (struct session *s, struct queue *undone)
{
  struct queue left = { 0 };

  if (s->ctx)
    session_abandon (s, undone ? undone : &left);
  free (s);
}

void
session_step_cb (struct iscsi_context *ctx, int status,
                 void *command_data __attribute__ ((__unused__)),
                 void *private_data)
{
  struct session *s = private_data;

  s->step_over = true;
  s->step_status = status;
  snprintf (s->step_error, sizeof s->step_error, "%s", iscsi_get_error (ctx));
}

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

/* What libiscsi is to be told of what poll found. */
static int
events_for_libiscsi (const struct session *s, const struct pollfd *fd,
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

int
session_wait_step (struct session *s, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  int revents;

  while (!s->step_over) {
    struct pollfd fd = {
      .fd = iscsi_get_fd (s->ctx),
      .events = iscsi_which_events (s->ctx) | POLLRDHUP,
    };
    int left = clock_left (deadline);
    int r;

    if (stop_asked (stop))
      return error_set (err, ESHUTDOWN, "the server is shutting down");
    if (left == 0)
      return error_set (err, ETIMEDOUT, "no answer in time");
    if (poll (&fd, 1, left > STOP_SLICE_MS ? STOP_SLICE_MS : left) == -1 &&
        errno != EINTR)
      return error_set (err, errno, "poll: %s", strerror (errno));
    revents = events_for_libiscsi (s, &fd, err);
    if (revents == -1)
      return -1;
    session_enter (s);
    r = iscsi_service (s->ctx, revents);
    session_leave (s);
    if (!s->step_over && (r != 0 || iscsi_get_fd (s->ctx) < 0)) {
      session_why (s, iscsi_get_error (s->ctx), err);
      return -1;
    }
  }
  return 0;
}

/* The number at the end of "... Status: Target not found(515)". */
static unsigned
login_status (struct session *s)
{
  const char *p = strstr (s->step_error, "Status: ");

  if (p)
    p = strrchr (p, '(');
  return p ? (unsigned) strtoul (p + 1, NULL, 10) : 0;
}

static int
explain_authentication (const struct session_params *p, struct error *err)
{
  if (p->user == NULL)
    return error_set (err, EACCES, "the target wants CHAP authentication: "
                      "give user= and password=");
  if (p->target_user)
    return error_set (err, EACCES, "the target refused the mutual CHAP "
                      "login: check user= and password=, and that the target "
                      "has a secret of its own to prove itself with");
  return error_set (err, EACCES, "the target refused the CHAP user name or "
                    "password: check user= and password=");
}

/* Each refusal: what the target said, and what to do about it. */
static int
explain_login (struct session *s, const struct session_params *p,
               struct error *err)
{
  const char *text = s->step_error;
  const unsigned status = login_status (s);

  switch (status) {
  case LOGIN_AUTHENTICATION:
    return explain_authentication (p, err);
  case LOGIN_FORBIDDEN:
    return error_set (err, EACCES, "the target does not allow this "
                      "initiator: add %s to its access list, or set "
                      "initiator-name=", p->initiator_name);
  case LOGIN_NOT_FOUND:
    return error_set (err, ENOENT, "there is no target %s at this portal, or "
                      "it does not allow the initiator %s: check the target "
                      "name in the URL and the target's access list",
                      p->target ? p->target : "", p->initiator_name);
  case LOGIN_REMOVED:
    return error_set (err, ENOENT, "the target %s was removed",
                      p->target ? p->target : "");
  case LOGIN_TOO_MANY:
  case LOGIN_OUT_OF_RESOURCES:
    return error_set (err, EBUSY, "the target has no room for another "
                      "session (login status %04x)", status);
  case LOGIN_SERVICE_UNAVAILABLE:
    return error_set (err, EPROTO, "the target is not available at the moment "
                      "(login status %04x): try again later", status);
  }
  if (status != 0)
    return error_set (err, EPROTO, "the target refused the login with status "
                      "%04x", status);
  if (strstr (text, "CHAP_N") || strstr (text, "CHAP_R") ||
      strstr (text, "CHAP targetname") || strstr (text, "Authentication"))
    return error_set (err, EACCES, "the target did not prove that it knows "
                      "the mutual CHAP secret: check target-user= and "
                      "target-password=, or it is not the target that it "
                      "claims to be");
  return error_set (err, EPROTO, "login failed: %.*s",
                    (int) strcspn (text, "\r\n"), text);
}

static int
explain_connect (const char *where, const struct error *cause,
                 struct error *err)
{
  if (strstr (cause->msg, "Failed creating Event Channel"))
    return error_set (err, cause->err, "%s: cannot connect: there is no RDMA "
                      "here: iser:// needs an RDMA device and the kernel "
                      "module rdma_ucm, else use iscsi://", where);
  switch (cause->err) {
  case ESHUTDOWN:
    *err = *cause;
    return -1;
  case ECONNREFUSED:
    return error_set (err, ECONNREFUSED, "%s: connection refused: is an iSCSI "
                      "target running there, on this port", where);
  case ETIMEDOUT:
    return error_set (err, ETIMEDOUT, "%s: cannot connect: no answer in time: "
                      "check the address and the network", where);
  }
  return error_set (err, cause->err, "%s: cannot connect: %s", where,
                    cause->msg);
}

static int
connect_tcp (struct session *s, const char *where, uint64_t deadline,
             const struct stop *stop, struct error *err)
{
  struct error cause = { 0 };
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_connect_async (s->ctx, where, session_step_cb, s);
  session_leave (s);
  if (r != 0) {
    session_why (s, iscsi_get_error (s->ctx), &cause);
    return explain_connect (where, &cause, err);
  }
  if (session_wait_step (s, deadline, stop, &cause) == -1)
    return explain_connect (where, &cause, err);
  if (s->step_status != SCSI_STATUS_GOOD) {
    session_why (s, s->step_error, &cause);
    return explain_connect (where, &cause, err);
  }
  return 0;
}

/* Returns 1 when the target moved: iscsi_get_target_address says where. */
static int
log_in (struct session *s, const struct session_params *p,
        const char *where, uint64_t deadline, const struct stop *stop,
        struct error *err)
{
  struct error cause = { 0 };
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_login_async (s->ctx, session_step_cb, s);
  session_leave (s);
  if (r != 0)
    return error_set (err, EPROTO, "cannot start the login: %s",
                      iscsi_get_error (s->ctx));
  if (session_wait_step (s, deadline, stop, &cause) == -1) {
    if (cause.err == ETIMEDOUT)
      return error_set (err, ETIMEDOUT, "%s: connected, but the target did "
                        "not answer the login in time: is this an iSCSI "
                        "portal", where);
    if (cause.err == ESHUTDOWN) {
      *err = cause;
      return -1;
    }
    return error_set (err, cause.err, "%s: the login was cut off: %s", where,
                      cause.msg);
  }
  if (s->step_status == SCSI_STATUS_GOOD) {
    session_enter (s);
    iscsi_set_log_fn (s->ctx, debug_pdu);
    iscsi_set_log_level (s->ctx, debug_pdu_level ());
    session_leave (s);
    s->logs = debug_pdu_level () > 0;
    s->portal_group = agreed.grouped ? agreed.portal_group : -1;
    return check_agreed (p, err);
  }
  if ((s->step_status == SCSI_STATUS_REDIRECT ||
       login_status (s) == LOGIN_MOVED_PERMANENTLY) &&
      iscsi_get_target_address (s->ctx)[0] != '\0')
    return 1;
  return explain_login (s, p, err);
}

/* Resolve the address that a redirect names. */
static int
redirected (const char *text, uint64_t deadline, const struct stop *stop,
            struct address *where, struct error *err)
{
  struct address found[MAX_ADDRESSES];
  uint16_t port;
  char *host;
  int r;

  if (url_parse_portal (text, &host, &port, err) == -1)
    return -1;
  r = resolve (host, port, deadline, stop, found, err);
  free (host);
  if (r == -1) {
    /* Not "check the host in the URL": it is not from there. */
    if (err->err == EHOSTUNREACH)
      error_set (err, EHOSTUNREACH, "cannot find this host");
    return -1;
  }
  *where = found[0];
  return 0;
}

/* What went wrong after a redirect is not the URL's fault.  The address is
 * the target's: it is cut, and put without what a log cannot stand.
 */
static void
explain_redirect (const char *text, struct error *err)
{
  const struct error cause = *err;
  char where[64];
  size_t i;

  if (cause.err == ESHUTDOWN)
    return;
  snprintf (where, sizeof where, "%s", text);
  for (i = 0; where[i] != '\0'; ++i)
    if (where[i] <= ' ' || where[i] > '~')
      where[i] = '?';
  error_set (err, cause.err, "the target redirects to %s: %s", where,
             cause.msg);
}

struct session *
session_log_in (const struct session_params *p, const struct address *where,
                const struct isid *isid, enum iscsi_session_type type,
                uint64_t deadline, const struct stop *stop,
                struct error *err)
{
  struct address at = *where;
  char moved[256] = "";         /* as the target wrote it */
  struct session *s;
  int i, r = 1;

  for (i = 0; r == 1 && i <= MAX_REDIRECTS; ++i) {
    s = session_new (p, isid, type, err);
    if (s == NULL)
      return NULL;
    r = connect_tcp (s, at.text, deadline, stop, err);
    if (r == 0)
      r = log_in (s, p, at.text, deadline, stop, err);
    if (r == 0) {
      s->last_heard = clock_ms ();
      debug_session ("logged in at %s", at.text);
      return s;
    }
    if (r == 1) {
      snprintf (moved, sizeof moved, "%s", iscsi_get_target_address (s->ctx));
      debug_session ("redirected to %s", moved);
      if (redirected (moved, deadline, stop, &at, err) == -1)
        r = -1;
    }
    session_close (s, NULL);
    if (r == -1 && moved[0] != '\0')
      explain_redirect (moved, err);
  }
  if (r == 1)
    error_set (err, EPROTO, "%s: the target redirects in circles",
               where->text);
  return NULL;
}

/* Eat the UNIT ATTENTIONs that follow a login (SAM-5 section 5.14), and wait
 * for a LUN that is becoming ready.  What else is wrong is left for
 * lun_probe to explain.
 */
static int
wait_ready (struct session *s, int lun, uint64_t deadline,
            const struct stop *stop, struct error *err)
{
  struct session_asker asker;
  struct command cmd = { .direction = DATA_NONE };
  char text[SENSE_TEXT_LEN];
  struct decision d;

  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  session_ask (&asker, s, deadline, stop);
  retry_run (&asker.runner, &asker.policy, &cmd, 1);
  d = sense_decide (&cmd.answer);

  switch (cmd.answer.status) {
  case STATUS_SHUTDOWN:
    return error_set (err, ESHUTDOWN, "the server is shutting down");
  case STATUS_TIMEOUT:
    return error_set (err, ETIMEDOUT, "LUN %d did not answer in time after "
                      "the login", lun);
  case STATUS_DROPPED:
    return error_set (err, ECONNRESET, "the connection was lost after the "
                      "login");
  }
  if (cmd.answer.have_sense && cmd.answer.key == SENSE_ILLEGAL_REQUEST &&
      cmd.answer.asc >> 8 == 0x25)
    return error_set (err, ENODEV, "there is no LUN %d in this target: check "
                      "the LUN at the end of the URL", lun);
  if (cmd.answer.have_sense && cmd.answer.key == SENSE_NOT_READY &&
      cmd.answer.asc >> 8 == 0x3a)
    return error_set (err, ENOMEDIUM, "LUN %d has no medium: insert one, or "
                      "bring it online on the target", lun);
  if (d.verdict == VERDICT_RETRY_LATER || d.verdict == VERDICT_RETRY_NOW)
    return error_set (err, EBUSY, "LUN %d is not ready: %s", lun,
                      sense_text (&cmd.answer, text));
  return 0;
}

struct session *
session_open (const struct session_params *p, const struct address *where,
              const struct isid *isid, uint64_t deadline,
              const struct stop *stop, struct error *err)
{
  struct session *s = session_log_in (p, where, isid, ISCSI_SESSION_NORMAL,
                                      deadline, stop, err);

  if (s && !p->any_lun &&
      wait_ready (s, p->lun, deadline, stop, err) == -1) {
    session_close (s, NULL);
    s = NULL;
  }
  return s;
}

int
session_portal_group (const struct session *s)
{
  return s->portal_group;
}

static void
reset_cb (struct iscsi_context *ctx, int status, void *command_data,
          void *private_data)
{
  struct session *s = private_data;

  if (status == SCSI_STATUS_GOOD)
    s->step_response = *(uint32_t *) command_data;
  session_step_cb (ctx, status, command_data, private_data);
}

/* LOGICAL UNIT RESET, RFC 7143 section 11.5.1. */
static int
reset_lun (struct session *s)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_task_mgmt_async (s->ctx, s->lun, ISCSI_TM_LUN_RESET, 0xffffffff,
                             0, reset_cb, s);
  session_leave (s);
  return r;
}

int
session_reset_lun (struct session *s, int lun, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  struct error cause = { 0 };

  if (reset_lun (s) == -1)
    return error_set (err, ENOMEM, "cannot reset LUN %d", lun);
  if (session_wait_step (s, deadline, stop, &cause) == -1)
    return error_set (err, cause.err, "LUN %d was not reset: %s", lun,
                      cause.msg);
  if (s->step_status != SCSI_STATUS_GOOD)
    return error_set (err, ECONNRESET, "LUN %d was not reset: the connection "
                      "was lost", lun);
  if (s->step_response != 0)
    return error_set (err, EIO, "LUN %d was not reset: the target says no "
                      "(response %u)", lun, s->step_response);
  return wait_ready (s, lun, deadline, stop, err);
}

static int
log_out (struct session *s)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_logout_async (s->ctx, session_step_cb, s);
  session_leave (s);
  return r;
}

void
session_logout (struct session *s, uint64_t deadline, const struct stop *stop)
{
  struct error err = { 0 };

  if (!s->lost && log_out (s) == 0 &&
      session_wait_step (s, deadline, stop, &err) == -1)
    debug_session ("logout: %s", err.msg);
  session_close (s, NULL);
}
