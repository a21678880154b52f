/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cdb.h"
#include "command.h"
#include "designator.h"
#include "error.h"
#include "lun.h"
#include "parse.h"
#include "retry.h"
#include "sense.h"

/* nbdkit's .block_size takes a minimum of 64 KiB at most. */
#define MIN_BLOCK_LEN 512
#define MAX_BLOCK_LEN 65536

#define INQUIRY_LEN      96
#define CAPACITY10_LEN   8
#define CAPACITY16_LEN   32
#define MODE_SENSE_LEN   252

/* More than any page holds that is of use here.  Not a multiple of 256: a
 * device that knows only the low byte (SPC-2 and before) would take that
 * for no room at all.
 */
#define VPD_LEN          1020

/* SPC-5 table 146. */
enum device_type {
  TYPE_DISK       = 0x00,
  TYPE_CD         = 0x05,
  TYPE_OPTICAL    = 0x07,
  TYPE_CONTROLLER = 0x0c,
  TYPE_RBC        = 0x0e,
};

/* Questions that need not be answered at all. */
enum {
  ASKS_LIMITS       = 1,
  ASKS_ROTATION     = 2,
  ASKS_PROVISIONING = 4,
  ASKS_MODE         = 8,
};

/* Who is asked, and how. */
struct asker {
  const struct runner *runner;
  const struct retry_policy *policy;
  int lun;
  unsigned *unanswered;         /* of those above, what is not asked any more;
                                   NULL: all must be answered */
};

static bool
has_no_medium (const struct answer *a)
{
  return sense_has_key (a, SENSE_NOT_READY) && a->asc >> 8 == 0x3a;
}

/* Ask for at most ‘len’ bytes of parameter data; ‘ms’ is cmd->timeout_ms. */
static struct decision
ask_for (const struct asker *a, struct command *cmd, uint8_t *buf,
         uint32_t len, unsigned ms)
{
  cmd->direction = DATA_IN;
  cmd->niov = 0;
  cmd->param = buf;
  cmd->len = len;
  cmd->timeout_ms = ms;
  cmd->to_be_written = false;
  cmd->answer = (struct answer) { .status = STATUS_NONE };
  retry_run (a->runner, a->policy, cmd, 1);
  return sense_decide (&cmd->answer);
}

static struct decision
ask (const struct asker *a, struct command *cmd, uint8_t *buf, uint32_t len)
{
  return ask_for (a, cmd, buf, len, 0);
}

static int
no_such_lun (const struct asker *a, struct error *err)
{
  return error_set (err, ENXIO,
                    "there is no LUN %d on this target: "
                    "without it in the URL \"nbdinfo --list\" shows those "
                    "that it has",
                    a->lun);
}

/* The sentence for a question that had to be answered and was not. */
static int
failed (const struct asker *a, const char *question,
        const struct answer *answer, const struct decision *d,
        struct error *err)
{
  char text[SENSE_TEXT_LEN];

  if (sense_lun_gone (answer))
    return no_such_lun (a, err);
  if (has_no_medium (answer))
    return error_set (err, ENOMEDIUM,
                      "LUN %d has no medium: "
                      "insert one, or bring it online on the target", a->lun);
  if (answer->status >= STATUS_NONE)
    return error_set (err, d->err, "LUN %d: %s failed: %s", a->lun, question,
                      d->reason);
  return error_set (err, d->err,
                    "LUN %d: %s failed: %s; the target said %s",
                    a->lun, question, d->reason, sense_text (answer, text));
}

/* Eat the UNIT ATTENTIONs that follow a login or a reset (SAM-5 section 5.14),
 * and wait for a LUN that is becoming ready.  What else is wrong is left for
 * the questions that follow.
 */
static int
wait_ready (const struct asker *a, struct error *err)
{
  struct command cmd = { .direction = DATA_NONE };
  char text[SENSE_TEXT_LEN];
  struct decision d;

  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  retry_run (a->runner, a->policy, &cmd, 1);
  d = sense_decide (&cmd.answer);

  if (cmd.answer.status >= STATUS_NONE || sense_lun_gone (&cmd.answer) ||
      has_no_medium (&cmd.answer))
    return failed (a, "TEST UNIT READY", &cmd.answer, &d, err);
  if (d.verdict == VERDICT_RETRY_LATER || d.verdict == VERDICT_RETRY_NOW)
    return error_set (err, EBUSY, "LUN %d is not ready: %s", a->lun,
                      sense_text (&cmd.answer, text));
  return 0;
}

