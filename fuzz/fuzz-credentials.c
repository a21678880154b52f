/* SPDX-License-Identifier: BSD-3-Clause */

/* credential_lines_parse: a file, and who is looked up in it */

#include <config.h>

#include "credentials.h"
#include "fuzz.h"

static void
require_chap (const struct chap *chap)
{
  REQUIRE (!chap->user == !chap->password);
  REQUIRE (!chap->target_user == !chap->target_password);
  REQUIRE (chap->user || !chap->target_user);
  REQUIRE (!chap->user == !chap->origin);
  if (chap->origin)
    require_line (chap->origin);
}

static void
require_copy (const struct chap *chap)
{
  struct error err;
  struct chap copy;

  if (chap == NULL)
    return;
  require_chap (chap);
  REQUIRE (chap_copy (chap, &copy, &err) == 0);
  require_chap (&copy);
  chap_free (&copy);
  REQUIRE (!copy.user && !copy.password && !copy.target_password);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct credential_lines *lines;
  struct error err = { 0 };

  lines = credential_lines_parse ((const char *) data, size, "file", &err);
  if (lines == NULL)
    require_error (&err);
  else {
    require_copy (credential_lines_target (lines,
                                           "iqn.2001-04.com.example:disk"));
    require_copy (credential_lines_portal (lines, "host:3260"));
  }
  credential_lines_free (lines);
  return 0;
}
