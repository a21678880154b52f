/* SPDX-License-Identifier: BSD-3-Clause */

/* url_parse_portal */

#include <config.h>

#include <errno.h>

#include "fuzz.h"
#include "url.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *str = input_string (&(struct input) { data, size });
  struct error err = { 0 };
  uint16_t port;
  char *host;

  if (url_parse_portal (str, &host, &port, &err) == -1) {
    require_error (&err);
    REQUIRE (err.err == EINVAL && host == NULL);
  }
  else {
    require_line (host);
    REQUIRE (port != 0 && strpbrk (host, "[]/@") == NULL);
    free (host);
  }
  free (str);
  return 0;
}
