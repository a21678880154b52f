/* SPDX-License-Identifier: BSD-3-Clause */

/* What answers mean: sense data decoded, decided and named. */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "guard.h"
#include "sense.h"

#define NOW   VERDICT_RETRY_NOW
#define LATER VERDICT_RETRY_LATER

static struct answer
sense_answer (unsigned key, unsigned asc)
{
  return (struct answer) {
    .status = STATUS_CHECK_CONDITION,
    .have_sense = true,
    .key = (uint8_t) key,
    .asc = (uint16_t) asc,
  };
}

static const struct {
  unsigned status;
  enum verdict verdict;
  int err;
  const char *text, *reason;
} statuses[] = {
  { STATUS_GOOD, VERDICT_OK, 0, "GOOD", "" },
  { STATUS_CONDITION_MET, VERDICT_FAIL, EIO, "CONDITION MET",
    "as if it were another command" },
  { STATUS_CHECK_CONDITION, VERDICT_FAIL, EIO,
    "CHECK CONDITION without sense data", "without saying which" },
  { STATUS_BUSY, LATER, EIO, "BUSY", "busy" },
  { STATUS_RESERVATION_CONFLICT, VERDICT_FAIL, EIO, "RESERVATION CONFLICT",
    "reserved by another initiator" },
  { STATUS_TASK_SET_FULL, LATER, EIO, "TASK SET FULL", "queue stayed full" },
  { STATUS_ACA_ACTIVE, LATER, EIO, "ACA ACTIVE", "ACA" },
  { STATUS_TASK_ABORTED, LATER, EIO, "TASK ABORTED", "aborted" },
  { STATUS_NONE, VERDICT_FAIL, EIO, "no answer", "not been answered" },
  { STATUS_PROTOCOL, VERDICT_FAIL, EIO, "protocol error", "iSCSI protocol" },
  { STATUS_TIMEOUT, VERDICT_FAIL, EIO, "timeout", "raise timeout=" },
  { STATUS_LOST, VERDICT_FAIL, EIO, "session lost", "connection" },
  { STATUS_DROPPED, VERDICT_FAIL, EIO, "connection dropped", "session was lost" },
  { STATUS_SHUTDOWN, VERDICT_FAIL, ESHUTDOWN, "shutting down",
    "shutting down" },
  { STATUS_SHORT_DATA, VERDICT_RETRY_NOW, EIO, "missing data",
    "sent no data" },

  /* Obsolete, reserved and invented. */
  { 0x10, VERDICT_FAIL, EIO, "unknown status 0x10", "not known" },
  { 0x22, VERDICT_FAIL, EIO, "unknown status 0x22", "not known" },
  { 0xff, VERDICT_FAIL, EIO, "unknown status 0xff", "not known" },
  { 0x0f000001, VERDICT_FAIL, EIO, "unknown status 0xf000001", "not known" },
};

static void
test_statuses (void)
{
  char buf[SENSE_TEXT_LEN];
  size_t i;

  for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    struct answer a = { .status = statuses[i].status };
    struct decision d = sense_decide (&a);

    check_row = statuses[i].text;
    CHECK_INT (d.verdict, statuses[i].verdict);
    if (d.verdict != VERDICT_OK)
      CHECK_INT (d.err, statuses[i].err);
    CHECK_CONTAINS (d.reason, statuses[i].reason);
    CHECK (sense_text (&a, buf) == buf);
    CHECK_STR (buf, statuses[i].text);
    check_row = NULL;
  }

  /* Sense data decide nothing beside another status. */
  struct answer busy = { .status = STATUS_BUSY, .have_sense = true,
                         .key = SENSE_MEDIUM_ERROR, .asc = 0x1100 };
  CHECK_INT (sense_decide (&busy).verdict, LATER);
}

