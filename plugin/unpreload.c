/* SPDX-License-Identifier: BSD-3-Clause */

/* In builds with a sanitizer only: its runtime is preloaded into nbdkit,
 * but what nbdkit --run starts must not have it.  A shell does not even
 * start with that of ThreadSanitizer.  nbdkit loads the plugin first.
 */

#include <config.h>

#include <stdlib.h>

static void unpreload (void) __attribute__((constructor));

static void
unpreload (void)
{
  unsetenv ("LD_PRELOAD");
}
