/* SPDX-License-Identifier: BSD-3-Clause */

/* What the target agreed to in the login, as libiscsi's log tells. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"
#include "session-private.h"

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

void
negotiation_begin (struct iscsi_context *ctx)
{
  memset (&agreed, 0, sizeof agreed);
  iscsi_set_log_fn (ctx, watch_login);
  iscsi_set_log_level (ctx, LOG_LEVEL_LOGIN_REPLY);
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

int
negotiation_end (struct session *s, const struct session_params *p,
                 struct error *err)
{
  session_enter (s);
  iscsi_set_log_fn (s->ctx, debug_pdu);
  iscsi_set_log_level (s->ctx, debug_pdu_level ());
  session_leave (s);
  s->logs = debug_pdu_level () > 0;
  s->portal_group = agreed.grouped ? agreed.portal_group : -1;
  return check_agreed (p, err);
}
