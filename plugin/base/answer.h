/* SPDX-License-Identifier: BSD-3-Clause */

/* What came back for one SCSI command. */

#ifndef ISCSI_ANSWER_H
#define ISCSI_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

/* SAM-5 table 32.  Above 255: no status came, and why. */
enum status {
  STATUS_GOOD                 = 0x00,
  STATUS_CHECK_CONDITION      = 0x02,
  STATUS_CONDITION_MET        = 0x04,
  STATUS_BUSY                 = 0x08,
  STATUS_RESERVATION_CONFLICT = 0x18,
  STATUS_TASK_SET_FULL        = 0x28,
  STATUS_ACA_ACTIVE           = 0x30,
  STATUS_TASK_ABORTED         = 0x40,

  STATUS_NONE          = 0x100, /* not answered yet */
  STATUS_PROTOCOL      = 0x101, /* the target rejected the PDU or broke the
                                   protocol for this command */
  STATUS_TIMEOUT       = 0x102, /* issued several times, never answered */
  STATUS_LOST          = 0x103, /* session lost, not back in time */
  STATUS_SHUTDOWN      = 0x104, /* the server is going away */
  STATUS_SHORT_DATA    = 0x105, /* GOOD, but data are missing */
  STATUS_DROPPED       = 0x106, /* the session was lost, or there is none */
  STATUS_UNVERIFIED    = 0x107, /* not sent: nobody has made sure that this
                                   is the LUN, over this session */
};

enum residual { RESIDUAL_NONE, RESIDUAL_UNDERFLOW, RESIDUAL_OVERFLOW };

struct answer {
  unsigned status;              /* enum status, or what the target sent */
  bool have_sense;              /* the next three are valid */
  uint8_t key;                  /* sense key, SPC-5 table 51 */
  uint16_t asc;                 /* ASC in the high byte, ASCQ in the low */
  bool deferred;                /* the sense is about an earlier command; this
                                   one was not carried out */
  enum residual residual;
  uint32_t residual_count;      /* bytes */
  uint32_t received;            /* bytes of parameter data */
};

#endif /* ISCSI_ANSWER_H */
