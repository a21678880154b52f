/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_mode_sense6, parse_mode_sense10 */

#include <config.h>

#include "fuzz.h"
#include "parse.h"

static void
require_mode (const struct mode *m)
{
  REQUIRE (m->have_caching || !m->wce);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct mode m;

  if (parse_mode_sense6 (data, size, &m) == 0) {
    REQUIRE (size >= 4);
    require_mode (&m);
  }
  if (parse_mode_sense10 (data, size, &m) == 0) {
    REQUIRE (size >= 8);
    require_mode (&m);
  }
  return 0;
}
