/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bytes.h"
#include "sense.h"

/* SPC-5 table 51 again: keys that decide nothing by themselves. */
enum {
  SENSE_VENDOR_SPECIFIC = 0x9,
  SENSE_VOLUME_OVERFLOW = 0xd,
  SENSE_COMPLETED       = 0xf,
};

/* What a status other than CHECK CONDITION means. */
struct status_rule {
  unsigned status;
  const char *name;
  struct decision decision;
};

static const struct status_rule status_rules[] = {
  { STATUS_GOOD, "GOOD", { VERDICT_OK, 0, "" } },
  /* Only for PRE-FETCH, which this is no judge of (SBC-4 5.12). */
  { STATUS_CONDITION_MET, "CONDITION MET",
    { VERDICT_FAIL, EIO,
      "the target answered as if it were another command" } },
  { STATUS_BUSY, "BUSY",
    { VERDICT_RETRY_LATER, EIO,
      "the target stayed busy for too long: look at its load" } },
  { STATUS_RESERVATION_CONFLICT, "RESERVATION CONFLICT",
    { VERDICT_FAIL, EIO,
      "the LUN is reserved by another initiator: "
      "release the reservation there" } },
  { STATUS_TASK_SET_FULL, "TASK SET FULL",
    { VERDICT_RETRY_LATER, EIO,
      "the target's command queue stayed full for too long: "
      "use fewer connections or look at its load" } },
  { STATUS_ACA_ACTIVE, "ACA ACTIVE",
    { VERDICT_RETRY_LATER, EIO,
      "an error of another command (ACA) kept the LUN's queue blocked: "
      "the initiator that it belongs to must clear it" } },
  { STATUS_TASK_ABORTED, "TASK ABORTED",
    { VERDICT_RETRY_LATER, EIO,
      "the command was aborted again and again, "
      "by the target or by another initiator" } },
  { STATUS_NONE, "no answer",
    { VERDICT_FAIL, EIO, "the command has not been answered" } },
  { STATUS_PROTOCOL, "protocol error",
    { VERDICT_FAIL, EIO,
      "the target rejected the command or broke the iSCSI protocol" } },
  { STATUS_TIMEOUT, "timeout",
    { VERDICT_FAIL, EIO,
      "the target did not answer in time: look at its load and its log, "
      "or raise timeout=" } },
  { STATUS_LOST, "session lost",
    { VERDICT_FAIL, EIO,
      "the connection to the target is lost; "
      "it comes back by itself once the target can be reached" } },
  { STATUS_DROPPED, "connection dropped",
    { VERDICT_FAIL, EIO, "the session was lost" } },
  { STATUS_SHUTDOWN, "shutting down",
    { VERDICT_FAIL, ESHUTDOWN, "the server is shutting down" } },
  /* Only seen by chance (session.c), so it is looked at again. */
  { STATUS_SHORT_DATA, "missing data",
    { VERDICT_RETRY_NOW, EIO,
      "the target said GOOD, but sent no data or fewer than were asked "
      "for" } },
};

/* What sense data mean.  The first rule that matches wins: exact codes,
 * then an ASC with any ASCQ (mask ff00h), then the key alone (mask 0), which
 * every key has.
 */
struct sense_rule {
  uint8_t key;
  uint16_t asc, mask;
  struct decision decision;
};

#define EXACT 0xffff
#define ASC   0xff00
#define ANY   0x0000

#define NOW(reason)         { VERDICT_RETRY_NOW, EIO, reason }
#define LATER(reason)       { VERDICT_RETRY_LATER, EIO, reason }
#define UNSUPPORTED(reason) { VERDICT_UNSUPPORTED, EIO, reason }
#define FAIL(err, reason)   { VERDICT_FAIL, err, reason }