/* A question that has no answer, where another one has, is not known. */
static bool
is_mute (const struct asker *a, unsigned what, const struct command *cmd)
{
  struct error why;

  if (a->unanswered == NULL || cmd->answer.status != STATUS_TIMEOUT)
    return false;
  *a->unanswered |= what;
  return wait_ready (a, &why) == 0;
}

/* Ask what need not be answered.  1: *len bytes came; 0: it was refused, or,
 * now or before, not answered in time; -1: there is nobody to ask any more,
 * and going on would only add up timeouts.
 */
static int
ask_if_told (const struct asker *a, unsigned what, const char *question,
             struct command *cmd, uint8_t *buf, uint32_t *len,
             struct error *err)
{
  const unsigned ms = a->unanswered ? a->policy->timeout_ms / 2 : 0;
  struct decision d;

  if (a->unanswered && *a->unanswered & what)
    return 0;
  d = ask_for (a, cmd, buf, *len, ms);
  if (d.verdict == VERDICT_OK) {
    *len = cmd->answer.received;
    return 1;
  }
  if (is_mute (a, what, cmd))
    return 0;
  /* All the time there was is over: what is asked next would time out, and
   * that would be told instead.
   */
  if (d.verdict == VERDICT_RETRY_LATER)
    return failed (a, question, &cmd->answer, &d, err);
  switch (cmd->answer.status) {
  case STATUS_NONE:
  case STATUS_TIMEOUT:
  case STATUS_LOST:
  case STATUS_DROPPED:
  case STATUS_SHUTDOWN:
    return failed (a, question, &cmd->answer, &d, err);
  default:
    return 0;
  }
}

static const char *
type_name (uint8_t device_type)
{
  switch (device_type) {
  case 0x01: return "a tape drive";
  case 0x02: return "a printer";
  case 0x03: return "a processor device";
  case 0x04: return "a write-once disk";
  case 0x06: return "a scanner";
  case 0x08: return "a medium changer";
  case 0x09: return "a communications device";
  case TYPE_CONTROLLER: return "a storage array controller";
  case 0x0d: return "an enclosure services device";
  case 0x11: return "an object storage device";
  case 0x12: return "a bridge controller";
  case 0x14: return "a host managed zoned disk";
  case 0x1e: return "a well known logical unit";
  default:   return "a device of an unknown type";
  }
}

bool
lun_serves_type (unsigned device_type)
{
  switch (device_type) {
  case TYPE_DISK: case TYPE_CD: case TYPE_OPTICAL: case TYPE_RBC:
    return true;
  }
  return false;
}

/* Is there something that has blocks?  SPC-5 6.6.2, tables 145 and 146. */
static int
check_type (const struct asker *a, const struct inquiry *inq,
            struct error *err)
{
  if (inq->qualifier == 3)
    return no_such_lun (a, err);
  if (inq->qualifier != 0)
    return error_set (err, ENODEV,
                      "LUN %d exists, but no device is connected to it "
                      "(peripheral qualifier %u)", a->lun, inq->qualifier);

  if (lun_serves_type (inq->device_type))
    return 0;
  if (inq->device_type == TYPE_CONTROLLER && a->lun == 0)
    return error_set (err, ENODEV,
                      "LUN 0 of this target is %s, not a disk: "
                      "try LUN 1, or leave the LUN out of the URL, then "
                      "\"nbdinfo --list\" shows the disks",
                      type_name (inq->device_type));
  return error_set (err, ENODEV,
                    "LUN %d of this target is %s (peripheral type 0x%02x), "
                    "not a disk: without it in the URL \"nbdinfo --list\" "
                    "shows the disks", a->lun, type_name (inq->device_type),
                    inq->device_type);
}