static const struct {
  unsigned key, asc;
  enum verdict verdict;
  int err;
  const char *reason;
} senses[] = {
  { 0x0, 0x0000, NOW, EIO, "without saying which" },
  { 0x0, 0x5d00, NOW, EIO, "" },
  { 0x1, 0x0000, VERDICT_OK, 0, "" },
  { 0x1, 0x1701, VERDICT_OK, 0, "" },

  { 0x2, 0x0400, LATER, EIO, "did not become ready in time" },
  { 0x2, 0x0401, LATER, EIO, "did not become ready in time" },
  { 0x2, 0x0402, VERDICT_FAIL, EIO, "stopped: start it" },
  { 0x2, 0x0403, VERDICT_FAIL, EIO, "manual intervention" },
  { 0x2, 0x0404, VERDICT_FAIL, EIO, "formatted" },
  { 0x2, 0x0405, VERDICT_FAIL, EIO, "rebuilt" },
  { 0x2, 0x0406, VERDICT_FAIL, EIO, "recalculated" },
  { 0x2, 0x0407, LATER, EIO, "" },
  { 0x2, 0x0408, LATER, EIO, "" },
  { 0x2, 0x0409, LATER, EIO, "" },
  { 0x2, 0x040a, LATER, EIO, "ALUA" },
  { 0x2, 0x040b, VERDICT_FAIL, EIO, "standby: use the portal" },
  { 0x2, 0x040c, VERDICT_FAIL, EIO, "unavailable: use the portal" },
  { 0x2, 0x040d, VERDICT_FAIL, EIO, "structure check" },
  { 0x2, 0x040e, LATER, EIO, "" },
  { 0x2, 0x0410, VERDICT_FAIL, EIO, "auxiliary memory" },
  { 0x2, 0x0411, LATER, EIO, "" },
  { 0x2, 0x0412, VERDICT_FAIL, EIO, "offline: bring it online" },
  { 0x2, 0x0413, LATER, EIO, "" },
  { 0x2, 0x0414, LATER, EIO, "" },
  { 0x2, 0x0415, VERDICT_FAIL, EIO, "robotics" },
  { 0x2, 0x0416, VERDICT_FAIL, EIO, "not configured" },
  { 0x2, 0x0417, VERDICT_FAIL, EIO, "calibration" },
  { 0x2, 0x0418, VERDICT_FAIL, EIO, "door" },
  { 0x2, 0x0419, VERDICT_FAIL, EIO, "sequential" },
  { 0x2, 0x041a, LATER, EIO, "" },
  { 0x2, 0x041b, VERDICT_FAIL, EIO, "sanitized" },
  { 0x2, 0x041c, LATER, EIO, "" },
  { 0x2, 0x041d, LATER, EIO, "" },
  { 0x2, 0x041e, VERDICT_FAIL, EIO, "microcode activated" },
  { 0x2, 0x041f, VERDICT_FAIL, EIO, "microcode downloaded" },
  { 0x2, 0x0420, VERDICT_FAIL, EIO, "needs a reset" },
  { 0x2, 0x0421, VERDICT_FAIL, EIO, "hard reset" },
  { 0x2, 0x0422, VERDICT_FAIL, EIO, "power cycle" },
  { 0x2, 0x0423, VERDICT_FAIL, EIO, "affiliated" },
  { 0x2, 0x0424, VERDICT_FAIL, EIO, "out of use" },
  { 0x2, 0x0425, VERDICT_FAIL, EIO, "into use again" },
  { 0x2, 0x0480, LATER, EIO, "did not become ready in time" },
  { 0x2, 0x0500, VERDICT_FAIL, EIO, "does not respond" },
  { 0x2, 0x0800, VERDICT_FAIL, EIO, "cannot reach its own storage" },
  { 0x2, 0x0801, VERDICT_FAIL, EIO, "cannot reach its own storage" },
  { 0x2, 0x3001, VERDICT_FAIL, EIO, "insert another" },
  { 0x2, 0x3100, VERDICT_FAIL, EIO, "format is damaged" },
  { 0x2, 0x3a00, VERDICT_FAIL, EIO, "no medium in the device: insert one" },
  { 0x2, 0x3a02, VERDICT_FAIL, EIO, "no medium in the device: insert one" },
  { 0x2, 0x3e00, LATER, EIO, "configured itself" },
  { 0x2, 0x3e01, VERDICT_FAIL, EIO, "has failed" },
  { 0x2, 0x4c00, VERDICT_FAIL, EIO, "failed to configure" },
  { 0x2, 0x5300, VERDICT_FAIL, EIO, "loaded" },
  { 0x2, 0x0000, LATER, EIO, "not ready for too long" },
  { 0x2, 0x9999, LATER, EIO, "not ready for too long" },

  { 0x3, 0x1100, VERDICT_FAIL, EIO, "medium is faulty here" },
  { 0x3, 0x110b, VERDICT_FAIL, EIO, "medium is faulty here" },
  { 0x3, 0x0c00, VERDICT_FAIL, EIO, "medium is faulty here" },
  { 0x3, 0x0c02, VERDICT_FAIL, EIO, "medium is faulty here" },
  { 0x3, 0x3100, VERDICT_FAIL, EIO, "format is damaged" },
  { 0x3, 0x0000, VERDICT_FAIL, EIO, "medium is faulty here" },
  { 0x3, 0x1401, VERDICT_FAIL, EIO, "medium is faulty here" },

  { 0x4, 0x0000, VERDICT_FAIL, EIO, "hardware is faulty" },
  { 0x4, 0x3e01, VERDICT_FAIL, EIO, "has failed" },
  { 0x4, 0x4400, VERDICT_FAIL, EIO, "failed internally" },

  { 0x5, 0x0000, VERDICT_UNSUPPORTED, EIO, "does not support" },
  { 0x5, 0x1a00, VERDICT_UNSUPPORTED, EIO, "parameter list" },
  { 0x5, 0x2000, VERDICT_UNSUPPORTED, EIO, "does not support the command" },
  { 0x5, 0x2001, VERDICT_FAIL, EPERM, "enrolled" },
  { 0x5, 0x2002, VERDICT_FAIL, EPERM, "no access rights" },
  { 0x5, 0x2008, VERDICT_FAIL, EPERM, "conflict" },
  { 0x5, 0x2009, VERDICT_FAIL, EPERM, "LUN identifier" },
  { 0x5, 0x200b, VERDICT_FAIL, EPERM, "access control list" },
  { 0x5, 0x200c, VERDICT_UNSUPPORTED, EIO, "does not support" },
  { 0x5, 0x2100, VERDICT_FAIL, EIO, "has become smaller" },
  { 0x5, 0x2104, VERDICT_FAIL, EIO, "zoned" },
  { 0x5, 0x2200, VERDICT_UNSUPPORTED, EIO, "does not support" },
  { 0x5, 0x2400, VERDICT_UNSUPPORTED, EIO, "a field of the command" },
  { 0x5, 0x2408, VERDICT_UNSUPPORTED, EIO, "a field of the command" },
  { 0x5, 0x2500, VERDICT_FAIL, EIO, "gone from the target" },
  { 0x5, 0x2600, VERDICT_UNSUPPORTED, EIO, "of the parameter list" },
  { 0x5, 0x2602, VERDICT_UNSUPPORTED, EIO, "of the parameter list" },
  { 0x5, 0x2c00, VERDICT_FAIL, EIO, "state does not allow" },
  { 0x5, 0x3000, VERDICT_FAIL, EIO, "medium cannot be used" },
  { 0x5, 0x3900, VERDICT_UNSUPPORTED, EIO, "mode parameters" },
  { 0x5, 0x5503, VERDICT_FAIL, EIO, "run out of a resource" },
  { 0x5, 0x6400, VERDICT_FAIL, EIO, "audio" },
  { 0x5, 0x6f03, VERDICT_FAIL, EPERM, "copy protected" },
  { 0x5, 0x4900, VERDICT_FAIL, EIO, "refuses the command as illegal" },

  { 0x6, 0x2800, NOW, EIO, "medium" },
  { 0x6, 0x2900, NOW, EIO, "reset" },
  { 0x6, 0x2907, NOW, EIO, "reset" },
  { 0x6, 0x2a01, NOW, EIO, "mode parameters" },
  { 0x6, 0x2a03, NOW, EIO, "reservation" },
  { 0x6, 0x2a04, NOW, EIO, "released" },
  { 0x6, 0x2a05, NOW, EIO, "registration" },
  { 0x6, 0x2a06, NOW, EIO, "ALUA" },
  { 0x6, 0x2a09, NOW, EIO, "size" },
  { 0x6, 0x2f00, NOW, EIO, "clears" },
  { 0x6, 0x3807, NOW, EIO, "nearly full: free space" },
  { 0x6, 0x3f03, NOW, EIO, "INQUIRY" },
  { 0x6, 0x3f05, NOW, EIO, "identity" },
  { 0x6, 0x3f0e, NOW, EIO, "list of LUNs" },
  { 0x6, 0x5d00, NOW, EIO, "replace" },
  { 0x6, 0x0000, NOW, EIO, "unit attention" },

  { 0x7, 0x2700, VERDICT_FAIL, EPERM, "the LUN is write protected" },
  { 0x7, 0x2701, VERDICT_FAIL, EPERM, "hardware" },
  { 0x7, 0x2702, VERDICT_FAIL, EPERM, "software" },
  { 0x7, 0x2703, VERDICT_FAIL, EPERM, "together with" },
  { 0x7, 0x2704, VERDICT_FAIL, EPERM, "until that is removed" },
  { 0x7, 0x2705, VERDICT_FAIL, EPERM, "for good" },
  { 0x7, 0x2706, VERDICT_FAIL, EPERM, "condition" },
  { 0x7, 0x2707, VERDICT_FAIL, ENOSPC, "is full: free space there" },
  { 0x7, 0x2708, VERDICT_FAIL, EPERM, "zone" },
  { 0x7, 0x27ff, VERDICT_FAIL, EPERM, "the LUN is write protected" },
  { 0x7, 0x2002, VERDICT_FAIL, EPERM, "no access rights" },
  { 0x7, 0x300c, VERDICT_FAIL, EPERM, "only once" },
  { 0x7, 0x0000, VERDICT_FAIL, EPERM, "protected" },

  { 0x8, 0x0000, VERDICT_FAIL, EIO, "blank" },
  { 0x9, 0x8001, VERDICT_FAIL, EIO, "vendor" },
  { 0xa, 0x0d00, VERDICT_FAIL, EIO, "copy" },
  { 0xb, 0x0000, LATER, EIO, "aborted" },
  { 0xb, 0x0c0d, LATER, EIO, "aborted" },
  { 0xb, 0x4b00, LATER, EIO, "aborted" },
  { 0xb, 0x1001, VERDICT_FAIL, EIO, "protection information" },
  { 0xc, 0x0000, VERDICT_FAIL, EIO, "not known" },
  { 0xd, 0x0000, VERDICT_FAIL, EIO, "end of the medium" },
  { 0xe, 0x1d00, VERDICT_FAIL, EIO, "not those that were expected" },
  { 0xf, 0x0000, VERDICT_FAIL, EIO, "cannot be trusted" },
};