static const struct sense_rule sense_rules[] = {
  /* Nothing went wrong, but nothing tells how much was transferred. */
  { SENSE_NO_SENSE, 0, ANY,
    NOW ("the target reported a condition without saying which") },

  { SENSE_RECOVERED_ERROR, 0, ANY, { VERDICT_OK, 0, "" } },

  /* Not ready: what passes by itself in seconds is waited for; what takes
   * hours or a human is not (SPC-5, ASC 04h).
   */
  { SENSE_NOT_READY, 0x0402, EXACT,
    FAIL (EIO, "the LUN is stopped: start it on the target") },
  { SENSE_NOT_READY, 0x0403, EXACT,
    FAIL (EIO, "the LUN needs manual intervention on the target") },
  { SENSE_NOT_READY, 0x0404, EXACT,
    FAIL (EIO, "the LUN is being formatted: try again when that is done") },
  { SENSE_NOT_READY, 0x0405, EXACT,
    FAIL (EIO, "the LUN is being rebuilt: try again when that is done") },
  { SENSE_NOT_READY, 0x0406, EXACT,
    FAIL (EIO,
          "the LUN's redundancy is being recalculated: "
          "try again when that is done") },
  { SENSE_NOT_READY, 0x040a, EXACT,
    LATER ("the path to the LUN kept changing its ALUA state: "
           "look at the target's controllers") },
  { SENSE_NOT_READY, 0x040b, EXACT,
    FAIL (EIO,
          "this path to the LUN is on standby: "
          "use the portal of the active controller") },
  { SENSE_NOT_READY, 0x040c, EXACT,
    FAIL (EIO,
          "this path to the LUN is unavailable: "
          "use the portal of another controller") },
  { SENSE_NOT_READY, 0x040d, EXACT,
    FAIL (EIO, "the LUN needs a structure check on the target") },
  { SENSE_NOT_READY, 0x0410, EXACT,
    FAIL (EIO, "the LUN cannot reach its auxiliary memory") },
  { SENSE_NOT_READY, 0x0412, EXACT,
    FAIL (EIO, "the LUN is offline: bring it online on the target") },
  { SENSE_NOT_READY, 0x0415, EXACT,
    FAIL (EIO, "the LUN's robotics are disabled") },
  { SENSE_NOT_READY, 0x0416, EXACT,
    FAIL (EIO, "the LUN is not configured: configure it on the target") },
  { SENSE_NOT_READY, 0x0417, EXACT,
    FAIL (EIO, "the LUN needs a calibration") },
  { SENSE_NOT_READY, 0x0418, EXACT,
    FAIL (EIO, "a door of the device is open: close it") },
  { SENSE_NOT_READY, 0x0419, EXACT,
    FAIL (EIO, "the LUN operates in sequential mode") },
  { SENSE_NOT_READY, 0x041b, EXACT,
    FAIL (EIO, "the LUN is being sanitized: its data are being erased") },
  { SENSE_NOT_READY, 0x041e, EXACT,
    FAIL (EIO, "the device needs its microcode activated") },
  { SENSE_NOT_READY, 0x041f, EXACT,
    FAIL (EIO, "the device needs its microcode downloaded") },
  { SENSE_NOT_READY, 0x0420, EXACT,
    FAIL (EIO, "the LUN needs a reset: do that on the target") },
  { SENSE_NOT_READY, 0x0421, EXACT,
    FAIL (EIO, "the device needs a hard reset: do that on the target") },
  { SENSE_NOT_READY, 0x0422, EXACT,
    FAIL (EIO, "the device needs a power cycle") },
  { SENSE_NOT_READY, 0x0423, EXACT,
    FAIL (EIO, "the device is affiliated to another initiator") },
  { SENSE_NOT_READY, 0x0424, EXACT,
    FAIL (EIO,
          "the device is taking storage elements out of use: "
          "try again when that is done") },
  { SENSE_NOT_READY, 0x0425, EXACT,
    FAIL (EIO,
          "the device is taking storage elements into use again: "
          "try again when that is done") },
  /* 0400h (no cause told), 0401h (becoming ready), 0407h, 0408h, 0409h,
   * 040eh, 0411h, 0413h, 0414h, 041ah, 041ch, 041dh (something short is in
   * progress), and those of the future.
   */
  { SENSE_NOT_READY, 0x0400, ASC,
    LATER ("the LUN did not become ready in time: "
           "look at its state on the target") },
  { SENSE_NOT_READY, 0x0500, ASC,
    FAIL (EIO, "the device behind the LUN does not respond: "
               "look at the target") },
  { SENSE_NOT_READY, 0x0800, ASC,
    FAIL (EIO,
          "the target cannot reach its own storage: "
          "look at the target's log") },
  { SENSE_NOT_READY, 0x3000, ASC,
    FAIL (EIO, "the medium cannot be used by this device: insert another") },
  { SENSE_NOT_READY, 0x3100, ASC,
    FAIL (EIO, "the medium is not formatted, or its format is damaged") },
  { SENSE_NOT_READY, 0x3a00, ASC,
    FAIL (EIO, "there is no medium in the device: insert one, "
               "or bring the LUN online on the target") },
  { SENSE_NOT_READY, 0x3e00, EXACT,
    LATER ("the LUN has not configured itself in time: "
           "look at its state on the target") },
  { SENSE_NOT_READY, 0x3e00, ASC,
    FAIL (EIO, "the LUN has failed: look at the target's log") },
  { SENSE_NOT_READY, 0x4c00, ASC,
    FAIL (EIO, "the LUN failed to configure itself: "
               "look at the target's log") },
  { SENSE_NOT_READY, 0x5300, ASC,
    FAIL (EIO, "the medium could not be loaded") },
  { SENSE_NOT_READY, 0, ANY,
    LATER ("the LUN was not ready for too long: "
           "look at its state on the target") },

  /* Not "cannot be read" for 11xxh, nor "written" for 0cxxh: a target may
   * have to read for a write, and some say 1100h whatever failed.
   */
  { SENSE_MEDIUM_ERROR, 0x3100, ASC,
    FAIL (EIO, "the medium is not formatted, or its format is damaged") },
  { SENSE_MEDIUM_ERROR, 0, ANY,
    FAIL (EIO, "the LUN's medium is faulty here: "
               "look at the health of the target's disks") },

  { SENSE_HARDWARE_ERROR, 0x3e00, ASC,
    FAIL (EIO, "the LUN has failed: look at the target's log") },
  { SENSE_HARDWARE_ERROR, 0x4400, ASC,
    FAIL (EIO, "the target failed internally: look at the target's log") },
  { SENSE_HARDWARE_ERROR, 0, ANY,
    FAIL (EIO, "the target's hardware is faulty: look at the target's log") },

  /* An optional command, or a bit of one, that is not implemented.  A bare
   * 5/0000 is what some targets send for any command that they do not know.
   */
  { SENSE_ILLEGAL_REQUEST, 0x0000, EXACT,
    UNSUPPORTED ("the target does not support the command") },
  { SENSE_ILLEGAL_REQUEST, 0x1a00, ASC,
    UNSUPPORTED ("the target does not take a parameter list "
                 "of this length") },
  { SENSE_ILLEGAL_REQUEST, 0x2001, EXACT,
    FAIL (EPERM, "the target has not enrolled this initiator yet: "
                 "allow it on the target") },
  { SENSE_ILLEGAL_REQUEST, 0x2002, EXACT,
    FAIL (EPERM, "this initiator has no access rights to the LUN: "
                 "allow it on the target") },
  { SENSE_ILLEGAL_REQUEST, 0x2008, EXACT,
    FAIL (EPERM, "the target denies access: "
                 "the enrolment of this initiator is in conflict") },
  { SENSE_ILLEGAL_REQUEST, 0x2009, EXACT,
    FAIL (EPERM, "the target denies access to this LUN identifier") },
  { SENSE_ILLEGAL_REQUEST, 0x200b, EXACT,
    FAIL (EPERM, "the target denies access: "
                 "its access control list has a LUN conflict") },
  { SENSE_ILLEGAL_REQUEST, 0x2000, ASC,
    UNSUPPORTED ("the target does not support the command") },
  { SENSE_ILLEGAL_REQUEST, 0x2200, ASC,
    UNSUPPORTED ("the target does not support the command") },
  { SENSE_ILLEGAL_REQUEST, 0x2400, ASC,
    UNSUPPORTED ("the target does not support a field of the command") },
  { SENSE_ILLEGAL_REQUEST, 0x2600, ASC,
    UNSUPPORTED ("the target does not support a field "
                 "of the parameter list") },
  { SENSE_ILLEGAL_REQUEST, 0x3900, ASC,
    UNSUPPORTED ("the target does not have these mode parameters") },

  { SENSE_ILLEGAL_REQUEST, 0x2100, EXACT,
    FAIL (EIO, "the LUN ends before this block: it has become smaller; "
               "connect again to see its new size") },
  { SENSE_ILLEGAL_REQUEST, 0x2100, ASC,
    FAIL (EIO, "the LUN does not allow this access at this address: "
               "it may be a zoned or write-once device") },
  { SENSE_ILLEGAL_REQUEST, 0x2500, ASC,
    FAIL (EIO, "the LUN is gone from the target: "
               "map it to this initiator again") },
  { SENSE_ILLEGAL_REQUEST, 0x2c00, ASC,
    FAIL (EIO, "the target's state does not allow the command now") },
  { SENSE_ILLEGAL_REQUEST, 0x3000, ASC,
    FAIL (EIO, "the medium cannot be used for this") },
  { SENSE_ILLEGAL_REQUEST, 0x5500, ASC,
    FAIL (EIO, "the target has run out of a resource: "
               "look at the target's log") },
  { SENSE_ILLEGAL_REQUEST, 0x6400, ASC,
    FAIL (EIO, "this part of the disc holds no data (an audio track?)") },
  { SENSE_ILLEGAL_REQUEST, 0x6f00, ASC,
    FAIL (EPERM, "the disc is copy protected") },
  { SENSE_ILLEGAL_REQUEST, 0, ANY,
    FAIL (EIO, "the target refuses the command as illegal") },

  /* All of these mean "and now once more"; the reason is for the target
   * that never stops.
   */
  { SENSE_UNIT_ATTENTION, 0x2800, ASC,
    NOW ("the medium is being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x2900, ASC,
    NOW ("the LUN is being reset again and again: look at the target's log") },
  { SENSE_UNIT_ATTENTION, 0x2a01, EXACT,
    NOW ("the LUN's mode parameters are being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x2a03, EXACT,
    NOW ("another initiator takes the reservation of the LUN "
         "again and again") },
  { SENSE_UNIT_ATTENTION, 0x2a04, EXACT,
    NOW ("the reservation of the LUN is being released again and again") },
  { SENSE_UNIT_ATTENTION, 0x2a05, EXACT,
    NOW ("another initiator takes the registration of this one "
         "again and again") },
  { SENSE_UNIT_ATTENTION, 0x2a06, EXACT,
    NOW ("the path to the LUN kept changing its ALUA state: "
         "look at the target's controllers") },
  { SENSE_UNIT_ATTENTION, 0x2a09, EXACT,
    NOW ("the LUN's size is being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x2f00, ASC,
    NOW ("another initiator or the target clears the LUN's commands "
         "again and again") },
  { SENSE_UNIT_ATTENTION, 0x3807, EXACT,
    NOW ("the thin pool of the target is nearly full: free space there") },
  { SENSE_UNIT_ATTENTION, 0x3f03, EXACT,
    NOW ("the LUN's INQUIRY data are being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x3f05, EXACT,
    NOW ("the LUN's identity is being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x3f0e, EXACT,
    NOW ("the target's list of LUNs is being changed again and again") },
  { SENSE_UNIT_ATTENTION, 0x5d00, ASC,
    NOW ("the target predicts the failure of a disk: replace it") },
  { SENSE_UNIT_ATTENTION, 0, ANY,
    NOW ("the target reported one unit attention after another") },

  /* SBC-4, thin provisioning: 2707h is a full pool, not a protected LUN. */
  { SENSE_DATA_PROTECT, 0x2707, EXACT,
    FAIL (ENOSPC, "the thin pool of the target is full: free space there") },
  { SENSE_DATA_PROTECT, 0x2000, ASC,
    FAIL (EPERM, "this initiator has no access rights to the LUN: "
                 "allow it on the target") },
  { SENSE_DATA_PROTECT, 0x2700, EXACT,
    FAIL (EPERM, "the LUN is write protected: allow writes on the target") },
  { SENSE_DATA_PROTECT, 0x2701, EXACT,
    FAIL (EPERM, "the LUN is write protected in hardware") },
  { SENSE_DATA_PROTECT, 0x2702, EXACT,
    FAIL (EPERM, "the LUN is write protected by software: "
                 "allow writes on the target") },
  { SENSE_DATA_PROTECT, 0x2703, EXACT,
    FAIL (EPERM, "the LUN is write protected together with its medium") },
  { SENSE_DATA_PROTECT, 0x2704, EXACT,
    FAIL (EPERM, "the medium is write protected until that is removed") },
  { SENSE_DATA_PROTECT, 0x2705, EXACT,
    FAIL (EPERM, "the medium is write protected for good") },
  { SENSE_DATA_PROTECT, 0x2706, EXACT,
    FAIL (EPERM, "the LUN is write protected "
                 "until a condition on the target is met") },
  { SENSE_DATA_PROTECT, 0x2708, EXACT,
    FAIL (EPERM, "this zone of the LUN is read-only") },
  { SENSE_DATA_PROTECT, 0x2700, ASC,
    FAIL (EPERM, "the LUN is write protected: allow writes on the target") },
  { SENSE_DATA_PROTECT, 0x300c, EXACT,
    FAIL (EPERM, "the medium can be written only once") },
  { SENSE_DATA_PROTECT, 0, ANY,
    FAIL (EPERM, "the LUN's data are protected against this access: "
                 "allow it on the target") },

  { SENSE_BLANK_CHECK, 0, ANY,
    FAIL (EIO, "the medium is blank here, or can be written only once") },
  { SENSE_VENDOR_SPECIFIC, 0, ANY,
    FAIL (EIO, "the target reported an error of its vendor's own: "
               "look at the target's log") },
  { SENSE_COPY_ABORTED, 0, ANY,
    FAIL (EIO, "the target aborted a copy") },

  /* Protection information that is wrong stays wrong. */
  { SENSE_ABORTED_COMMAND, 0x1000, ASC,
    FAIL (EIO, "the protection information of the data is wrong: "
               "they were damaged on the way or on the medium") },
  { SENSE_ABORTED_COMMAND, 0, ANY,
    LATER ("the target aborted the command again and again: "
           "look at the target's log") },

  { SENSE_VOLUME_OVERFLOW, 0, ANY,
    FAIL (EIO, "the end of the medium was reached") },
  { SENSE_MISCOMPARE, 0, ANY,
    FAIL (EIO, "the data on the medium are not those that were expected") },
  { SENSE_COMPLETED, 0, ANY,
    FAIL (EIO, "the target reported an end of the command "
               "that cannot be trusted") },
};

static const struct decision no_sense = {
  VERDICT_FAIL, EIO,
  "the target reported an error without saying which: "
  "look at the target's log"
};

static const struct decision unknown = {
  VERDICT_FAIL, EIO, "the target sent an answer that is not known"
};

static const struct status_rule *
find_status (unsigned status)
{
  size_t i;

  for (i = 0; i < sizeof status_rules / sizeof status_rules[0]; i++)
    if (status_rules[i].status == status)
      return &status_rules[i];
  return NULL;
}

static struct decision
decide_sense (uint8_t key, uint16_t asc)
{
  size_t i;

  for (i = 0; i < sizeof sense_rules / sizeof sense_rules[0]; i++) {
    const struct sense_rule *r = &sense_rules[i];

    if (r->key == key && (asc & r->mask) == (r->asc & r->mask))
      return r->decision;
  }
  return unknown;
}

/* A deferred error (SPC-5, response codes 71h and 73h) is what became of an
 * earlier command that was already answered GOOD: a write in the target's
 * cache is lost, and this is the only time that we are told.  The command
 * that it came with was not carried out, so even a deferred RECOVERED ERROR
 * is no success for it.
 */
static struct decision
decide_deferred (uint8_t key, uint16_t asc)
{
  struct decision d = decide_sense (key, asc);

  if (key == SENSE_NO_SENSE || key == SENSE_RECOVERED_ERROR)
    return (struct decision)
      NOW ("the target reported recovered errors of earlier commands "
           "again and again");

  d.verdict = VERDICT_FAIL;
  d.reason = d.err == ENOSPC
    ? "an earlier write is lost, as the thin pool of the target is full: "
      "free space there"
    : "an earlier command failed in the target after it had been "
      "acknowledged: look at the target's log";
  return d;
}

struct decision
sense_decide (const struct answer *a)
{
  const struct status_rule *r;

  if (a->status == STATUS_CHECK_CONDITION) {
    if (!a->have_sense)
      return no_sense;
    return a->deferred ? decide_deferred (a->key, a->asc)
                       : decide_sense (a->key, a->asc);
  }

  r = find_status (a->status);
  return r ? r->decision : unknown;
}

unsigned
sense_lost_write (const struct answer *a)
{
  if (a->status != STATUS_CHECK_CONDITION || !a->have_sense || !a->deferred ||
      a->key == SENSE_NO_SENSE || a->key == SENSE_RECOVERED_ERROR)
    return 0;
  return (unsigned) a->key << 16 | a->asc;
}

bool
sense_has_key (const struct answer *a, enum sense_key key)
{
  return a->status == STATUS_CHECK_CONDITION && a->have_sense &&
    a->key == key;
}

bool
sense_lun_changed (const struct answer *a)
{
  return sense_has_key (a, SENSE_UNIT_ATTENTION) &&
    (a->asc >> 8 == 0x29 ||     /* power on, reset, nexus loss */
     a->asc == 0x3f03 || a->asc == 0x3f05 || a->asc == 0x3f0e);
}

bool
sense_lun_gone (const struct answer *a)
{
  return sense_has_key (a, SENSE_ILLEGAL_REQUEST) && a->asc >> 8 == 0x25;
}

/* SPC-5 4.4.2, 4.4.3.  In the fixed format the additional sense length may
 * say that it ends before the ASC: there is none then, whatever follows.
 */
void
sense_parse (const uint8_t *data, size_t len, struct answer *a)
{
  uint8_t code = len ? data[0] & 0x7f : 0;

  a->have_sense = false;
  a->key = 0;
  a->asc = 0;
  a->deferred = code == 0x71 || code == 0x73;

  if ((code == 0x70 || code == 0x71) && len >= 14) {
    a->have_sense = true;
    a->key = data[2] & 0x0f;
    if (data[7] >= 6)
      a->asc = get_be16 (&data[12]);
    else if (data[7] == 5)
      a->asc = (uint16_t) (data[12] << 8);
  }
  else if ((code == 0x72 || code == 0x73) && len >= 8) {
    a->have_sense = true;
    a->key = data[1] & 0x0f;
    a->asc = get_be16 (&data[2]);
  }
}

static const char *const key_names[16] = {
  "NO SENSE", "RECOVERED ERROR", "NOT READY", "MEDIUM ERROR",
  "HARDWARE ERROR", "ILLEGAL REQUEST", "UNIT ATTENTION", "DATA PROTECT",
  "BLANK CHECK", "VENDOR SPECIFIC", "COPY ABORTED", "ABORTED COMMAND",
  "RESERVED", "VOLUME OVERFLOW", "MISCOMPARE", "COMPLETED",
};

/* Those of T10's list of ASC/ASCQ assignments that a disk, a CD or a target
 * in between sends.
 */
static const struct {
  uint16_t asc;
  const char *text;
} asc_texts[] = {
  { 0x0006, "I/O process terminated" },
  { 0x0016, "operation in progress" },
  { 0x0300, "write fault" },
  { 0x0400, "cause not reportable" },
  { 0x0401, "becoming ready" },
  { 0x0402, "initializing command required" },
  { 0x0403, "manual intervention required" },
  { 0x0404, "format in progress" },
  { 0x0405, "rebuild in progress" },
  { 0x0406, "recalculation in progress" },
  { 0x0407, "operation in progress" },
  { 0x0408, "long write in progress" },
  { 0x0409, "self-test in progress" },
  { 0x040a, "asymmetric access state transition" },
  { 0x040b, "target port in standby state" },
  { 0x040c, "target port in unavailable state" },
  { 0x040d, "structure check required" },
  { 0x040e, "security session in progress" },
  { 0x0410, "auxiliary memory not accessible" },
  { 0x0411, "notify (enable spinup) required" },
  { 0x0412, "offline" },
  { 0x0413, "SA creation in progress" },
  { 0x0414, "space allocation in progress" },
  { 0x0415, "robotics disabled" },
  { 0x0416, "configuration required" },
  { 0x0417, "calibration required" },
  { 0x0418, "a door is open" },
  { 0x0419, "operating in sequential mode" },
  { 0x041a, "start stop unit command in progress" },
  { 0x041b, "sanitize in progress" },
  { 0x041c, "additional power use not yet granted" },
  { 0x041d, "configuration in progress" },
  { 0x041e, "microcode activation required" },
  { 0x041f, "microcode download required" },
  { 0x0420, "logical unit reset required" },
  { 0x0421, "hard reset required" },
  { 0x0422, "power cycle required" },
  { 0x0423, "affiliation required" },
  { 0x0424, "depopulation in progress" },
  { 0x0425, "depopulation restoration in progress" },
  { 0x0500, "no response to selection" },
  { 0x0800, "communication failure" },
  { 0x0801, "communication time-out" },
  { 0x0802, "communication parity error" },
  { 0x0b00, "warning" },
  { 0x0b01, "specified temperature exceeded" },
  { 0x0b06, "non-volatile cache now volatile" },
  { 0x0b07, "degraded power to non-volatile cache" },
  { 0x0b08, "power loss expected" },
  { 0x0c00, "write error" },
  { 0x0c01, "write error, recovered with auto reallocation" },
  { 0x0c02, "write error, auto reallocation failed" },
  { 0x0c03, "write error, recommend reassignment" },
  { 0x0c0c, "write error, unexpected unsolicited data" },
  { 0x0c0d, "write error, not enough unsolicited data" },
  { 0x0c12, "write error, insufficient zone resources" },
  { 0x0e03, "invalid field in command information unit" },
  { 0x1000, "ID CRC or ECC error" },
  { 0x1001, "logical block guard check failed" },
  { 0x1002, "logical block application tag check failed" },
  { 0x1003, "logical block reference tag check failed" },
  { 0x1100, "unrecovered read error" },
  { 0x1101, "read retries exhausted" },
  { 0x1104, "unrecovered read error, auto reallocate failed" },
  { 0x110b, "unrecovered read error, recommend reassignment" },
  { 0x110c, "unrecovered read error, recommend rewrite the data" },
  { 0x1115, "write after sanitize required" },
  { 0x1400, "recorded entity not found" },
  { 0x1501, "mechanical positioning error" },
  { 0x1700, "recovered data with no error correction applied" },
  { 0x1701, "recovered data with retries" },
  { 0x1800, "recovered data with error correction applied" },
  { 0x1802, "recovered data, auto-reallocated" },
  { 0x1900, "defect list error" },
  { 0x1a00, "parameter list length error" },
  { 0x1d00, "miscompare during verify" },
  { 0x1d01, "miscompare verify of unmapped LBA" },
  { 0x2000, "invalid command operation code" },
  { 0x2001, "access denied, initiator pending-enrolled" },
  { 0x2002, "access denied, no access rights" },
  { 0x2008, "access denied, enrollment conflict" },
  { 0x2009, "access denied, invalid LU identifier" },
  { 0x200b, "access denied, ACL LUN conflict" },
  { 0x2100, "logical block address out of range" },
  { 0x2102, "invalid address for write" },
  { 0x2104, "unaligned write command" },
  { 0x2105, "write boundary violation" },
  { 0x2106, "attempt to read invalid data" },
  { 0x2107, "read boundary violation" },
  { 0x2200, "illegal function" },
  { 0x2400, "invalid field in CDB" },
  { 0x2500, "logical unit not supported" },
  { 0x2600, "invalid field in parameter list" },
  { 0x2601, "parameter not supported" },
  { 0x2602, "parameter value invalid" },
  { 0x2606, "too many target descriptors" },
  { 0x2608, "too many segment descriptors" },
  { 0x2700, "write protected" },
  { 0x2701, "hardware write protected" },
  { 0x2702, "software write protected" },
  { 0x2703, "associated write protect" },
  { 0x2704, "persistent write protect" },
  { 0x2705, "permanent write protect" },
  { 0x2706, "conditional write protect" },
  { 0x2707, "space allocation failed write protect" },
  { 0x2708, "zone is read only" },
  { 0x2800, "medium may have changed" },
  { 0x2900, "power on, reset, or bus device reset occurred" },
  { 0x2901, "power on occurred" },
  { 0x2902, "SCSI bus reset occurred" },
  { 0x2903, "bus device reset function occurred" },
  { 0x2904, "device internal reset" },
  { 0x2907, "I_T nexus loss occurred" },
  { 0x2a00, "parameters changed" },
  { 0x2a01, "mode parameters changed" },
  { 0x2a02, "log parameters changed" },
  { 0x2a03, "reservations preempted" },
  { 0x2a04, "reservations released" },
  { 0x2a05, "registrations preempted" },
  { 0x2a06, "asymmetric access state changed" },
  { 0x2a07, "implicit asymmetric access state transition failed" },
  { 0x2a08, "priority changed" },
  { 0x2a09, "capacity data has changed" },
  { 0x2a10, "timestamp changed" },
  { 0x2c00, "command sequence error" },
  { 0x2c07, "previous busy status" },
  { 0x2c08, "previous task set full status" },
  { 0x2c09, "previous reservation conflict status" },
  { 0x2e00, "insufficient time for operation" },
  { 0x2e01, "command timeout before processing" },
  { 0x2e02, "command timeout during processing" },
  { 0x2f00, "commands cleared by another initiator" },
  { 0x2f01, "commands cleared by power loss notification" },
  { 0x2f02, "commands cleared by device server" },
  { 0x3000, "incompatible medium installed" },
  { 0x3001, "cannot read medium, unknown format" },
  { 0x3002, "cannot read medium, incompatible format" },
  { 0x300c, "WORM medium, overwrite attempted" },
  { 0x3010, "medium not formatted" },
  { 0x3100, "medium format corrupted" },
  { 0x3101, "format command failed" },
  { 0x3200, "no defect spare location available" },
  { 0x3802, "power management class event" },
  { 0x3807, "thin provisioning soft threshold reached" },
  { 0x3900, "saving parameters not supported" },
  { 0x3a00, "medium not present" },
  { 0x3a01, "medium not present, tray closed" },
  { 0x3a02, "medium not present, tray open" },
  { 0x3a03, "medium not present, loadable" },
  { 0x3e00, "logical unit has not self-configured yet" },
  { 0x3e01, "logical unit failure" },
  { 0x3e02, "timeout on logical unit" },
  { 0x3e03, "logical unit failed self-test" },
  { 0x3f00, "target operating conditions have changed" },
  { 0x3f01, "microcode has been changed" },
  { 0x3f02, "changed operating definition" },
  { 0x3f03, "INQUIRY data has changed" },
  { 0x3f05, "device identifier changed" },
  { 0x3f0a, "volume set created or modified" },
  { 0x3f0b, "volume set deleted" },
  { 0x3f0e, "reported LUNs data has changed" },
  { 0x3f12, "iSCSI IP address added" },
  { 0x3f13, "iSCSI IP address removed" },
  { 0x3f14, "iSCSI IP address changed" },
  { 0x4400, "internal target failure" },
  { 0x4401, "persistent reservation information lost" },
  { 0x4700, "SCSI parity error" },
  { 0x4703, "information unit iuCRC error detected" },
  { 0x4705, "protocol service CRC error" },
  { 0x477f, "some commands cleared by iSCSI protocol event" },
  { 0x4900, "invalid message error" },
  { 0x4b00, "data phase error" },
  { 0x4b02, "too much write data" },
  { 0x4b04, "NAK received" },
  { 0x4b05, "data offset error" },
  { 0x4b06, "initiator response timeout" },
  { 0x4b07, "connection lost" },
  { 0x4c00, "logical unit failed self-configuration" },
  { 0x4e00, "overlapped commands attempted" },
  { 0x5300, "media load or eject failed" },
  { 0x5302, "medium removal prevented" },
  { 0x5500, "system resource failure" },
  { 0x5501, "system buffer full" },
  { 0x5503, "insufficient resources" },
  { 0x5504, "insufficient registration resources" },
  { 0x550a, "data currently unavailable" },
  { 0x5a02, "operator selected write protect" },
  { 0x5d00, "failure prediction threshold exceeded" },
  { 0x5dff, "failure prediction threshold exceeded (false)" },
  { 0x5e00, "low power condition on" },
  { 0x6400, "illegal mode for this track" },
  { 0x6f03, "read of scrambled sector without authentication" },
};

static const char *
asc_text (uint16_t asc)
{
  size_t i;

  for (i = 0; i < sizeof asc_texts / sizeof asc_texts[0]; i++)
    if (asc_texts[i].asc == asc)
      return asc_texts[i].text;
  return NULL;
}

const char *
sense_text (const struct answer *a, char buf[SENSE_TEXT_LEN])
{
  const struct status_rule *r = find_status (a->status);
  const char *text;

  if (r)
    snprintf (buf, SENSE_TEXT_LEN, "%s", r->name);
  else if (a->status != STATUS_CHECK_CONDITION)
    snprintf (buf, SENSE_TEXT_LEN, "unknown status 0x%02x", a->status);
  else if (!a->have_sense)
    snprintf (buf, SENSE_TEXT_LEN, "CHECK CONDITION without sense data");
  else {
    text = asc_text (a->asc);
    snprintf (buf, SENSE_TEXT_LEN, "%s%s%s%s (%x/%04x)",
              a->deferred ? "deferred " : "",
              key_names[a->key & 0xf], text ? ", " : "", text ? text : "",
              a->key & 0xfu, a->asc);
  }
  return buf;
}
