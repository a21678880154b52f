/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_capacity10, parse_capacity16 */

#include <config.h>

#include "bytes.h"
#include "fuzz.h"
#include "parse.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct capacity c;

  if (parse_capacity10 (data, size, &c) == 0) {
    REQUIRE (size >= 8);
    REQUIRE (c.last_lba == get_be32 (data));
    REQUIRE (!c.lbpme && !c.lbprz && c.phys_exponent == 0);
  }
  if (parse_capacity16 (data, size, &c) == 0) {
    REQUIRE (size >= 12);
    REQUIRE (c.last_lba == get_be64 (data));
    REQUIRE (c.phys_exponent <= 0xf);
    REQUIRE (size > 14 || (!c.lbpme && !c.lbprz));
  }
  return 0;
}
