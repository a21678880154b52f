/* SPDX-License-Identifier: BSD-3-Clause */

/* In builds with a sanitizer only: loaded into nbdkit by ./nbdkit, right
 * after the sanitizer's runtime.  No part of the plugin.
 */

#include <config.h>

#include <stddef.h>
#include <string.h>

/* What nbdkit --run starts must not have the runtime; a shell does not even
 * start with that of ThreadSanitizer.  A constructor of glibc's is given the
 * environment, which is not in environ yet.
 */
static void hide_preload (int argc, char **argv, char **envp)
  __attribute__((constructor));

static void
hide_preload (int argc __attribute__((unused)),
              char **argv __attribute__((unused)), char **envp)
{
  char **from, **to;

  for (from = to = envp; *from != NULL; ++from)
    if (strncmp (*from, "LD_PRELOAD=", strlen ("LD_PRELOAD=")) != 0)
      *to++ = *from;
  *to = NULL;
}

/* The runtime of ASan starts with the first malloc, and looks for this
 * symbol then.  If there is none, dlerror translates a message, under
 * glibc's lock on the locale.  In nbdkit the first malloc is that of
 * newlocale in a constructor of p11-kit, which holds that lock: its count
 * would be off, and a server that fails to start would hang in freelocale
 * at the end.  NULL: not a name of Swift's.
 */
extern char *swift_demangle (const char *name, size_t len, char *out,
                             size_t *out_len, unsigned flags);

char *
swift_demangle (const char *name __attribute__((unused)),
                size_t len __attribute__((unused)),
                char *out __attribute__((unused)),
                size_t *out_len __attribute__((unused)),
                unsigned flags __attribute__((unused)))
{
  return NULL;
}
