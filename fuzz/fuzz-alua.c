/* SPDX-License-Identifier: BSD-3-Clause */

/* alua_parse, alua_port_group */

#include <config.h>

#include "alua.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct alua a;
  size_t i;
  int group;

  if (alua_parse (data, size, &a) == 0) {
    REQUIRE (a.n > 0 && a.n <= ALUA_MAX_GROUPS);
    for (i = 0; i < a.n; ++i) {
      REQUIRE (alua_find (&a, a.groups[i].group) != NULL);
      REQUIRE (*alua_state_name (a.groups[i].state) != '\0');
    }
  }
  group = alua_port_group (data, size);
  REQUIRE (group >= -1 && group <= 0xffff);
  return 0;
}
