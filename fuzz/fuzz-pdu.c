/* SPDX-License-Identifier: BSD-3-Clause */

/* pdu_parse and pdu_judge, through the life of one command: what is let pass
 * is compared with a map of the bytes that came.
 */

#include <config.h>

#include "bytes.h"
#include "fuzz.h"
#include "pdu.h"

#define MAX_LEN 256

/* The command, and what is known of it without pdu.c. */
struct life {
  struct command cmd;
  enum pdu_phase phase;
  bool came[MAX_LEN];           /* of a read */
  uint32_t asked;               /* of a write, by R2Ts */
  unsigned r2ts;                /* not answered */
};

/* Numbers that are near those that matter are worth more than any. */
static uint32_t
near (struct input *in, uint32_t what)
{
  const uint8_t kind = (uint8_t) input_number (in, 1);

  switch (kind & 3) {
  case 0:  return what;
  case 1:  return kind >> 2;
  case 2:  return what - 1 + (kind >> 2) % 3;
  default: return (uint32_t) input_number (in, 4);
  }
}

static void
make_header (struct input *in, const struct life *l, uint8_t bhs[BHS_SIZE])
{
  memset (bhs, 0, BHS_SIZE);
  bhs[0] = (uint8_t) input_number (in, 1);
  bhs[1] = (uint8_t) input_number (in, 1);
  bhs[2] = (uint8_t) input_number (in, 1);
  bhs[3] = (uint8_t) input_number (in, 1);
  put_be32 (&bhs[4], near (in, l->cmd.len));
  put_be32 (&bhs[16], near (in, NO_TAG));
  put_be32 (&bhs[20], near (in, NO_TAG));
  bhs[36] = (uint8_t) input_number (in, 1);
  put_be32 (&bhs[40], near (in, l->cmd.moved));
  put_be32 (&bhs[44], near (in, l->cmd.len - l->cmd.moved));
}

static void
note_data_in (struct life *l, const struct pdu *pdu)
{
  uint32_t i;

  REQUIRE (l->cmd.direction == DATA_IN);
  REQUIRE ((uint64_t) pdu->offset + pdu->data_length <= l->cmd.len);
  for (i = 0; i < pdu->data_length; ++i) {
    REQUIRE (!l->came[pdu->offset + i]);
    l->came[pdu->offset + i] = true;
  }
  REQUIRE (l->cmd.moved <= l->cmd.len);
  for (i = 0; i < l->cmd.moved && !l->cmd.holes; ++i)
    REQUIRE (l->came[i]);
  for (i = l->cmd.moved; i < l->cmd.len; ++i)
    REQUIRE (!l->came[i]);
}

static void
note_r2t (struct life *l, const struct pdu *pdu)
{
  REQUIRE (l->cmd.direction == DATA_OUT);
  REQUIRE ((uint64_t) pdu->offset + pdu->wanted <= l->cmd.len);
  l->asked += pdu->wanted;
  REQUIRE (l->asked == l->cmd.moved && l->asked <= l->cmd.len);
  REQUIRE (++l->r2ts <= 16);    /* libiscsi makes a queue of them */
}

static void
require_judged (struct life *l, const struct pdu *pdu, bool ours)
{
  const uint32_t rest = pdu_rest (pdu->data_length, false);

  REQUIRE (pdu_is_expected ((uint8_t) pdu->opcode, l->phase));
  REQUIRE (pdu->ahs == 0 && pdu->data_length <= MAX_DATA_SEGMENT);
  REQUIRE (rest % 4 == 0 && rest >= pdu->data_length &&
           rest - pdu->data_length < 4);
  REQUIRE (pdu_rest (pdu->data_length, true) == rest + (rest > 0 ? 4 : 0));
  pdu_wants_answer (pdu);

  switch (pdu->opcode) {
  case PDU_DATA_IN:
    REQUIRE (ours);
    note_data_in (l, pdu);
    break;
  case PDU_R2T:
    REQUIRE (ours && !pdu->has_status);
    note_r2t (l, pdu);
    break;
  case PDU_SCSI_RESPONSE:
    REQUIRE (ours && pdu->has_status && l->cmd.status == pdu->status);
    REQUIRE (pdu->reason == 0 || l->cmd.failed);
    REQUIRE (l->cmd.direction != DATA_OUT || l->cmd.holes ||
             l->cmd.sent == l->cmd.len);
  }
}

/* The session sends what was asked for. */
static void
send_some (struct input *in, struct life *l)
{
  const uint32_t n = (uint32_t) input_number (in, 1);

  if (l->cmd.direction != DATA_OUT || n > l->cmd.moved - l->cmd.sent)
    return;
  l->cmd.sent += n;
  if (l->cmd.sent == l->cmd.moved)
    l->cmd.r2ts = l->r2ts = 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  struct life l = { .phase = PHASE_FULL };
  uint8_t bhs[BHS_SIZE];
  struct pdu pdu;
  const char *why;
  bool ours;

  l.cmd.direction = (enum direction) (input_number (&in, 1) % 3);
  if (l.cmd.direction != DATA_NONE)
    l.cmd.len = (uint32_t) input_number (&in, 1);
  if (input_number (&in, 1) == 0)
    l.phase = (enum pdu_phase) (input_number (&in, 1) % 3);
  while (in.size > 0) {
    make_header (&in, &l, bhs);
    ours = input_number (&in, 1) % 8 > 0;
    pdu_parse (bhs, &pdu);
    why = pdu_judge (&pdu, l.phase, ours ? &l.cmd : NULL);
    if (why) {
      require_line (why);
      break;
    }
    require_judged (&l, &pdu, ours);
    if (pdu.has_status)
      break;
    send_some (&in, &l);
  }
  return 0;
}
