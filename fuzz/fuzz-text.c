/* SPDX-License-Identifier: BSD-3-Clause */

/* text_answer, text_each */

#include <config.h>

#include "fuzz.h"
#include "text.h"

struct bounds {
  const char *start, *end;
};

static bool
look (void *bv, const char *key, const char *value)
{
  const struct bounds *b = bv;

  REQUIRE (key >= b->start && value > key && value < b->end);
  REQUIRE (value + strlen (value) < b->end);
  REQUIRE (strchr (key, '=') == NULL);
  return true;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct text_answer a;
  struct bounds b;
  char *copy;

  if (size >= BHS_SIZE && text_answer (data, &a))
    REQUIRE (a.final || a.ttt != NO_TAG);
  copy = malloc (size + 1);
  REQUIRE (copy != NULL);
  if (size > 0)
    memcpy (copy, data, size);
  b = (struct bounds) { copy, copy + size };
  text_each (copy, size, look, &b);
  free (copy);
  return 0;
}
