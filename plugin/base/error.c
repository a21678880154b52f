/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdarg.h>
#include <stdio.h>

#include "error.h"

int
error_set (struct error *e, int err, const char *fs, ...)
{
  va_list args;

  e->err = err;
  va_start (args, fs);
  vsnprintf (e->msg, sizeof e->msg, fs, args);
  va_end (args);
  return -1;
}