static int
probe_inquiry (const struct asker *a, struct inquiry *inq, struct error *err)
{
  uint8_t buf[INQUIRY_LEN];
  struct command cmd;
  struct decision d;

  cmd.cdb_len = cdb_inquiry (cmd.cdb, sizeof buf);
  d = ask (a, &cmd, buf, sizeof buf);
  if (d.verdict != VERDICT_OK)
    return failed (a, "INQUIRY", &cmd.answer, &d, err);
  if (parse_inquiry (buf, cmd.answer.received, inq) == -1)
    return error_set (err, EPROTO,
                      "LUN %d: INQUIRY was answered with only %" PRIu32
                      " bytes", a->lun, cmd.answer.received);
  return check_type (a, inq, err);
}

/* As ask_if_told. */
static int
ask_vpd (const struct asker *a, unsigned what, uint8_t page, uint8_t *buf,
         uint32_t *len, struct error *err)
{
  struct command cmd;

  *len = VPD_LEN;
  cmd.cdb_len = cdb_inquiry_vpd (cmd.cdb, page, VPD_LEN);
  return ask_if_told (a, what, "INQUIRY of a VPD page", &cmd, buf, len, err);
}

/* Is this standard INQUIRY data, from a device that knows no VPD and so takes
 * no notice of the EVPD bit?
 */
static bool
is_inquiry (const struct asker *a, const uint8_t *data, uint32_t len)
{
  uint8_t buf[INQUIRY_LEN];
  struct command cmd;
  uint32_t n;

  cmd.cdb_len = cdb_inquiry (cmd.cdb, sizeof buf);
  if (ask (a, &cmd, buf, sizeof buf).verdict != VERDICT_OK)
    return false;
  n = cmd.answer.received < len ? cmd.answer.received : len;
  return n >= 5 && memcmp (buf, data, n) == 0;
}

/* A page that tells which LUN it is, or which pages there are.  1: the whole
 * page came, 0: the LUN says that it has none.  What else happens may pass, and
 * a LUN without an identity would be served, for which another one could be
 * taken later: -1 with a sentence; EPROTO: it was no such page that came.
 */
static int
ask_identity_page (const struct asker *a, uint8_t page, uint8_t *buf,
                   uint32_t *len, struct error *err)
{
  struct command cmd;
  struct decision d;

  cmd.cdb_len = cdb_inquiry_vpd (cmd.cdb, page, VPD_LEN);
  d = ask (a, &cmd, buf, VPD_LEN);
  *len = cmd.answer.received;
  if (d.verdict == VERDICT_UNSUPPORTED)
    return 0;
  if (d.verdict != VERDICT_OK)
    return failed (a, "asking for its identity", &cmd.answer, &d, err);
  if (parse_vpd_is_whole (buf, *len, VPD_LEN, page))
    return 1;
  if (is_inquiry (a, buf, *len))
    return 0;
  return error_set (err, EPROTO,
                    "LUN %d does not tell which one it is: VPD page 0x%02x "
                    "came cut short, or another page (%" PRIu32 " bytes): "
                    "look at the target's log, and try again", a->lun, page,
                    *len);
}

/* As ask_identity_page: which pages are there? */
static int
ask_pages (const struct asker *a, struct vpd_pages *pages, struct error *err)
{
  uint8_t buf[VPD_LEN];
  uint32_t len;
  int r = ask_identity_page (a, VPD_PAGES, buf, &len, err);

  return r == 1 && parse_vpd_pages (buf, len, pages) == -1 ? 0 : r;
}

/* As ask_identity_page, without asking first which pages there are: one
 * question, for most LUNs, and not two.  Some targets answer with nonsense for
 * pages that they do not list.
 */
static int
ask_identity_at_once (const struct asker *a, uint8_t page, uint8_t *buf,
                      uint32_t *len, struct error *err)
{
  struct vpd_pages pages;
  struct error why;
  int r = ask_identity_page (a, page, buf, len, err);

  if (r != -1 || err->err != EPROTO)
    return r;
  r = ask_pages (a, &pages, &why);
  return r == -1 || (r == 1 && vpd_has (&pages, page)) ? -1 : 0;
}

