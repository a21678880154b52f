/* SPDX-License-Identifier: BSD-3-Clause */

/* What a target agreed to in a login, from what libiscsi logs of its keys, and
 * whether that is what the user insists on.
 */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "debug.h"
#include "session-private.h"

#define TARGET "iqn.2001-04.com.example:disk"

/* ---- what negotiation.c calls ---- */

static iscsi_log_fn log_fn;

void
iscsi_set_log_fn (struct iscsi_context *ctx __attribute__ ((unused)),
                  iscsi_log_fn fn)
{
  log_fn = fn;
}

void
iscsi_set_log_level (struct iscsi_context *ctx __attribute__ ((unused)),
                     int level __attribute__ ((unused)))
{
}

void
session_forget_secrets (struct session *s __attribute__ ((unused)))
{
}

int
iscsi_reconnect (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return 0;
}

void
session_enter (struct session *s __attribute__ ((unused)))
{
}

void
session_leave (struct session *s __attribute__ ((unused)))
{
}

int
debug_pdu_level (void)
{
  return 0;
}

void
debug_pdu (int level __attribute__ ((unused)),
           const char *message __attribute__ ((unused)))
{
}

/* ---- logins ---- */

static struct chap no_chap;
static struct chap mutual = { .target_user = (char *) "target" };
static const struct session_params plain = {
  .target = TARGET, .chap = &no_chap, .chap_algorithm = CHAP_MD5,
  .header_digest = DIGEST_NONE, .data_digest = DIGEST_NONE,
};

static int portal_group;        /* of the last login */

/* A login in which the target says these keys, separated by spaces; ‘suffix’ is
 * what libiscsi adds to each.
 */
static int
log_in_with (const struct session_params *p, const char *keys,
             const char *suffix, struct error *err)
{
  struct session s = { .lost = false };
  char message[256];
  const char *key;
  size_t len;
  int r;

  *err = (struct error) { 0 };
  negotiation_begin (NULL, p);
  for (key = keys; *key != '\0'; key += len + (key[len] == ' ')) {
    len = strcspn (key, " ");
    snprintf (message, sizeof message, "TargetLoginReply: %.*s%s", (int) len,
              key, suffix);
    log_fn (6, message);
  }
  r = negotiation_end (&s, p, err);
  portal_group = s.portal_group;
  return r;
}

static int
log_in (const struct session_params *p, const char *keys, struct error *err)
{
  return log_in_with (p, keys, p->target ? " [" TARGET "]" : "", err);
}

#define ZEROES8 "00000000"
#define DIGITS8 "0123abCD"
#define MD5_OF(d)  "0x" d d d d
#define SHA1_OF(d) "0x" d d d d d
#define SHA256_OF(d) "0x" d d d d d d d d

/* What is insisted on, what the target says, and the sentence; NULL: it is
 * agreed.
 */
static const struct {
  const char *demand, *keys, *words;
} rows[] = {
  { "", "", NULL },
  { "", "HeaderDigest=None DataDigest=None", NULL },

  { "header", "HeaderDigest=CRC32C", NULL },
  { "header", "HeaderDigest=None", "has no header digest" },
  { "header", "HeaderDigest=CRC32C,None", "has no header digest" },
  { "header", "HeaderDigest=Reject", "rejects header-digest=crc32c" },
  { "header", "DataDigest=CRC32C", "whether it has a header digest" },
  { "header", "", "whether it has a header digest" },
  { "", "HeaderDigest=CRC32C", "insists on a header digest" },

  { "data", "DataDigest=CRC32C", NULL },
  { "data", "DataDigest=None", "has no data digest" },
  { "data", "DataDigest=CRC32C,None", "has no data digest" },
  { "data", "DataDigest=Reject", "rejects data-digest=crc32c" },
  { "data", "HeaderDigest=None", "whether it has a data digest" },
  { "", "DataDigest=CRC32C", "insists on a data digest" },

  { "mutual", "CHAP_N=target CHAP_R=" MD5_OF (DIGITS8), NULL },
  { "mutual", "", "did not prove" },
  { "mutual", "CHAP_N=target", "did not prove" },
  { "mutual", "CHAP_R=" MD5_OF (DIGITS8), "did not prove" },
  { "mutual", "CHAP_N=target CHAP_R=" MD5_OF (ZEROES8), "did not prove" },
  { "mutual", "CHAP_N=target CHAP_R=" SHA1_OF (DIGITS8), "did not prove" },
  { "mutual", "CHAP_N=target CHAP_R=0x", "did not prove" },
  { "mutual", "CHAP_N=target CHAP_R=0bASNFZw==", "did not prove" },
  { "sha1", "CHAP_N=target CHAP_R=" SHA1_OF (DIGITS8), NULL },
  { "sha1", "CHAP_N=target CHAP_R=" MD5_OF (DIGITS8), "did not prove" },
  { "sha1", "CHAP_N=target CHAP_R=" SHA1_OF (ZEROES8), "did not prove" },
  { "sha256", "CHAP_N=target CHAP_R=" SHA256_OF (DIGITS8), NULL },
  { "sha256", "CHAP_N=target CHAP_R=" SHA1_OF (DIGITS8), "did not prove" },
  { "sha256", "CHAP_N=target CHAP_R=" SHA256_OF (ZEROES8), "did not prove" },
  { "sha3", "CHAP_N=target CHAP_R=" SHA256_OF (DIGITS8), NULL },
  { "sha3", "CHAP_N=target CHAP_R=" MD5_OF (DIGITS8), "did not prove" },

  { "iser", "RDMAExtensions=Yes", NULL },
  { "iser", "RDMAExtensions=No", "does not speak iSER" },
  { "iser", "RDMAExtensions=Yes,No", "does not speak iSER" },
  { "iser", "RDMAExtensions=Reject", "does not speak iSER" },
  { "iser", "HeaderDigest=None", "does not speak iSER" },
  { "iser", "", "does not speak iSER" },
  { "iser-discovery", "", NULL },
  { "iser-discovery", "RDMAExtensions=Irrelevant", NULL },
};

