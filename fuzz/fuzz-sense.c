/* SPDX-License-Identifier: BSD-3-Clause */

/* sense_parse, and what sense.h makes of any answer */

#include <config.h>

#include <errno.h>

#include "fuzz.h"
#include "sense.h"

/* The errnos that NBD can carry. */
static bool
is_nbd_errno (int err)
{
  return err == EPERM || err == EIO || err == ENOMEM || err == EINVAL ||
    err == ENOSPC || err == EOVERFLOW || err == ENOTSUP || err == ESHUTDOWN;
}

static void
require_decision (const struct answer *a)
{
  const struct decision d = sense_decide (a);

  REQUIRE (d.verdict <= VERDICT_FAIL);
  if (d.verdict == VERDICT_OK)
    return;
  REQUIRE (a->status != STATUS_GOOD);
  REQUIRE (is_nbd_errno (d.err));
  require_line (d.reason);
}

static void
require_text (const struct answer *a)
{
  char text[SENSE_TEXT_LEN];

  REQUIRE (sense_text (a, text) == text);
  REQUIRE (memchr (text, '\0', sizeof text) != NULL);
  require_line (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  struct answer a = {
    .status = (unsigned) input_number (&in, 2) % (STATUS_DROPPED + 1),
  };

  sense_parse (in.data, in.size, &a);
  REQUIRE (!a.have_sense || a.key <= 0xf);
  require_decision (&a);
  require_text (&a);
  REQUIRE (!sense_lun_changed (&a) || a.have_sense);
  REQUIRE (!sense_lun_gone (&a) || a.have_sense);
  return 0;
}