static int
parse_identity (uint8_t page, const uint8_t *buf, uint32_t len,
                struct identity *out)
{
  return page == VPD_DESIGNATORS ?
    parse_vpd_83 (buf, len, out) : parse_vpd_80 (buf, len, out);
}

/* The strongest identity that the LUN gives; ‘pages’ are those that it has,
 * NULL: not known.
 */
static int
probe_identity (const struct asker *a, const struct vpd_pages *pages,
                struct lun_facts *f, struct error *err)
{
  static const uint8_t wanted[] = { VPD_DESIGNATORS, VPD_SERIAL };
  uint8_t buf[VPD_LEN];
  uint32_t len;
  size_t i;
  int r;

  for (i = 0; i < sizeof wanted && f->identity_page == 0; ++i) {
    if (pages && !vpd_has (pages, wanted[i]))
      continue;
    r = pages ? ask_identity_page (a, wanted[i], buf, &len, err) :
      ask_identity_at_once (a, wanted[i], buf, &len, err);
    if (r == -1)
      return -1;
    if (r == 1 && parse_identity (wanted[i], buf, len, &f->identity) == 0 &&
        f->identity.len > 0)
      f->identity_page = wanted[i];
  }
  return 0;
}

/* A page that makes no sense leaves the facts as if it were not there. */
static void
take_page (struct lun_facts *f, uint8_t page,
           const uint8_t *buf, uint32_t len)
{
  switch (page) {
  case VPD_LIMITS:
    if (parse_vpd_b0 (buf, len, &f->limits) == 0)
      f->provisioning.lbpu = f->limits.max_unmap_lbas > 0;
    break;
  case VPD_ROTATION:
    parse_vpd_b1 (buf, len, &f->rotation_rate);
    break;
  case VPD_PROVISIONING:
    parse_vpd_b2 (buf, len, &f->provisioning);
    break;
  }
}

/* Only pages that are listed: some targets answer others with nonsense.  A
 * thin LUN without page B2 (SBC-3 drafts) has UNMAP if page B0 limits it,
 * and WRITE SAME with UNMAP else: both are learnt by trying.
 */
static int
probe_pages (const struct asker *a, struct lun_facts *f, struct error *err)
{
  static const struct { uint8_t page; unsigned what; } wanted[] = {
    { VPD_LIMITS, ASKS_LIMITS },
    { VPD_ROTATION, ASKS_ROTATION },
    { VPD_PROVISIONING, ASKS_PROVISIONING },
  };
  uint8_t buf[VPD_LEN];
  struct vpd_pages pages;
  uint32_t len;
  size_t i;
  int r;

  f->provisioning.lbpws = true;

  r = ask_pages (a, &pages, err);
  if (r <= 0)
    return r;
  if (probe_identity (a, &pages, f, err) == -1)
    return -1;

  for (i = 0; i < sizeof wanted / sizeof wanted[0]; ++i) {
    if (!vpd_has (&pages, wanted[i].page))
      continue;
    r = ask_vpd (a, wanted[i].what, wanted[i].page, buf, &len, err);
    if (r == -1)
      return -1;
    if (r == 1)
      take_page (f, wanted[i].page, buf, len);
  }
  return 0;
}

/* The caching page, else any page: the write protection is in the header
 * of both.  A LUN that tells neither may still be writable: its first
 * answer to a write tells.
 */
static int
probe_mode (const struct asker *a, struct mode *mode, struct error *err)
{
  static const uint8_t pages[] = { 0x08, 0x3f };
  uint8_t buf[MODE_SENSE_LEN];
  struct command cmd;
  uint32_t len;
  unsigned i;
  bool ten;
  int r;

  for (i = 0; i < 4; ++i) {
    ten = i >= 2;
    cmd.cdb_len = ten ?
      cdb_mode_sense10 (cmd.cdb, pages[i % 2], sizeof buf) :
      cdb_mode_sense6 (cmd.cdb, pages[i % 2], sizeof buf);
    len = sizeof buf;
    r = ask_if_told (a, ASKS_MODE, "MODE SENSE", &cmd, buf, &len, err);
    if (r == -1)
      return -1;
    if (r == 1 && (ten ? parse_mode_sense10 (buf, len, mode) :
                   parse_mode_sense6 (buf, len, mode)) == 0)
      return 0;
  }
  return 0;
}