static void
test_senses (void)
{
  char buf[SENSE_TEXT_LEN];
  size_t i;

  for (i = 0; i < sizeof senses / sizeof senses[0]; i++) {
    struct answer a = sense_answer (senses[i].key, senses[i].asc);
    struct decision d = sense_decide (&a);

    check_row = sense_text (&a, buf);
    CHECK_INT (d.verdict, senses[i].verdict);
    if (d.verdict != VERDICT_OK)
      CHECK_INT (d.err, senses[i].err);
    CHECK_CONTAINS (d.reason, senses[i].reason);
    check_row = NULL;
  }
}

static bool
errno_is_allowed (int err)
{
  return err == EIO || err == EPERM || err == ENOSPC || err == ENOMEM ||
    err == ESHUTDOWN;
}

/* A sentence that completes "read of ... failed: %s". */
static bool
reads_well (const char *reason)
{
  size_t len = reason ? strlen (reason) : 0;

  return len > 10 && reason[len - 1] != '.' && reason[len - 1] != ' ' &&
    strchr (reason, '\n') == NULL && strstr (reason, "  ") == NULL;
}

/* What must hold for every key with every code that there may ever be. */
static void
test_every_sense (void)
{
  unsigned key, asc;
  bool deferred;

  for (key = 0; key <= 0xf; key++)
    for (asc = 0; asc <= 0xffff; asc++) {
      struct answer a = sense_answer (key, asc);
      struct decision d = sense_decide (&a);
      bool full = key == 0x7 && asc == 0x2707;
      bool ok = (d.verdict == VERDICT_OK) == (key == 0x1);

      if (d.verdict != VERDICT_OK)
        ok &= errno_is_allowed (d.err) && reads_well (d.reason);
      ok &= (d.err == ENOSPC) == full;
      if (key == 0x7)
        ok &= d.verdict == VERDICT_FAIL && (full || d.err == EPERM);
      if (key == 0x6)
        ok &= d.verdict == NOW;
      if (key != 0x5)
        ok &= d.verdict != VERDICT_UNSUPPORTED;
      if (key == 0x3 || key == 0x4 || key == 0xe)
        ok &= d.verdict == VERDICT_FAIL && d.err == EIO;
      if (!ok) {
        fprintf (stderr, "sense %x/%04x: verdict %d, errno %d, \"%s\"\n",
                 key, asc, (int) d.verdict, d.err, d.reason);
        CHECK (ok);
        return;
      }
    }
  CHECK (key == 0x10);

  /* A deferred error is never a success and never a reason for a fallback;
   * only what the target recovered from lets the command be tried again.
   */
  for (key = 0; key <= 0xf; key++)
    for (asc = 0; asc <= 0xffff; asc += 0x35) {
      struct answer a = sense_answer (key, asc);
      struct decision d;

      a.deferred = true;
      d = sense_decide (&a);
      deferred = d.verdict == (key <= 0x1 ? NOW : VERDICT_FAIL);
      CHECK (deferred && errno_is_allowed (d.err) && reads_well (d.reason));
    }
}

