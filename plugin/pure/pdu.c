/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stddef.h>

#include "bytes.h"
#include "pdu.h"

/* Asynchronous messages, RFC 7143 section 11.9.1. */
enum {
  EVENT_LOGOUT      = 1,
  EVENT_RENEGOTIATE = 4,
};

/* Reject: waiting for logout, section 11.17.1. */
#define REASON_WAITING_FOR_LOGOUT 0x0c

void
pdu_parse (const uint8_t bhs[BHS_SIZE], struct pdu *pdu)
{
  const unsigned opcode = bhs[0] & 0x3f;

  *pdu = (struct pdu) {
    .opcode = opcode,
    .has_status = opcode == PDU_SCSI_RESPONSE ||
                  (opcode == PDU_DATA_IN && (bhs[1] & 0x01)),
    .reason = bhs[2],
    .status = bhs[3],
    .event = bhs[36],
    .ahs = bhs[4],
    .data_length = get_be32 (&bhs[4]) & 0xffffff,
    .itt = get_be32 (&bhs[16]),
    .ttt = get_be32 (&bhs[20]),
    .offset = get_be32 (&bhs[40]),
    .wanted = get_be32 (&bhs[44]),
  };
}

uint32_t
pdu_rest (uint32_t data_length, bool data_digest)
{
  return data_length + (-data_length & 3) +
    (data_digest && data_length > 0 ? 4 : 0);
}

bool
pdu_is_expected (uint8_t first_byte, enum pdu_phase phase)
{
  switch (first_byte & 0x3f) {
  case PDU_REJECT:
    return true;
  case PDU_NOP_IN: case PDU_ASYNC: /* not before, section 4.2.3 */
    return phase != PHASE_LOGIN;
  case PDU_LOGIN_RESPONSE:
    return phase == PHASE_LOGIN;
  case PDU_TEXT_RESPONSE:
    return phase == PHASE_DISCOVERY;
  case PDU_LOGOUT_RESPONSE:
    return phase != PHASE_LOGIN;
  case PDU_SCSI_RESPONSE: case PDU_TASK_RESPONSE: case PDU_DATA_IN:
  case PDU_R2T:
    return phase == PHASE_FULL;
  }
  return false;
}

static uint32_t
max_length (const struct pdu *pdu)
{
  switch (pdu->opcode) {
  case PDU_DATA_IN: case PDU_TEXT_RESPONSE:
    return MAX_DATA_SEGMENT;
  case PDU_R2T:
    return 0;
  }
  return MAX_SMALL_SEGMENT;
}

/* Section 11.7.  We negotiate that data come in order, so what is left out
 * never comes.  That is for the answer to tell: only what libiscsi would put
 * in a wrong place ends the session.
 */
static const char *
judge_data_in (const struct pdu *pdu, struct command *cmd)
{
  if (cmd->direction != DATA_IN)
    return "it sent data for a command that reads none";
  if (pdu->offset > cmd->len || pdu->data_length > cmd->len - pdu->offset)
    return "it sent more data than a command had asked for";
  if (pdu->data_length == 0)
    return NULL;
  if (pdu->offset < cmd->moved)
    return "it sent data of a command twice";
  if (pdu->offset > cmd->moved)
    cmd->holes = true;
  cmd->moved = pdu->offset + pdu->data_length;
  return NULL;
}

/* We negotiate one at a time (MaxOutstandingR2T, section 13.17).  A target
 * that takes that less seriously may have some more, but not one for each
 * byte, of which libiscsi would make a queue that it walks along each time.
 */
#define MAX_R2TS 16

/* Section 11.8. */
static const char *
judge_r2t (const struct pdu *pdu, struct command *cmd)
{
  if (cmd->direction != DATA_OUT)
    return "it asked for data of a command that writes none";
  if (pdu->ttt == NO_TAG || pdu->wanted == 0)
    return "it asked for data without saying which";
  if (pdu->offset > cmd->len || pdu->wanted > cmd->len - pdu->offset ||
      pdu->wanted > cmd->len - cmd->moved)
    return "it asked for more data than a command writes";
  if (cmd->r2ts == MAX_R2TS)
    return "it asked for data in too many pieces at once";
  cmd->r2ts++;
  cmd->moved += pdu->wanted;
  return NULL;
}

static const char *
judge_task (const struct pdu *pdu, struct command *cmd)
{
  if (cmd == NULL)
    return "it answered a command that is not under way";
  switch (pdu->opcode) {
  case PDU_DATA_IN:
    return judge_data_in (pdu, cmd);
  case PDU_R2T:
    return judge_r2t (pdu, cmd);
  }
  /* SCSI Response, section 11.4.3: any other response than "command completed
   * at target" is a failure, and there is no status.
   */
  if (pdu->reason != 0)
    cmd->failed = true;
  /* A target cannot have done a write of which it does not have all data. */
  if (cmd->direction == DATA_OUT && cmd->sent < cmd->len)
    cmd->holes = true;
  cmd->status = pdu->status;
  return NULL;
}

const char *
pdu_judge (const struct pdu *pdu, enum pdu_phase phase, struct command *cmd)
{
  if (!pdu_is_expected ((uint8_t) pdu->opcode, phase))
    return phase == PHASE_LOGIN ?
      "what it sent is no answer to a login: is this an iSCSI portal" :
      "it sent what does not belong into this session";
  if (pdu->ahs != 0)
    return "it sent a header that is too long";
  if (pdu->data_length > max_length (pdu))
    return phase == PHASE_LOGIN ? "its answer to the login is too long" :
      "it sent too much data at once";
  switch (pdu->opcode) {
  case PDU_SCSI_RESPONSE: case PDU_DATA_IN: case PDU_R2T:
    return judge_task (pdu, cmd);
  }
  return NULL;
}

bool
pdu_wants_answer (const struct pdu *pdu)
{
  switch (pdu->opcode) {
  case PDU_NOP_IN:
    return pdu->ttt != NO_TAG;
  case PDU_ASYNC:
    return pdu->event == EVENT_LOGOUT || pdu->event == EVENT_RENEGOTIATE;
  case PDU_REJECT:
    return pdu->reason == REASON_WAITING_FOR_LOGOUT;
  }
  return false;
}