/* Nothing but a size that is sure is served. */
static int
check_capacity (const struct asker *a, const struct capacity *cap,
                uint64_t *size, struct error *err)
{
  const uint32_t len = cap->block_len;

  if (len == 0)
    return error_set (err, EINVAL,
                      "LUN %d has no capacity: its blocks are 0 bytes long",
                      a->lun);
  if (len < MIN_BLOCK_LEN || (len & (len - 1)) != 0)
    return error_set (err, EINVAL,
                      "LUN %d has blocks of %" PRIu32 " bytes, which is not "
                      "a power of two from %d on: format it to 512 or 4096",
                      a->lun, len, MIN_BLOCK_LEN);
  if (len > MAX_BLOCK_LEN)
    return error_set (err, EINVAL,
                      "LUN %d has blocks of %" PRIu32 " bytes: "
                      "at most %d can be served", a->lun, len, MAX_BLOCK_LEN);
  if (cap->last_lba == UINT64_MAX)
    return error_set (err, EINVAL,
                      "LUN %d says that its last block is 2^64-1, "
                      "which cannot be", a->lun);
  if (cap->last_lba >= (uint64_t) INT64_MAX / len)
    return error_set (err, EINVAL,
                      "LUN %d says that it has %" PRIu64 " blocks of "
                      "%" PRIu32 " bytes: more than 2^63-1 bytes cannot "
                      "be served", a->lun, cap->last_lba + 1, len);
  *size = (cap->last_lba + 1) * len;
  return 0;
}

/* As ask_if_told; 1: *cap is filled in. */
static int
ask_capacity (const struct asker *a, bool sixteen, struct capacity *cap,
              struct error *err)
{
  const char *question =
    sixteen ? "READ CAPACITY (16)" : "READ CAPACITY (10)";
  uint8_t buf[CAPACITY16_LEN];
  struct command cmd;
  struct decision d;

  cmd.cdb_len = sixteen ? cdb_read_capacity16 (cmd.cdb, CAPACITY16_LEN) :
    cdb_read_capacity10 (cmd.cdb);
  d = ask (a, &cmd, buf, sixteen ? CAPACITY16_LEN : CAPACITY10_LEN);

  switch (d.verdict) {
  case VERDICT_OK:
    return (sixteen ? parse_capacity16 (buf, cmd.answer.received, cap) :
            parse_capacity10 (buf, cmd.answer.received, cap)) == 0;
  case VERDICT_UNSUPPORTED:
    return 0;
  default:
    return failed (a, question, &cmd.answer, &d, err);
  }
}

/* (16) decides where it is answered: only it tells whether the LUN is thin.
 * Where it is refused (10) stands, unless it said "ask (16)" (SBC-4
 * 5.20.2).  Anything but a refusal (a UNIT ATTENTION, a BUSY) is an error: it
 * passes, and a size that was guessed meanwhile would stay.
 */
static int
read_capacity (const struct asker *a, struct capacity *cap, uint64_t *size,
               bool *refused16, struct error *err)
{
  int r10, r16;

  r10 = ask_capacity (a, false, cap, err);
  if (r10 == -1)
    return -1;
  r16 = ask_capacity (a, true, cap, err);
  if (r16 == -1)
    return -1;

  *refused16 = r16 == 0;
  if (r16 == 0 && r10 == 0)
    return error_set (err, EIO,
                      "LUN %d does not tell its size: READ CAPACITY (10) and "
                      "(16) are refused or cut short", a->lun);
  if (r16 == 0 && cap->last_lba == UINT32_MAX)
    return error_set (err, EIO,
                      "LUN %d has more blocks than READ CAPACITY (10) can "
                      "tell, and READ CAPACITY (16) is refused or cut short",
                      a->lun);
  return check_capacity (a, cap, size, err);
}

/* In a sentence. */
#define MAX_LUNS_NAMED 16

