/* SPDX-License-Identifier: BSD-3-Clause */

/* digest_parse */

#include <config.h>

#include "fuzz.h"
#include "url.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *str = input_string (&(struct input) { data, size });
  enum digest d = digest_parse (str);

  REQUIRE (d <= DIGEST_NONE_CRC32C);
  REQUIRE (d == DIGEST_UNSET || strcmp (digest_name (d), str) == 0);
  free (str);
  return 0;
}
