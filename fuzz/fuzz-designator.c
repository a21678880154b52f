/* SPDX-License-Identifier: BSD-3-Clause */

/* Designators of VPD pages 83h and 80h to text, and back to them: what a page
 * shows is found in it.
 */

#include <config.h>

#include "designator.h"
#include "fuzz.h"
#include "name.h"

static void
require_text (const uint8_t *data, size_t len, const struct identity *id)
{
  char text[DESIGNATOR_LEN];

  designator_text (id, text);
  REQUIRE (text_is_clean (text));
  if (*text == '\0')
    return;
  REQUIRE (designator_page (text) != 0);
  REQUIRE (designator_same (text, text));
  /* A name string with the prefix of serial numbers belongs to neither. */
  if (len > 1 && designator_page (text) == data[1])
    REQUIRE (designator_in_page (data, len, text));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct identity id;
  size_t at = 0, last;
  char *str;

  while (last = at, parse_vpd_83_next (data, size, &at, &id)) {
    REQUIRE (at > last && at <= size);
    require_text (data, size, &id);
  }
  if (parse_vpd_83 (data, size, &id) == 0)
    require_text (data, size, &id);
  if (parse_vpd_80 (data, size, &id) == 0)
    require_text (data, size, &id);

  str = input_string (&(struct input) { data, size });
  REQUIRE ((designator_page (str) != 0) == designator_same (str, str));
  REQUIRE (!designator_is_unique (str) || designator_page (str) == 0x83);
  designator_in_page (data, size, str);
  free (str);
  return 0;
}