void
lun_name_others (const struct runner *r, const struct retry_policy *p,
                 int lun, struct error *err)
{
  const struct asker a = { r, p, lun, NULL };
  uint8_t buf[8 + 8 * MAX_LUNS_NAMED];
  struct lun_address luns[MAX_LUNS_NAMED];
  char names[6 * MAX_LUNS_NAMED + 8] = "";
  struct command cmd;
  size_t i, n, skipped, at = 0;

  cmd.cdb_len = cdb_report_luns (cmd.cdb, sizeof buf);
  if (ask (&a, &cmd, buf, sizeof buf).verdict != VERDICT_OK)
    return;
  n = parse_report_luns (buf, cmd.answer.received, luns, MAX_LUNS_NAMED,
                         &skipped);
  for (i = 0; i < n; ++i)
    at += (size_t) snprintf (names + at, sizeof names - at, "%s%d",
                             i > 0 ? ", " : "", luns[i].lun);
  if (n == 0)
    return;
  if (n == MAX_LUNS_NAMED)
    snprintf (names + at, sizeof names - at, "...");
  error_set (err, ENXIO, "there is no LUN %d in this target, which has LUN "
             "%s: check its number", lun, names);
}

int
lun_mode (const struct runner *r, const struct retry_policy *p,
          int lun, struct mode *mode, struct error *err)
{
  const struct asker a = { r, p, lun, NULL };

  return probe_mode (&a, mode, err);
}

int
lun_probe (const struct runner *r, const struct retry_policy *p,
           int lun, unsigned unanswered, struct lun_facts *facts,
           struct error *err)
{
  struct lun_facts *f = facts;
  const struct asker a = { r, p, lun, &f->unanswered };
  bool refused16, cd;

  memset (f, 0, sizeof *f);
  f->unanswered = unanswered;
  if (wait_ready (&a, err) == -1 ||
      probe_inquiry (&a, &f->inquiry, err) == -1 ||
      probe_pages (&a, f, err) == -1 ||
      probe_mode (&a, &f->mode, err) == -1 ||
      read_capacity (&a, &f->capacity, &f->size, &refused16, err) == -1)
    return -1;

  cd = f->inquiry.device_type == TYPE_CD;
  f->thin = f->capacity.lbpme;
  f->reads_zeroes = f->thin && f->capacity.lbprz;
  if (!f->thin)
    f->provisioning = (struct provisioning) { .lbpu = false };
  f->read_only = cd || f->mode.wp;
  /* MMC has READ (10) only; so has, most likely, what has no (16) here. */
  f->cdb10 = (cd || refused16) && f->capacity.last_lba <= UINT32_MAX;
  return 0;
}

/* (10), unless it is refused or says "ask (16)". */
static int
glance_capacity (const struct asker *a, struct lun_facts *f,
                 struct error *err)
{
  bool refused16;
  int r = ask_capacity (a, false, &f->capacity, err);

  if (r == -1)
    return -1;
  if (r == 1 && f->capacity.last_lba != UINT32_MAX)
    return check_capacity (a, &f->capacity, &f->size, err);
  return read_capacity (a, &f->capacity, &f->size, &refused16, err);
}

int
lun_glance (const struct runner *r, const struct retry_policy *p,
            int lun, struct lun_facts *facts, struct error *err)
{
  struct lun_facts *f = facts;
  const struct asker a = { r, p, lun, &f->unanswered };
  bool cd;

  memset (f, 0, sizeof *f);
  if (probe_inquiry (&a, &f->inquiry, err) == -1 ||
      glance_capacity (&a, f, err) == -1 ||
      probe_identity (&a, NULL, f, err) == -1)
    return -1;
  cd = f->inquiry.device_type == TYPE_CD;
  if (!cd && probe_mode (&a, &f->mode, err) == -1)
    return -1;
  f->read_only = cd || f->mode.wp;
  return 0;
}

int
lun_has_designator (const struct runner *r, const struct retry_policy *p,
                    int lun, const char *text, struct error *err)
{
  const struct asker a = { r, p, lun, NULL };
  uint8_t buf[VPD_LEN];
  uint32_t len;
  int n = ask_identity_at_once (&a, designator_page (text), buf, &len, err);

  if (n == -1 && err->err == ENXIO)
    return 0;
  return n == 1 ? designator_in_page (buf, len, text) : n;
}