static void
test_deferred (void)
{
  struct answer a = sense_answer (SENSE_DATA_PROTECT, 0x2707);
  char buf[SENSE_TEXT_LEN];

  a.deferred = true;
  CHECK_INT (sense_decide (&a).err, ENOSPC);
  CHECK_CONTAINS (sense_decide (&a).reason, "an earlier write is lost");

  a = sense_answer (SENSE_MEDIUM_ERROR, 0x0c00);
  a.deferred = true;
  CHECK_INT (sense_decide (&a).err, EIO);
  CHECK_CONTAINS (sense_decide (&a).reason, "an earlier command failed");
  CHECK_STR (sense_text (&a, buf),
             "deferred MEDIUM ERROR, write error (3/0c00)");
}

static const struct {
  unsigned key, asc;
  const char *text;
} texts[] = {
  { 0x0, 0x0000, "NO SENSE (0/0000)" },
  { 0x1, 0x1701, "RECOVERED ERROR, recovered data with retries (1/1701)" },
  { 0x2, 0x3a00, "NOT READY, medium not present (2/3a00)" },
  { 0x2, 0x0401, "NOT READY, becoming ready (2/0401)" },
  { 0x2, 0x040a,
    "NOT READY, asymmetric access state transition (2/040a)" },
  { 0x3, 0x1100, "MEDIUM ERROR, unrecovered read error (3/1100)" },
  { 0x4, 0x4400, "HARDWARE ERROR, internal target failure (4/4400)" },
  { 0x5, 0x2000, "ILLEGAL REQUEST, invalid command operation code (5/2000)" },
  { 0x5, 0x2100,
    "ILLEGAL REQUEST, logical block address out of range (5/2100)" },
  { 0x5, 0x2400, "ILLEGAL REQUEST, invalid field in CDB (5/2400)" },
  { 0x5, 0x2500, "ILLEGAL REQUEST, logical unit not supported (5/2500)" },
  { 0x6, 0x2900, "UNIT ATTENTION, "
    "power on, reset, or bus device reset occurred (6/2900)" },
  { 0x6, 0x2a09, "UNIT ATTENTION, capacity data has changed (6/2a09)" },
  { 0x6, 0x3f0e, "UNIT ATTENTION, reported LUNs data has changed (6/3f0e)" },
  { 0x7, 0x2700, "DATA PROTECT, write protected (7/2700)" },
  { 0x7, 0x2707,
    "DATA PROTECT, space allocation failed write protect (7/2707)" },
  { 0x8, 0x8080, "BLANK CHECK (8/8080)" },
  { 0x9, 0x0001, "VENDOR SPECIFIC (9/0001)" },
  { 0xa, 0xfffe, "COPY ABORTED (a/fffe)" },
  { 0xb, 0x4700, "ABORTED COMMAND, SCSI parity error (b/4700)" },
  { 0xc, 0x00ff, "RESERVED (c/00ff)" },
  { 0xd, 0x00ff, "VOLUME OVERFLOW (d/00ff)" },
  { 0xe, 0x1d00, "MISCOMPARE, miscompare during verify (e/1d00)" },
  { 0xf, 0x00ff, "COMPLETED (f/00ff)" },
};

