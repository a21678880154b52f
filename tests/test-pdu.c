/* SPDX-License-Identifier: BSD-3-Clause */

/* Which PDUs of a target are let through, and what is counted of them. */

#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "pdu.h"

#define LEN 4096                /* of the command, bytes */

static struct pdu
pdu (unsigned opcode, uint32_t data_length, uint32_t offset, uint32_t wanted)
{
  uint8_t bhs[BHS_SIZE] = { (uint8_t) opcode, 0x80 };
  struct pdu p;

  put_be32 (&bhs[4], data_length);
  put_be32 (&bhs[16], 7);
  put_be32 (&bhs[20], 9);
  put_be32 (&bhs[40], offset);
  put_be32 (&bhs[44], wanted);
  pdu_parse (bhs, &p);
  return p;
}

static void
test_parse (void)
{
  uint8_t bhs[BHS_SIZE];
  struct pdu p;
  size_t i;

  for (i = 0; i < sizeof bhs; ++i)
    bhs[i] = (uint8_t) (0x80 + i);
  bhs[0] = 0xe5;
  pdu_parse (bhs, &p);
  CHECK_UINT (p.opcode, PDU_DATA_IN);
  CHECK (p.has_status);
  CHECK_UINT (p.reason, 0x82);
  CHECK_UINT (p.event, 0xa4);
  CHECK_UINT (p.ahs, 0x84);
  CHECK_UINT (p.data_length, 0x858687);
  CHECK_UINT (p.itt, 0x90919293);
  CHECK_UINT (p.ttt, 0x94959697);
  CHECK_UINT (p.offset, 0xa8a9aaab);
  CHECK_UINT (p.wanted, 0xacadaeaf);
  bhs[1] = 0x80;
  pdu_parse (bhs, &p);
  CHECK (!p.has_status);
  bhs[0] = PDU_SCSI_RESPONSE;
  pdu_parse (bhs, &p);
  CHECK (p.has_status);
}

static void
test_rest (void)
{
  CHECK_UINT (pdu_rest (0, false), 0);
  CHECK_UINT (pdu_rest (0, true), 0);
  CHECK_UINT (pdu_rest (1, false), 4);
  CHECK_UINT (pdu_rest (4, true), 8);
  CHECK_UINT (pdu_rest (0xffffff, true), 0x1000004);
}

/* Which kinds belong into which phase: Login, Discovery, Full. */
static void
test_phases (void)
{
  static const struct { unsigned opcode; const char *phases; } table[] = {
    { PDU_NOP_IN, "DF" },           { PDU_SCSI_RESPONSE, "F" },
    { PDU_TASK_RESPONSE, "F" },     { PDU_LOGIN_RESPONSE, "L" },
    { PDU_TEXT_RESPONSE, "D" },     { PDU_DATA_IN, "F" },
    { PDU_LOGOUT_RESPONSE, "DF" },  { PDU_R2T, "F" },
    { PDU_ASYNC, "DF" },            { PDU_REJECT, "LDF" },
  };
  unsigned byte;
  size_t i;
  int phase;

  for (phase = PHASE_LOGIN; phase <= PHASE_FULL; ++phase)
    for (byte = 0; byte < 256; ++byte) {
      bool expected = false;

      for (i = 0; i < sizeof table / sizeof table[0]; ++i)
        if (table[i].opcode == (byte & 0x3f) &&
            strchr (table[i].phases, "LDF"[phase]))
          expected = true;
      CHECK (pdu_is_expected ((uint8_t) byte, phase) == expected);
    }
}

/* Must be refused, with this in the sentence; NULL: must not. */
static void
check_judged (struct pdu p, struct command *cmd, const char *expected)
{
  const char *why = pdu_judge (&p, PHASE_FULL, cmd);

  if (expected == NULL)
    CHECK (why == NULL);
  else
    CHECK (why != NULL && strstr (why, expected) != NULL);
}

static void
test_data_in (void)
{
  struct command cmd = { .direction = DATA_IN, .len = LEN };

  check_judged (pdu (PDU_DATA_IN, 1, 0, 0), NULL, "not under way");
  check_judged (pdu (PDU_DATA_IN, LEN + 1, 0, 0), &cmd, "more data");
  check_judged (pdu (PDU_DATA_IN, 1, LEN, 0), &cmd, "more data");
  check_judged (pdu (PDU_DATA_IN, 1, 0xffffffff, 0), &cmd, "more data");
  check_judged (pdu (PDU_DATA_IN, LEN, 1, 0), &cmd, "more data");
  CHECK_UINT (cmd.moved, 0);
  check_judged (pdu (PDU_DATA_IN, 1000, 0, 0), &cmd, NULL);
  check_judged (pdu (PDU_DATA_IN, 0, 0, 0), &cmd, NULL);
  CHECK_UINT (cmd.moved, 1000);
  check_judged (pdu (PDU_DATA_IN, 1000, 999, 0), &cmd, "twice");
  CHECK (!cmd.holes);
  check_judged (pdu (PDU_DATA_IN, LEN - 1000, 1000, 0), &cmd, NULL);
  CHECK_UINT (cmd.moved, LEN);
  CHECK (!cmd.holes);
  check_judged (pdu (PDU_DATA_IN, 0, LEN, 0), &cmd, NULL);
  check_judged (pdu (PDU_DATA_IN, 1, LEN - 1, 0), &cmd, "twice");

  cmd = (struct command) { .direction = DATA_IN, .len = LEN };
  check_judged (pdu (PDU_DATA_IN, LEN - 1, 1, 0), &cmd, NULL);
  CHECK (cmd.holes);

  cmd = (struct command) { .direction = DATA_OUT, .len = LEN };
  check_judged (pdu (PDU_DATA_IN, 0, 0, 0), &cmd, "reads none");
  cmd = (struct command) { .direction = DATA_NONE };
  check_judged (pdu (PDU_DATA_IN, 0, 0, 0), &cmd, "reads none");
}

