/* SPDX-License-Identifier: BSD-3-Clause */

/* What the fuzz targets share.  Each defines LLVMFuzzerTestOneInput, which
 * libFuzzer or replay.c calls with one input after the other.
 */

#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Not to be kept after the return.  Returns 0; what is wrong ends the
 * process.
 */
extern int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* A property that must hold for every input. */
#define REQUIRE(expr)                                                   \
  do {                                                                  \
    if (!(expr)) {                                                      \
      fprintf (stderr, "%s:%d: not true: %s\n",                         \
               __FILE__, __LINE__, #expr);                              \
      abort ();                                                         \
    }                                                                   \
  } while (0)

/* Numbers from the front of the input; zeroes when it has come to its end. */
struct input {
  const uint8_t *data;
  size_t size;
};

static inline uint64_t
input_number (struct input *in, unsigned bytes)
{
  uint64_t v = 0;

  while (bytes-- > 0) {
    v <<= 8;
    if (in->size > 0) {
      v |= *in->data++;
      in->size--;
    }
  }
  return v;
}

/* The rest as a string that ends where its memory does.  Free it. */
static inline char *
input_string (const struct input *in)
{
  char *str = malloc (in->size + 1);

  REQUIRE (str != NULL);
  if (in->size > 0)
    memcpy (str, in->data, in->size);
  str[in->size] = '\0';
  return str;
}

/* One printable line. */
static inline void
require_line (const char *str)
{
  REQUIRE (str[0] != '\0');
  for (; *str != '\0'; ++str)
    REQUIRE ((unsigned char) *str >= ' ' && *str != 0x7f);
}

/* What every error must be. */
static inline void
require_error (const struct error *err)
{
  REQUIRE (err->err != 0);
  REQUIRE (memchr (err->msg, '\0', sizeof err->msg) != NULL);
  require_line (err->msg);
}

#endif /* FUZZ_FUZZ_H */