static void
test_texts (void)
{
  char buf[SENSE_TEXT_LEN];
  unsigned asc, named = 0;
  size_t i;

  for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct answer a = sense_answer (texts[i].key, texts[i].asc);

    CHECK_STR (sense_text (&a, buf), texts[i].text);
  }

  /* The longest name of a key before every code: nothing is cut off. */
  for (asc = 0; asc <= 0xffff; asc++) {
    struct answer a = sense_answer (SENSE_RECOVERED_ERROR, asc);
    char codes[16];
    size_t len, codes_len;

    a.deferred = true;
    sense_text (&a, buf);
    snprintf (codes, sizeof codes, " (1/%04x)", asc);
    len = strlen (buf);
    codes_len = strlen (codes);
    if (len < codes_len || strcmp (buf + len - codes_len, codes) != 0)
      CHECK_STR (buf, codes);
    named += strchr (buf, ',') != NULL;
  }
  CHECK (named >= 60);

  /* A key that does not fit its four bits is named all the same. */
  struct answer odd = sense_answer (0xf2, 0x3a00);
  CHECK_STR (sense_text (&odd, buf),
             "NOT READY, medium not present (2/3a00)");
}

/* Decode ‘len’ bytes with nothing readable after them, into an answer that
 * held something else before.
 */
