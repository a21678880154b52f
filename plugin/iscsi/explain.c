/* SPDX-License-Identifier: BSD-3-Clause */

/* The sentence for each failure: what libiscsi and the target said, and what
 * the user can do about it.
 */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "debug.h"
#include "session-private.h"

/* "... errno:104", "... socket :104", "socket error Connection refused(111)
 * while ...", "Errno:Too many open files(24)." and "errno : Permission
 * denied(13)" hold what strerror can say better.
 */
static int
errno_in_text (const char *text)
{
  const char *p;

  if ((p = strstr (text, "errno:")) || (p = strstr (text, "socket :")))
    return atoi (strchr (p, ':') + 1);
  if (((p = strstr (text, "socket error")) || (p = strstr (text, "Errno:")) ||
       (p = strstr (text, "errno :"))) && (p = strchr (p, '(')))
    return atoi (p + 1);
  return 0;
}

/* What libiscsi says of what it received is for its authors: words of ours for
 * what is known, and its own only in the debug log.
 */
static const char *
in_words (const char *text)
{
  static const struct { const char *piece, *words; } known[] = {
    { "Failed creating Event Channel", "there is no RDMA here" },
    { "checksum", "a digest is wrong: something on the way changes data" },
    { "cmdsn", "the target breaks the protocol: it confuses the numbers of "
      "commands" },
    { "No CHAP challenge", "the target sent no CHAP challenge" },
    { "CHAP_C", "the target's CHAP challenge is too long for libiscsi" },
    { "reject", "the target rejected a message as malformed" },
    { "Reject", "the target rejected a message as malformed" },
    { "memory", "out of memory" },
  };
  size_t i;

  debug_session ("libiscsi: %.*s", (int) strcspn (text, "\r\n"), text);
  for (i = 0; i < sizeof known / sizeof known[0]; ++i)
    if (strstr (text, known[i].piece))
      return known[i].words;
  return "libiscsi cannot make sense of what the target sent "
    "(-v -D iscsi.session=1 shows what it says)";
}

void
session_why (struct session *s, const char *text, struct error *err)
{
  /* libiscsi asks an iSER connection that it does not have for its fd. */
  const int fd = s->iser ? -1 : iscsi_get_fd (s->ctx);
  const int e = s->socket_error ? s->socket_error : errno_in_text (text);
  char c;

  if (s->lost)
    *err = s->why;
  else if (e > 0)
    error_set (err, e, "%s", strerror (e));
  else if (s->hung_up ||
           (fd >= 0 && recv (fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0))
    error_set (err, ECONNRESET, "the target closed the connection");
  else if (s->is_ahead)
    error_set (err, EPROTO, "%s", in_words ("cmdsn"));
  else if (text[0] == '\0' || strstr (text, "reconnect") != NULL ||
           strncmp (text, "SENSE KEY", 9) == 0) /* of an earlier command */
    error_set (err, ECONNRESET, "the connection was lost");
  else
    error_set (err, EPROTO, "%s", in_words (text));
}

/* Login response status, class and detail, RFC 7143 section 11.13.5. */
enum login_status {
  LOGIN_MOVED_TEMPORARILY   = 0x0101,
  LOGIN_MOVED_PERMANENTLY   = 0x0102,
  LOGIN_INITIATOR_ERROR     = 0x0200,
  LOGIN_AUTHENTICATION      = 0x0201,
  LOGIN_FORBIDDEN           = 0x0202,
  LOGIN_NOT_FOUND           = 0x0203,
  LOGIN_REMOVED             = 0x0204,
  LOGIN_VERSION             = 0x0205,
  LOGIN_TOO_MANY            = 0x0206,
  LOGIN_PARAMETER           = 0x0207,
  LOGIN_CANNOT_INCLUDE      = 0x0208,
  LOGIN_SESSION_TYPE        = 0x0209,
  LOGIN_NO_SESSION          = 0x020a,
  LOGIN_INVALID             = 0x020b,
  LOGIN_TARGET_ERROR        = 0x0300,
  LOGIN_SERVICE_UNAVAILABLE = 0x0301,
  LOGIN_OUT_OF_RESOURCES    = 0x0302,
};

/* Those of which there is no more to say. */
static const char *
login_status_meaning (unsigned status)
{
  switch (status) {
  case LOGIN_VERSION:        return "it has another version of iSCSI";
  case LOGIN_PARAMETER:      return "a parameter is missing";
  case LOGIN_CANNOT_INCLUDE: return "it cannot include this in a session";
  case LOGIN_SESSION_TYPE:   return "it has no sessions of this type";
  case LOGIN_NO_SESSION:     return "there is no such session";
  case LOGIN_INVALID:        return "it expected another request";
  case LOGIN_TARGET_ERROR:   return "an error of its own";
  }
  return "it does not say why";
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

bool
session_moved (struct session *s)
{
  return (s->step_status == SCSI_STATUS_REDIRECT ||
          login_status (s) == LOGIN_MOVED_PERMANENTLY) &&
    iscsi_get_target_address (s->ctx)[0] != '\0';
}

static int
explain_authentication (const struct chap *chap, struct error *err)
{
  if (chap->user == NULL)
    return error_set (err, EACCES, "the target wants CHAP authentication: "
                      "give user= and password=, or a line for it in "
                      "credentials=FILE");
  if (!negotiation_challenged ())
    return error_set (err, EACCES, "the target refused CHAP before it asked "
                      "for the password: it may want an algorithm other than "
                      CHAP_NAMES ", or none for this initiator");
  if (chap->target_user)
    return error_set (err, EACCES, "the target refused the mutual CHAP "
                      "login: check %s, and that the target has a secret of "
                      "its own to prove itself with", chap->origin);
  return error_set (err, EACCES, "the target refused the CHAP user name or "
                    "password: check %s", chap->origin);
}

int
explain_login (struct session *s, const struct session_params *p,
               struct error *err)
{
  const char *text = s->step_error;
  const unsigned status = login_status (s);

  if (negotiation_explain (p, err) == -1)
    return -1;
  switch (status) {
  case LOGIN_INITIATOR_ERROR:
    return error_set (err, EPROTO, "the target does not agree to what was "
                      "offered (login status %04x): it may demand or refuse a "
                      "digest: try another value than header-digest=%s and "
                      "data-digest=%s", status,
                      digest_name (p->header_digest),
                      digest_name (p->data_digest));
  case LOGIN_AUTHENTICATION:
    return explain_authentication (p->chap, err);
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
    return error_set (err, EBUSY, "the target is not available at the moment "
                      "(login status %04x): try again later; or there is no "
                      "target %s here, of which some targets say that, too",
                      status, p->target ? p->target : "");
  }
  if (status != 0)
    return error_set (err, EPROTO, "the target refused the login (login "
                      "status %04x): %s: see its log", status,
                      login_status_meaning (status));
  if (strstr (text, "Wrong size of CHAP_R"))
    return error_set (err, EACCES, "the target did not prove that it knows "
                      "the mutual CHAP secret: what it sent as its proof "
                      "cannot be read: it has not the length of one");
  if (strstr (text, "CHAP_N") || strstr (text, "CHAP_R") ||
      strstr (text, "CHAP targetname") || strstr (text, "Authentication"))
    return error_set (err, EACCES, "the target did not prove that it knows "
                      "the mutual CHAP secret: check %s, or it is not the "
                      "target that it claims to be",
                      p->chap->target_origin);
  return error_set (err, EPROTO, "the login failed: %s", in_words (text));
}

int
explain_connect (const char *where, const struct error *cause,
                 struct error *err)
{
  if (strstr (cause->msg, "there is no RDMA here"))
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

void
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
