/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_inquiry */

#include <config.h>

#include "fuzz.h"
#include "parse.h"

static void
require_text (const char *str)
{
  if (*str != '\0')
    require_line (str);
  for (; *str != '\0'; ++str)
    REQUIRE ((unsigned char) *str < 0x7f);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct inquiry inq;

  if (parse_inquiry (data, size, &inq) == -1)
    return 0;
  REQUIRE (inq.qualifier <= 7 && inq.device_type <= 0x1f);
  REQUIRE (memchr (inq.vendor, '\0', sizeof inq.vendor) != NULL);
  REQUIRE (memchr (inq.product, '\0', sizeof inq.product) != NULL);
  require_text (inq.vendor);
  require_text (inq.product);
  return 0;
}
