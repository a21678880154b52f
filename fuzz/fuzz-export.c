/* SPDX-License-Identifier: BSD-3-Clause */

/* url_parse_export, with a target and without */

#include <config.h>

#include <errno.h>

#include "fuzz.h"
#include "url.h"

/* What it was taken for is taken for the same again. */
static void
require_same (const char *target, int lun)
{
  char name[URL_MAX_NAME + 16];
  struct error err;
  char *again;
  int lun_again;

  snprintf (name, sizeof name, "%s/%d", target, lun);
  REQUIRE (url_parse_export (name, false, &again, &lun_again, &err) == 0);
  REQUIRE (strcmp (again, target) == 0 && lun_again == lun);
  free (again);
}

static void
parse (const char *name, bool have_target)
{
  struct error err = { 0 };
  char *target;
  int lun;

  if (url_parse_export (name, have_target, &target, &lun, &err) == -1) {
    require_error (&err);
    REQUIRE (err.err == EINVAL && target == NULL);
    return;
  }
  REQUIRE (lun >= 0 && lun <= URL_MAX_LUN);
  REQUIRE ((target == NULL) == have_target);
  if (target)
    require_same (target, lun);
  free (target);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *name = input_string (&(struct input) { data, size });

  parse (name, false);
  parse (name, true);
  free (name);
  return 0;
}