static void
test_r2t (void)
{
  struct command cmd = { .direction = DATA_OUT, .len = LEN };
  struct pdu p;
  uint32_t i;

  check_judged (pdu (PDU_R2T, 0, 0, 1), NULL, "not under way");
  check_judged (pdu (PDU_R2T, 0, 0, 0), &cmd, "without saying");
  check_judged (pdu (PDU_R2T, 4, 0, 1), &cmd, "too much");
  check_judged (pdu (PDU_R2T, 0, 0, LEN + 1), &cmd, "more data");
  check_judged (pdu (PDU_R2T, 0, 0, 0xffffffff), &cmd, "more data");
  check_judged (pdu (PDU_R2T, 0, 0xfffffff0, 0x20), &cmd, "more data");
  p = pdu (PDU_R2T, 0, 0, 1);
  p.ttt = NO_TAG;
  check_judged (p, &cmd, "without saying");
  check_judged (pdu (PDU_R2T, 0, 3000, 1096), &cmd, NULL);
  check_judged (pdu (PDU_R2T, 0, 0, 3001), &cmd, "more data");
  check_judged (pdu (PDU_R2T, 0, 0, 3000), &cmd, NULL);
  check_judged (pdu (PDU_R2T, 0, 0, 1), &cmd, "more data");

  cmd = (struct command) { .direction = DATA_OUT, .len = LEN };
  for (i = 0; i < 16; ++i)
    check_judged (pdu (PDU_R2T, 0, i, 1), &cmd, NULL);
  check_judged (pdu (PDU_R2T, 0, 16, 1), &cmd, "too many pieces");
  cmd.r2ts--;                   /* the data of one are sent */
  check_judged (pdu (PDU_R2T, 0, 16, 1), &cmd, NULL);
  check_judged (pdu (PDU_R2T, 0, 17, 1), &cmd, "too many pieces");

  cmd = (struct command) { .direction = DATA_IN, .len = LEN };
  check_judged (pdu (PDU_R2T, 0, 0, 1), &cmd, "writes none");
}

static void
test_response (void)
{
  struct command cmd = { .direction = DATA_OUT, .len = LEN, .sent = LEN };
  struct pdu p = pdu (PDU_SCSI_RESPONSE, 20, 0, 0);

  check_judged (p, NULL, "not under way");
  check_judged (p, &cmd, NULL);
  CHECK (!cmd.failed);
  CHECK_UINT (cmd.status, STATUS_GOOD);
  p.status = STATUS_CONDITION_MET;
  check_judged (p, &cmd, NULL);
  CHECK_UINT (cmd.status, STATUS_CONDITION_MET);
  CHECK (!cmd.holes);
  p.reason = 1;
  check_judged (p, &cmd, NULL);
  CHECK (cmd.failed);

  cmd = (struct command) { .direction = DATA_OUT, .len = LEN, .sent = LEN - 1 };
  p.reason = 0;
  check_judged (p, &cmd, NULL);
  CHECK (!cmd.failed);
  CHECK (cmd.holes);

  cmd = (struct command) { .direction = DATA_IN, .len = LEN };
  check_judged (p, &cmd, NULL);
  CHECK (!cmd.holes);
}

static void
test_limits (void)
{
  struct pdu p = pdu (PDU_NOP_IN, MAX_SMALL_SEGMENT, 0, 0);

  check_judged (p, NULL, NULL);
  check_judged (pdu (PDU_NOP_IN, MAX_SMALL_SEGMENT + 1, 0, 0), NULL, "once");
  check_judged (pdu (PDU_LOGIN_RESPONSE, 0, 0, 0), NULL, "belong");
  p.ahs = 1;
  check_judged (p, NULL, "header");
  p = pdu (PDU_TEXT_RESPONSE, MAX_DATA_SEGMENT, 0, 0);
  CHECK (pdu_judge (&p, PHASE_DISCOVERY, NULL) == NULL);
  p.data_length++;
  CHECK (pdu_judge (&p, PHASE_DISCOVERY, NULL) != NULL);
  p = pdu (PDU_LOGIN_RESPONSE, MAX_SMALL_SEGMENT + 1, 0, 0);
  CHECK (pdu_judge (&p, PHASE_LOGIN, NULL) != NULL);
}

static void
test_wants_answer (void)
{
  struct pdu p = pdu (PDU_NOP_IN, 0, 0, 0);

  CHECK (pdu_wants_answer (&p));
  p.ttt = NO_TAG;
  CHECK (!pdu_wants_answer (&p));
  p = pdu (PDU_ASYNC, 0, 0, 0);
  CHECK (!pdu_wants_answer (&p));
  p.event = 1;
  CHECK (pdu_wants_answer (&p));
  p.event = 4;
  CHECK (pdu_wants_answer (&p));
  p = pdu (PDU_REJECT, 48, 0, 0);
  CHECK (!pdu_wants_answer (&p));
  p.reason = 0x0c;
  CHECK (pdu_wants_answer (&p));
  p = pdu (PDU_DATA_IN, 0, 0, 0);
  CHECK (!pdu_wants_answer (&p));
}

int
main (void)
{
  test_parse ();
  test_rest ();
  test_phases ();
  test_data_in ();
  test_r2t ();
  test_response ();
  test_limits ();
  test_wants_answer ();
  return check_summary ();
}
