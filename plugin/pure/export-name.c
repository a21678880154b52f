/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export-name.h"
#include "name.h"

#define ID "id:"

static int
parse_id (const char *id, struct export_name *out, struct error *err)
{
  if (designator_page (id) == 0)
    return error_set (err, EINVAL, "the export name must have naa., eui., "
                      "t10., iqn. or serial. after id:, and what follows it "
                      "in the description of the export");
  out->id = strdup (id);
  return out->id ? 0 : error_set (err, ENOMEM, "out of memory");
}

int
export_name_parse (const char *name, bool have_target,
                   struct export_name *out, struct error *err)
{
  *out = (struct export_name) { .lun = -1 };
  if (strlen (name) > EXPORT_NAME_MAX)
    return error_set (err, EINVAL, "the export name is longer than %d bytes",
                      EXPORT_NAME_MAX);
  if (!text_is_clean (name))
    return error_set (err, EINVAL, "the export name must be UTF-8 without "
                      "control characters");
  if (*name == '\0')
    return 0;
  if (strncmp (name, ID, strlen (ID)) == 0)
    return parse_id (name + strlen (ID), out, err);
  return url_parse_export (name, have_target, &out->target, &out->lun, err);
}

void
export_name_free (struct export_name *name)
{
  free (name->target);
  free (name->id);
  *name = (struct export_name) { .lun = -1 };
}

bool
export_name_print (const char *target, int lun, char buf[EXPORT_NAME_LEN])
{
  struct export_name again;
  struct error err;
  bool same;
  int n;

  n = target ? snprintf (buf, EXPORT_NAME_LEN, "%s/%d", target, lun) :
    snprintf (buf, EXPORT_NAME_LEN, "%d", lun);
  if (n >= EXPORT_NAME_LEN ||
      export_name_parse (buf, target == NULL, &again, &err) == -1)
    return false;
  same = again.id == NULL && again.lun == lun &&
    (target == NULL || strcmp (again.target, target) == 0);
  export_name_free (&again);
  return same;
}

const char *
export_name_print_id (const char *designator, char buf[EXPORT_NAME_ID_LEN])
{
  snprintf (buf, EXPORT_NAME_ID_LEN, "%s%s", *designator ? ID : "",
            designator);
  return buf;
}
