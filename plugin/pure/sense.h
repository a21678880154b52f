/* SPDX-License-Identifier: BSD-3-Clause */

/* What a SCSI answer means: retry now, retry later, give up with an errno
 * and a sentence.  Pure.
 */

#ifndef ISCSI_SENSE_H
#define ISCSI_SENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

/* Sense keys, SPC-5 table 51. */
enum sense_key {
  SENSE_NO_SENSE        = 0x0,
  SENSE_RECOVERED_ERROR = 0x1,
  SENSE_NOT_READY       = 0x2,
  SENSE_MEDIUM_ERROR    = 0x3,
  SENSE_HARDWARE_ERROR  = 0x4,
  SENSE_ILLEGAL_REQUEST = 0x5,
  SENSE_UNIT_ATTENTION  = 0x6,
  SENSE_DATA_PROTECT    = 0x7,
  SENSE_BLANK_CHECK     = 0x8,
  SENSE_COPY_ABORTED    = 0xa,
  SENSE_ABORTED_COMMAND = 0xb,
  SENSE_MISCOMPARE      = 0xe,
};

enum verdict {
  VERDICT_OK,                   /* done; the residual is still to be checked */
  VERDICT_RETRY_NOW,            /* issue it again at once (bounded) */
  VERDICT_RETRY_LATER,          /* again after a growing delay, until the
                                   command's deadline */
  VERDICT_UNSUPPORTED,          /* 5/20xx, 5/24xx, 5/26xx...: the command or
                                   a bit of it is not implemented: the caller
                                   has a fallback */
  VERDICT_FAIL,
};

struct decision {
  enum verdict verdict;
  int err;                      /* EIO, EPERM, ENOSPC, ENOMEM, ESHUTDOWN or,
                                   unsupported, EIO; valid unless OK: what
                                   the client gets when it ends here */
  const char *reason;           /* static: what it means and what to do, to
                                   complete "read of ... failed: %s" */
};

/* Decide about an answer.  GOOD and RECOVERED ERROR are OK; a deferred
 * RECOVERED ERROR is not, as this command was not carried out.  CONDITION MET
 * is not, either: it is success of PRE-FETCH and SEARCH DATA alone (SAM-5
 * 5.3.1).
 */
extern struct decision sense_decide (const struct answer *a);

/* Is it a CHECK CONDITION with this sense key? */
extern bool sense_has_key (const struct answer *a, enum sense_key key);

/* The LUN may be another one, or reset; the command was not carried out: a
 * UNIT ATTENTION of power on or reset, changed INQUIRY data, identifier or
 * LUN inventory.
 */
extern bool sense_lun_changed (const struct answer *a);

/* There is no such LUN any more. */
extern bool sense_lun_gone (const struct answer *a);

/* Decode sense data, fixed (70h, 71h) or descriptor (72h, 73h) format
 * (SPC-5 4.4), into a->have_sense, key, asc and deferred.  ‘data’ starts at
 * the response code.  Data too short to hold key and ASC leave have_sense
 * false.
 */
extern void sense_parse (const uint8_t *data, size_t len, struct answer *a);

/* Write "NOT READY, medium not present (2/3a00)" or "BUSY" for messages.
 * Returns buf.
 */
#define SENSE_TEXT_LEN 160
extern const char *sense_text (const struct answer *a,
                               char buf[SENSE_TEXT_LEN]);

/* What became of an earlier write (a deferred error), as key << 16 | ASC and
 * ASCQ; 0: the answer tells of none.
 */
extern unsigned sense_lost_write (const struct answer *a);

#endif /* ISCSI_SENSE_H */
