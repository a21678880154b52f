/* SPDX-License-Identifier: BSD-3-Clause */

/* lun_probe on a LUN that answers anything, and lun_verify on what it made
 * of that.
 */

#include <config.h>

#include "command.h"
#include "fuzz.h"
#include "lun.h"
#include "sense.h"

/* Each answer: a length, and so many bytes; or 255 - status, and sense data.
 * After the end of the input it is GOOD without data.
 */
static void
answer (struct command *cmd, struct input *in)
{
  size_t len = input_number (in, 1);
  bool good = len < 128;

  if (!good) {
    cmd->answer = (struct answer) { .status = 255 - (unsigned) len };
    len = 18;
  }
  else
    cmd->answer = (struct answer) { .status = STATUS_GOOD };
  if (len > in->size)
    len = in->size;

  if (!good)
    sense_parse (in->data, len, &cmd->answer);
  else if (cmd->direction == DATA_IN) {
    cmd->answer.received = len < cmd->len ? (uint32_t) len : cmd->len;
    if (cmd->answer.received > 0)
      memcpy (cmd->param, in->data, cmd->answer.received);
  }
  in->data += len;
  in->size -= len;
}

static void
run (void *in, struct command *cmds, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i)
    answer (&cmds[i], in);
}

/* Each pause eats of the input, which ends. */
static bool
no_pause (void *in, unsigned ms __attribute__ ((unused)))
{
  input_number (in, 1);
  return true;
}

static void
require_facts (const struct lun_facts *f)
{
  const uint32_t len = f->capacity.block_len;

  REQUIRE (len >= 512 && len <= 65536 && (len & (len - 1)) == 0);
  REQUIRE (f->size <= INT64_MAX && f->size > 0);
  REQUIRE (f->size / len == f->capacity.last_lba + 1 && f->size % len == 0);
  REQUIRE (f->inquiry.device_type != 5 || f->read_only);
  REQUIRE (f->identity.len <= IDENTITY_MAX);
  REQUIRE (f->inquiry.qualifier == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  const struct runner runner = { .run = run, .handle = &in };
  const struct retry_policy policy = {
    .timeout_ms = 600000, .sleep = no_pause, .opaque = &in,
  };
  struct error err = { 0 };
  struct lun_facts facts;

  if (lun_probe (&runner, &policy, 0, 0, &facts, &err) == -1) {
    require_error (&err);
    return 0;
  }
  require_facts (&facts);

  /* The same questions and the same answers: the same LUN. */
  in = (struct input) { data, size };
  err = (struct error) { 0 };
  if (lun_verify (&runner, &policy, 0, &facts, &err) == -1)
    require_error (&err);
  return 0;
}
