/* SPDX-License-Identifier: BSD-3-Clause */

/* nearest_key */

#include <config.h>

#include "fuzz.h"
#include "nearest.h"

static const char help[] =
  "[url=]<URL>  (required) the URL\n"
  "user=<USER>  the user\n"
  "timeout=<SECS>  the time\n"
  "             that may be\n"
  "login-timeout=<SECS>  the time to log in";

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *word = input_string (&(struct input) { data, size });
  const char *key;
  size_t len = 0;

  key = nearest_key (help, word, &len);
  if (key) {
    REQUIRE (key >= help && len > 0 && len < sizeof help);
    REQUIRE (key + len < help + sizeof help && key[len] == '=');
  }
  free (word);
  return 0;
}
