/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "secret.h"

/* Of the mapping that has this address: what VmFlags of smaps says. */
static bool
is_dumped (const char *where)
{
  FILE *fp = fopen ("/proc/self/smaps", "r");
  char line[4096];
  uintptr_t from, to;
  bool here = false, dumped = true;

  CHECK (fp != NULL);
  while (fp && fgets (line, sizeof line, fp)) {
    if (sscanf (line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
      here = from <= (uintptr_t) where && (uintptr_t) where < to;
    else if (here && strncmp (line, "VmFlags:", 8) == 0)
      dumped = strstr (line, " dd") == NULL;
  }
  if (fp)
    fclose (fp);
  return dumped;
}

static void
test_pages (void)
{
  char *a = secret_alloc (10000), *b = secret_copy ("secret, and more", 6);
  static const char zero[10000];

  CHECK (a != NULL && b != NULL);
  if (a == NULL || b == NULL)
    return;
  CHECK_MEM (a, zero, sizeof zero);
  CHECK_STR (b, "secret");
  CHECK (!is_dumped (a));
  CHECK (!is_dumped (a + 9999));
  CHECK (!is_dumped (b));
  CHECK (is_dumped (zero));
  secret_free (a);
  CHECK_STR (b, "secret");
  secret_free (b);
  secret_free (NULL);
}

static void
test_too_large (void)
{
  CHECK (secret_alloc (SIZE_MAX) == NULL);
  CHECK (secret_alloc (SIZE_MAX / 2) == NULL);
}

static void
test_strings (void)
{
  secret_free_string (strdup ("secret"));
  secret_free_string (NULL);
}

int
main (void)
{
  test_pages ();
  test_too_large ();
  test_strings ();
  return check_summary ();
}
