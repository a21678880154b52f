/* SPDX-License-Identifier: BSD-3-Clause */

/* export_name_parse, export_name_print */

#include <config.h>

#include <errno.h>

#include "export-name.h"
#include "fuzz.h"
#include "name.h"

static void
parse (const char *text, bool have_target)
{
  char again[EXPORT_NAME_LEN];
  struct error err = { 0 };
  struct export_name name;

  if (export_name_parse (text, have_target, &name, &err) == -1) {
    require_error (&err);
    REQUIRE (err.err == EINVAL && name.target == NULL && name.id == NULL);
    return;
  }
  REQUIRE (text_is_clean (text));
  REQUIRE (name.id == NULL || (name.lun == -1 && name.target == NULL));
  REQUIRE (name.lun != -1 || name.id != NULL || *text == '\0');
  if (name.lun != -1) {
    REQUIRE ((name.target == NULL) == have_target);
    REQUIRE (export_name_print (name.target, name.lun, again));
  }
  export_name_free (&name);
}

/* As the name of a target. */
static void
print (const char *target)
{
  char text[EXPORT_NAME_LEN];
  struct export_name name;
  struct error err;

  if (!export_name_print (target, 7, text))
    return;
  REQUIRE (export_name_parse (text, false, &name, &err) == 0);
  REQUIRE (name.lun == 7 && strcmp (name.target, target) == 0);
  export_name_free (&name);
}

static void
clean (const char *text)
{
  char out[100];

  text_clean (text, out, sizeof out);
  REQUIRE (text_is_clean (out));
  REQUIRE (!text_is_clean (text) || strncmp (out, text, strlen (out)) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = input_string (&(struct input) { data, size });

  parse (text, false);
  parse (text, true);
  print (text);
  clean (text);
  free (text);
  return 0;
}