static struct answer
parse (const uint8_t *data, size_t len)
{
  struct answer a = { .status = STATUS_CHECK_CONDITION, .have_sense = true,
                      .key = 0xa, .asc = 0xdead, .deferred = true,
                      .received = 4711 };

  sense_parse (guard_copy (data, len), len, &a);
  CHECK_UINT (a.status, STATUS_CHECK_CONDITION);
  CHECK_UINT (a.received, 4711);
  return a;
}

static void
check_sense (struct answer a, bool have, unsigned key, unsigned asc)
{
  CHECK_INT (a.have_sense, have);
  CHECK_UINT (a.key, have ? key : 0);
  CHECK_UINT (a.asc, have ? asc : 0);
}

static void
test_fixed (void)
{
  /* What tgt sends for a write to a write-protected LUN. */
  static const uint8_t sense[18] = {
    0x70, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x0a,
    0x00, 0x00, 0x00, 0x00, 0x27, 0x00, 0x00, 0x00, 0x00, 0x00
  };
  uint8_t other[32] = { 0xf0, 0x55, 0xf2, 1, 2, 3, 4, 24, 5, 6, 7, 8,
                        0x3a, 0x02, 9, 10, 11, 12 };
  size_t len;
  unsigned extra;

  for (len = 0; len <= sizeof sense; len++)
    check_sense (parse (sense, len), len >= 14, 0x7, 0x2700);

  /* VALID set, bits beside the key, longer than usual. */
  for (len = 0; len <= sizeof other; len++)
    check_sense (parse (other, len), len >= 14, 0x2, 0x3a02);

  /* The target may say that its sense data end before the ASC. */
  for (extra = 0; extra <= 255; extra++) {
    other[7] = (uint8_t) extra;
    check_sense (parse (other, 18), true, 0x2,
                 extra >= 6 ? 0x3a02 : extra == 5 ? 0x3a00 : 0);
  }
}

