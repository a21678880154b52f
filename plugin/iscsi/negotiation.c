/* SPDX-License-Identifier: BSD-3-Clause */

/* What the target agreed to in the login, as libiscsi's log tells. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "debug.h"
#include "session-private.h"

/* What the target agreed to, which libiscsi tells nobody but its log: it
 * logs each key of a login response at level 6, on the thread that serves
 * the socket.
 */
#define LOG_LEVEL_LOGIN_REPLY 6
#define LOGIN_REPLY "TargetLoginReply: "

static _Thread_local struct {
  const char *target;           /* libiscsi logs it after the value */
  enum { NOT_SAID, NO, YES } header_digest, data_digest;
  bool rdma;                    /* RDMAExtensions=Yes */
  bool rdma_key;                /* one that is for iSER alone */
  const char *rejected;         /* the digest that it rejects */
  int algorithm;                /* that we offer */
  bool foreign_chap;            /* CHAP_A= of another one */
  bool challenged;              /* CHAP_C= */
  bool base64;                  /* in base64 */
  bool name, proof;             /* CHAP_N=, CHAP_R=: it answered our
                                   challenge */
  uint32_t max_segment;         /* of several, the smallest: what libiscsi
                                   sends at a time */
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

/* What libiscsi logs after each value: " [target]", newer ones than 1.20.3
 * " [target/lun]".
 */
static bool
is_suffix (const char *s)
{
  const size_t len = strlen (agreed.target);

  if (strncmp (s, " [", 2) != 0 || strncmp (s + 2, agreed.target, len) != 0)
    return false;
  s += 2 + len;
  if (*s == '/')
    s += 1 + strspn (s + 1, "-0123456789");
  return strcmp (s, "]") == 0;
}

/* Is there no more of the value? */
static bool
is_end (const char *s)
{
  return agreed.target ? is_suffix (s) : *s == '\0';
}

/* Is the value this word, and nothing else? */
static bool
is_word (const char *value, const char *word)
{
  const size_t len = strlen (word);

  return strncmp (value, word, len) == 0 && is_end (value + len);
}

/* A number of 16 bits, decimal or hexadecimal (RFC 7143 sections 6.1, 13.9).
 * False: something else, such as base64.
 */
static bool
parse_tag (const char *value, uint16_t *tag)
{
  const bool hex = strncasecmp (value, "0x", 2) == 0;
  const char *digits = hex ? value + 2 : value;
  const size_t n = strspn (digits, hex ? "0123456789abcdefABCDEF"
                           : "0123456789");
  const unsigned long long r = strtoull (digits, NULL, hex ? 16 : 10);

  *tag = (uint16_t) r;
  return n > 0 && r <= UINT16_MAX && is_end (digits + n);
}

/* libiscsi compares a CHAP_R of this form with what it expects, which is
 * all zeroes if the target left out the challenges; it takes no notice of
 * any other form.
 */
static bool
is_proof (const char *value)
{
  const size_t digits = agreed.algorithm == CHAP_MD5 ? 32
    : agreed.algorithm == CHAP_SHA1 ? 40 : 64;

  return strncmp (value, "0x", 2) == 0 &&
    strspn (value + 2, "0123456789abcdefABCDEF") == digits &&
    strspn (value + 2, "0") < digits;
}

/* As libiscsi keeps it: in 32 bits. */
static void
watch_segment (const char *value)
{
  const uint32_t n = (uint32_t) strtol (value, NULL, 10);

  if (agreed.max_segment == 0 || n < agreed.max_segment)
    agreed.max_segment = n > 0 ? n : 1;
}

static void
watch_digests (const char *message)
{
  const char *value;

  if ((value = reply_value (message, "HeaderDigest="))) {
    agreed.header_digest = is_word (value, "CRC32C") ? YES : NO;
    if (is_word (value, "Reject"))
      agreed.rejected = "header-digest";
  }
  if ((value = reply_value (message, "DataDigest="))) {
    agreed.data_digest = is_word (value, "CRC32C") ? YES : NO;
    if (is_word (value, "Reject"))
      agreed.rejected = "data-digest";
  }
}

static void
watch_chap (const char *message)
{
  const char *value;
  char number[12];

  if ((value = reply_value (message, "CHAP_A="))) {
    snprintf (number, sizeof number, "%d", agreed.algorithm);
    agreed.foreign_chap = !is_word (value, number);
  }
  if ((value = reply_value (message, "CHAP_C="))) {
    agreed.challenged = true;
    agreed.base64 = strncasecmp (value, "0b", 2) == 0;
  }
  if (reply_value (message, "CHAP_N="))
    agreed.name = true;
  if ((value = reply_value (message, "CHAP_R=")))
    agreed.proof = is_proof (value);
}

static void
watch_login (int level, const char *message)
{
  const char *value;

  watch_digests (message);
  watch_chap (message);
  if ((value = reply_value (message, "RDMAExtensions=")))
    agreed.rdma = is_word (value, "Yes");
  if (reply_value (message, "InitiatorRecvDataSegmentLength="))
    agreed.rdma_key = true;
  if ((value = reply_value (message, "MaxRecvDataSegmentLength=")) ||
      (value = reply_value (message, "TargetRecvDataSegmentLength=")))
    watch_segment (value);
  if ((value = reply_value (message, "TargetPortalGroupTag=")))
    agreed.grouped = parse_tag (value, &agreed.portal_group);
  if (level <= debug_pdu_level ())
    debug_pdu (level, message);
}

void
negotiation_begin (struct iscsi_context *ctx,
                   const struct session_params *p)
{
  memset (&agreed, 0, sizeof agreed);
  agreed.target = p->target;
  agreed.algorithm = p->chap_algorithm;
  iscsi_set_log_fn (ctx, watch_login);
  iscsi_set_log_level (ctx, LOG_LEVEL_LOGIN_REPLY);
}

static const char *
digest_setting (const struct session_params *p)
{
  return digest_name (*agreed.rejected == 'h' ? p->header_digest
                      : p->data_digest);
}

int
negotiation_explain (const struct session_params *p, struct error *err)
{
  if (agreed.rejected)
    return error_set (err, EPROTO, "the target rejects %s=%s: try another "
                      "value", agreed.rejected, digest_setting (p));
  if (agreed.base64)
    return error_set (err, EPROTO, "the target sends its CHAP challenge in "
                      "base64, which libiscsi does not read: set the target "
                      "to hexadecimal");
  if (agreed.foreign_chap)
    return error_set (err, EACCES, "the target wants a CHAP algorithm other "
                      "than " CHAP_NAMES ", which is all that this libiscsi "
                      "has");
  return 0;
}

bool
negotiation_challenged (void)
{
  return agreed.challenged;
}

/* A digest that was offered alone is used, or there is no session.  What
 * counts is what libiscsi makes of the answer: it uses a digest after the
 * one word CRC32C and else none, whatever was offered; but without an answer
 * one, if any was.
 */
static int
check_digest (const char *name, enum digest wanted, int answer,
              struct error *err)
{
  if (wanted != DIGEST_NONE && answer == NOT_SAID)
    return error_set (err, EPROTO, "the target does not say whether it has a "
                      "%s digest: use %s-digest=none", name, name);
  if (wanted == DIGEST_CRC32C && answer == NO)
    return error_set (err, EPROTO, "the target has no %s digest: "
                      "%s-digest=crc32c cannot be had", name, name);
  if (wanted == DIGEST_NONE && answer == YES)
    return error_set (err, EPROTO, "the target insists on a %s digest: "
                      "%s-digest=none cannot be had", name, name);
  return 0;
}

/* libiscsi 1.19 takes a target at its word that skips a step, would send data
 * segments of no bytes for ever, and lets a key of RFC 7145 lift its limit for
 * what it receives, without iSER too: hold the target to what the user demands
 * and to the least that RFC 7143 section 13.12 allows.
 */
static int
check_agreed (const struct session_params *p, struct error *err)
{
  if (agreed.rejected)
    return negotiation_explain (p, err);
  if (p->chap->target_user && !(agreed.name && agreed.proof))
    return error_set (err, EACCES, "the target did not prove that it knows "
                      "the mutual CHAP secret");
  if (check_digest ("header", p->header_digest, agreed.header_digest,
                    err) == -1 ||
      check_digest ("data", p->data_digest, agreed.data_digest, err) == -1)
    return -1;
  /* RFC 7145 section 6.3: the default is No, and it is irrelevant to
   * discovery.
   */
  if (p->iser && p->target && !agreed.rdma)
    return error_set (err, EPROTO, "the target does not speak iSER on this "
                      "connection: use iscsi://");
  if (!p->iser && agreed.rdma_key)
    return error_set (err, EPROTO, "the target breaks the protocol: it sent a "
                      "key that is for iSER alone");
  if (agreed.max_segment > 0 && agreed.max_segment < 512)
    return error_set (err, EPROTO, "the target breaks the protocol: its "
                      "MaxRecvDataSegmentLength is less than 512");
  return 0;
}

int
negotiation_end (struct session *s, const struct session_params *p,
                 struct error *err)
{
  session_enter (s);
  session_forget_secrets (s);
  /* With automatic reconnect off this only notes that a session that is lost
   * stays lost.  Else libiscsi notes it at the first error, and calls off its
   * PDUs then: 1.20.3 and later in the middle of queuing some of them, which
   * they go on using.
   */
  iscsi_reconnect (s->ctx);
  iscsi_set_log_fn (s->ctx, debug_pdu);
  iscsi_set_log_level (s->ctx, debug_pdu_level ());
  session_leave (s);
  s->logs = debug_pdu_level () > 0;
  s->header_digest = agreed.header_digest == YES;
#ifdef HAVE_ISCSI_SET_DATA_DIGEST
  s->data_digest = agreed.data_digest == YES;
#endif
  if (agreed.max_segment > 0)
    s->max_segment = agreed.max_segment;
  s->portal_group = agreed.grouped ? agreed.portal_group : -1;
  return check_agreed (p, err);
}
