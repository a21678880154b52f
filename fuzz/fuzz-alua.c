/* SPDX-License-Identifier: BSD-3-Clause */

/* alua_parse, alua_port_group, and what is made of their facts */

#include <config.h>

#include "alua.h"
#include "bytes.h"
#include "fuzz.h"

static void
require_table (const struct alua *a, size_t size)
{
  const struct alua_group *found;
  size_t i;

  REQUIRE (a->n > 0 && a->n <= ALUA_MAX_GROUPS && a->n <= size / 8);
  for (i = 0; i < a->n; ++i) {
    found = alua_find (a, a->groups[i].group);
    REQUIRE (found != NULL && found->group == a->groups[i].group);
    require_line (alua_state_name (a->groups[i].state));
    alua_rank (a->groups[i].state, a->groups[i].preferred);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const int group = alua_port_group (data, size);
  uint8_t list[ALUA_SET_LEN];
  struct alua a;

  REQUIRE (group >= -1 && group <= UINT16_MAX);
  if (alua_parse (data, size, &a) == 0) {
    require_table (&a, size);
    alua_find (&a, group);
  }
  if (group >= 0) {
    alua_set_list (list, (uint16_t) group);
    REQUIRE (get_be16 (&list[6]) == group);
  }
  return 0;
}