static void
test_descriptor (void)
{
  /* With an information descriptor, as LUNs over 2 TiB send it. */
  static const uint8_t sense[20] = {
    0x72, 0x03, 0x11, 0x0b, 0x00, 0x00, 0x00, 0x0c,
    0x00, 0x0a, 0x80, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00
  };
  static const uint8_t bare[8] = { 0x72, 0xf6, 0x29, 0x07, 0, 0, 0, 0 };
  size_t len;

  for (len = 0; len <= sizeof sense; len++)
    check_sense (parse (sense, len), len >= 8, 0x3, 0x110b);
  for (len = 0; len <= sizeof bare; len++)
    check_sense (parse (bare, len), len >= 8, 0x6, 0x2907);
}

static void
test_response_codes (void)
{
  uint8_t sense[18] = { 0, 0x0b, 0x05, 0x24, 0, 0, 0, 10,
                        0, 0, 0, 0, 0x26, 0x02 };
  unsigned code;

  for (code = 0; code <= 0xff; code++) {
    struct answer a;

    sense[0] = (uint8_t) code;
    a = parse (sense, sizeof sense);
    switch (code & 0x7f) {
    case 0x70: case 0x71:
      check_sense (a, true, 0x5, 0x2602);
      break;
    case 0x72: case 0x73:
      check_sense (a, true, 0xb, 0x0524);
      break;
    default:                    /* vendor specific, reserved, garbage */
      check_sense (a, false, 0, 0);
    }
    CHECK_INT (a.have_sense && a.deferred,
               (code & 0x7f) == 0x71 || (code & 0x7f) == 0x73);
  }
}

static void
test_garbage (void)
{
  uint64_t seed = 1;
  uint8_t data[64];
  char buf[SENSE_TEXT_LEN];
  unsigned i;
  size_t j;

  for (i = 0; i < 20000; i++) {
    struct answer a;
    struct decision d;
    size_t len = guard_random (&seed) % (sizeof data + 1);

    for (j = 0; j < sizeof data; j++)
      data[j] = (uint8_t) guard_random (&seed);
    if (i & 1)
      data[0] = (uint8_t) (0x70 | (data[0] & 0x83));

    a = parse (data, len);
    CHECK (a.key <= 0xf);
    CHECK (a.have_sense || (a.key == 0 && a.asc == 0));
    d = sense_decide (&a);
    CHECK (d.reason != NULL);
    CHECK (strlen (sense_text (&a, buf)) < SENSE_TEXT_LEN);
  }
}

/* Which answers put the identity of the LUN in doubt. */
static void
test_doubts (void)
{
  static const struct {
    unsigned key, asc;
    bool changed, gone;
  } rows[] = {
    { 0x6, 0x2900, true, false },
    { 0x6, 0x2907, true, false },
    { 0x6, 0x3f03, true, false },
    { 0x6, 0x3f05, true, false },
    { 0x6, 0x3f0e, true, false },
    { 0x6, 0x3f01, false, false },
    { 0x6, 0x2a09, false, false },
    { 0x6, 0x2800, false, false },
    { 0x5, 0x2500, false, true },
    { 0x5, 0x2400, false, false },
    { 0x5, 0x2900, false, false },
    { 0x2, 0x2500, false, false },
  };
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct answer a = { .status = STATUS_CHECK_CONDITION, .have_sense = true,
                        .key = rows[i].key, .asc = rows[i].asc };

    CHECK (sense_lun_changed (&a) == rows[i].changed);
    CHECK (sense_lun_gone (&a) == rows[i].gone);
    a.have_sense = false;
    CHECK (!sense_lun_changed (&a) && !sense_lun_gone (&a));
    a.have_sense = true;
    a.status = STATUS_GOOD;
    CHECK (!sense_lun_changed (&a) && !sense_lun_gone (&a));
  }
}

int
main (void)
{
  test_statuses ();
  test_doubts ();
  test_senses ();
  test_every_sense ();
  test_deferred ();
  test_texts ();
  test_fixed ();
  test_descriptor ();
  test_response_codes ();
  test_garbage ();
  return check_summary ();
}
