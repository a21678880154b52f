/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_report_luns */

#include <config.h>

#include "fuzz.h"
#include "parse.h"
#include "url.h"

#define MAX 64

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  size_t max = input_number (&in, 1) % (MAX + 1);
  struct lun_address luns[MAX];
  size_t i, n, skipped;

  n = parse_report_luns (in.data, in.size, luns, max, &skipped);
  REQUIRE (n <= max && n + skipped <= in.size / 8);
  for (i = 0; i < n; ++i)
    REQUIRE (luns[i].lun >= 0 && luns[i].lun <= URL_MAX_LUN);
  return 0;
}
