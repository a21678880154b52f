/* SPDX-License-Identifier: BSD-3-Clause */

/* text_is_clean, name_has_type, name_is_proper */

#include <config.h>

#include "fuzz.h"
#include "name.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *str = input_string (&(struct input) { data, size });
  const bool clean = text_is_clean (str), proper = name_is_proper (str);

  REQUIRE (!clean || *str == '\0' || strpbrk (str, "\n\r\t\033\177") == NULL);
  REQUIRE (!clean || strstr (str, "\302\205") == NULL);
  REQUIRE (!proper || name_has_type (str));
  free (str);
  return 0;
}
