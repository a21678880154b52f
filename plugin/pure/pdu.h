/* SPDX-License-Identifier: BSD-3-Clause */

/* The headers of what a target sends (RFC 7143 section 11): bytes in, verdict
 * out.  What libiscsi would do with a PDU is not asked here, but whether the
 * protocol allows the PDU at this moment.
 */

#ifndef ISCSI_PDU_H
#define ISCSI_PDU_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

/* The basic header segment, section 11.2.1. */
#define BHS_SIZE 48

/* What we let a target send in one data segment: libiscsi's
 * MaxRecvDataSegmentLength.  Few kinds of PDU need as much.
 */
#define MAX_DATA_SEGMENT  262144
#define MAX_SMALL_SEGMENT  65536

#define NO_TAG UINT32_C (0xffffffff)

enum opcode {
  PDU_SCSI_COMMAND    = 0x01,   /* ours */
  PDU_DATA_OUT        = 0x05,   /* ours */

  PDU_NOP_IN          = 0x20,
  PDU_SCSI_RESPONSE   = 0x21,
  PDU_TASK_RESPONSE   = 0x22,
  PDU_LOGIN_RESPONSE  = 0x23,
  PDU_TEXT_RESPONSE   = 0x24,
  PDU_DATA_IN         = 0x25,
  PDU_LOGOUT_RESPONSE = 0x26,
  PDU_R2T             = 0x31,
  PDU_ASYNC           = 0x32,
  PDU_REJECT          = 0x3f,
};

struct pdu {
  unsigned opcode;
  bool has_status;              /* ends a command: Data-In with the S bit, or
                                   SCSI Response */
  uint8_t reason;               /* byte 2: response, or reason of a Reject */
  uint8_t status;               /* byte 3 */
  uint8_t event;                /* of an asynchronous message */
  uint8_t ahs;                  /* additional headers, in words of 4 bytes */
  uint32_t data_length;         /* of the data segment, without padding */
  uint32_t itt, ttt;            /* initiator's, target's task tag */
  uint32_t offset;              /* of Data-In, R2T */
  uint32_t wanted;              /* by R2T, bytes */
};

extern void pdu_parse (const uint8_t bhs[BHS_SIZE], struct pdu *pdu);

/* What there is on the wire behind the header of a PDU, bytes: the data
 * segment with its padding and, where there is one, its digest.
 */
extern uint32_t pdu_rest (uint32_t data_length, bool data_digest);

/* Logging in, a discovery session, a session that carries commands. */
enum pdu_phase { PHASE_LOGIN, PHASE_DISCOVERY, PHASE_FULL };

/* May a PDU that begins with this byte come? */
extern bool pdu_is_expected (uint8_t first_byte, enum pdu_phase phase);

/* May this PDU come?  ‘cmd’ is the command under way that has its tag, NULL if
 * none has.  NULL: yes, and what it moves is counted in cmd->moved, r2ts and
 * holes, and how it ended is in status and failed; cmd->sent and r2ts must be
 * right.  Else a sentence: the session must be closed before anything is done
 * about the PDU.
 */
extern const char *pdu_judge (const struct pdu *pdu, enum pdu_phase phase,
                              struct command *cmd);

/* Must something be sent because of it?  A target that does not read could
 * make us queue answers without end.
 */
extern bool pdu_wants_answer (const struct pdu *pdu);

#endif /* ISCSI_PDU_H */