int
lun_designators (const struct runner *r, const struct retry_policy *p,
                 int lun, void (*fn) (void *opaque, const char *text),
                 void *opaque, struct error *err)
{
  static const uint8_t pages[] = { VPD_DESIGNATORS, VPD_SERIAL };
  const struct asker a = { r, p, lun, NULL };
  char text[DESIGNATOR_LEN];
  uint8_t buf[VPD_LEN];
  uint32_t len;
  size_t i, at;
  int n;

  for (i = 0; i < sizeof pages; ++i) {
    n = ask_vpd (&a, 0, pages[i], buf, &len, err);
    if (n == -1)
      return -1;
    for (at = 0; n == 1 && designator_next (pages[i], buf, len, &at, text); )
      fn (opaque, text);
  }
  return 0;
}

/* A LUN that nobody uses any more is forgotten, and may then be another one. */
#define USE_IT "to use it, disconnect its clients or, where the URL names " \
  "the LUN, restart the server"

int
lun_compare (int lun, const struct lun_facts *before,
             const struct lun_facts *now, struct error *err)
{
  if (before->identity_page != 0 &&
      (now->identity_page != before->identity_page ||
       now->identity.len != before->identity.len ||
       memcmp (now->identity.bytes, before->identity.bytes,
               now->identity.len) != 0))
    return error_set (err, ENODEV,
                      "LUN %d is another one now: VPD page 0x%02x does not "
                      "give the identity that it had: " USE_IT, lun,
                      before->identity_page);
  if (before->identity_page == 0 && now->identity_page != 0)
    return error_set (err, ENODEV,
                      "LUN %d gives an identity now, and gave none before: it "
                      "may be another one: " USE_IT, lun);
  if (now->capacity.block_len != before->capacity.block_len)
    return error_set (err, ENODEV,
                      "LUN %d is another one now: its blocks are %" PRIu32
                      " bytes long, and were %" PRIu32 ": " USE_IT,
                      lun, now->capacity.block_len,
                      before->capacity.block_len);
  if (now->size < before->size && before->identity_page == 0)
    return error_set (err, ENODEV,
                      "LUN %d shrank from %" PRIu64 " to %" PRIu64 " bytes",
                      lun, before->size, now->size);
  return 0;
}

/* The identity that the LUN gives now, if any: that of the page that gave the
 * one before, or where none did, as when it was opened.
 */
static int
ask_identity (const struct asker *a, uint8_t page, struct lun_facts *f,
              struct error *err)
{
  struct vpd_pages pages;
  uint8_t buf[VPD_LEN];
  uint32_t len;
  int r;

  if (page == 0) {
    r = ask_pages (a, &pages, err);
    return r == 1 ? probe_identity (a, &pages, f, err) : r;
  }
  r = ask_identity_page (a, page, buf, &len, err);
  if (r == 0)
    return error_set (err, EIO, "LUN %d does not tell which one it is any "
                      "more: it refuses VPD page 0x%02x: look at the target's "
                      "log", a->lun, page);
  if (r == 1 && parse_identity (page, buf, len, &f->identity) == 0)
    f->identity_page = page;
  return r == 1 ? 0 : -1;
}

int
lun_verify (const struct runner *r, const struct retry_policy *p,
            int lun, const struct lun_facts *facts, struct error *err)
{
  const struct asker a = { r, p, lun, NULL };
  struct lun_facts now = { .identity_page = 0 };
  bool refused16;

  if (wait_ready (&a, err) == -1 ||
      ask_identity (&a, facts->identity_page, &now, err) == -1 ||
      read_capacity (&a, &now.capacity, &now.size, &refused16, err) == -1)
    return -1;
  return lun_compare (lun, facts, &now, err);
}

int
lun_identify (const struct runner *r, const struct retry_policy *p,
              int lun, const struct lun_facts *facts, struct error *err)
{
  const struct asker a = { r, p, lun, NULL };
  struct lun_facts now = *facts;

  now.identity_page = 0;
  if (ask_identity (&a, facts->identity_page, &now, err) == -1)
    return -1;
  return lun_compare (lun, facts, &now, err);
}