static struct session_params
demand (const char *what)
{
  struct session_params p = plain;

  if (strcmp (what, "header") == 0)
    p.header_digest = DIGEST_CRC32C;
  else if (strcmp (what, "data") == 0)
    p.data_digest = DIGEST_CRC32C;
  else if (strncmp (what, "iser", 4) == 0) {
    p.iser = true;
    p.target = what[4] ? NULL : TARGET;
  }
  else if (what[0] != '\0') {
    p.chap = &mutual;
    p.chap_algorithm = strcmp (what, "sha1") == 0 ? CHAP_SHA1
      : strcmp (what, "sha256") == 0 ? CHAP_SHA256
      : strcmp (what, "sha3") == 0 ? CHAP_SHA3_256 : CHAP_MD5;
  }
  return p;
}

static void
test_demands (void)
{
  struct session_params p;
  struct error err;
  char row[160];
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    snprintf (row, sizeof row, "%s: %s", rows[i].demand, rows[i].keys);
    check_row = row;
    p = demand (rows[i].demand);
    CHECK_INT (log_in (&p, rows[i].keys, &err), rows[i].words ? -1 : 0);
    CHECK_CONTAINS (err.msg, rows[i].words ? rows[i].words : "");
  }
  check_row = NULL;
}

/* Nothing is left of the login before. */
static void
test_forgets (void)
{
  struct session_params p = demand ("mutual");
  struct error err;

  CHECK_INT (log_in (&p, "CHAP_N=target CHAP_R=" MD5_OF (DIGITS8), &err), 0);
  CHECK_INT (log_in (&p, "", &err), -1);
  p = demand ("iser");
  CHECK_INT (log_in (&p, "RDMAExtensions=Yes", &err), 0);
  CHECK_INT (log_in (&p, "", &err), -1);
  p = demand ("data");
  CHECK_INT (log_in (&p, "DataDigest=CRC32C", &err), 0);
  CHECK_INT (log_in (&p, "", &err), -1);
}

/* Newer versions of libiscsi add the LUN. */
static void
test_suffix (void)
{
  struct session_params p = demand ("header");
  struct error err;

  CHECK_INT (log_in_with (&p, "HeaderDigest=CRC32C", " [" TARGET "/-1]",
                          &err), 0);
  CHECK_INT (log_in_with (&p, "HeaderDigest=CRC32C", " [another]", &err), -1);
  CHECK_INT (log_in_with (&p, "HeaderDigest=CRC32C", "", &err), -1);
}

/* Two groups are never taken for one: what is no tag is none. */
static void
test_portal_group (void)
{
  static const struct {
    const char *keys;
    int tag;
  } tags[] = {
    { "", -1 },
    { "TargetPortalGroupTag=0", 0 },
    { "TargetPortalGroupTag=1", 1 },
    { "TargetPortalGroupTag=0010", 10 },
    { "TargetPortalGroupTag=65535", 65535 },
    { "TargetPortalGroupTag=0x2", 2 },
    { "TargetPortalGroupTag=0X00fF", 255 },
    { "TargetPortalGroupTag=0xffff", 65535 },
    { "TargetPortalGroupTag=", -1 },
    { "TargetPortalGroupTag=0x", -1 },
    { "TargetPortalGroupTag=-1", -1 },
    { "TargetPortalGroupTag=1,2", -1 },
    { "TargetPortalGroupTag=65537", -1 },
    { "TargetPortalGroupTag=0x10001", -1 },
    { "TargetPortalGroupTag=18446744073709551617", -1 },
    { "TargetPortalGroupTag=0bAAE=", -1 },
    { "TargetPortalGroupTag=1 TargetPortalGroupTag=?", -1 },
  };
  struct error err;
  size_t i;

  for (i = 0; i < sizeof tags / sizeof tags[0]; ++i) {
    check_row = tags[i].keys;
    CHECK_INT (log_in (&plain, tags[i].keys, &err), 0);
    CHECK_INT (portal_group, tags[i].tag);
  }
  check_row = NULL;
}

int
main (void)
{
  alarm (500);
  test_demands ();
  test_forgets ();
  test_suffix ();
  test_portal_group ();
  return check_summary ();
}
