/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "secret.h"

/* libc copies through the vector registers.  They keep what they had for as
 * long as nobody needs as many: that may be all the time that a thread waits.
 * A core has the registers of all threads; with AVX-512 they hold 512 bytes of
 * a file.  Which ones libc takes depends on the length: zeroes of each length
 * take all of them again.
 */
static void
wipe_registers (void)
{
  /* Or the compiler would do it its own way, or not at all. */
  static void *(*volatile const copy) (void *, const void *, size_t) = memcpy;
  static const char zeroes[2048];
  char to[sizeof zeroes];
  size_t n;

  for (n = sizeof zeroes; n > 0; n /= 2)
    copy (to, zeroes, n);
}

struct pages {
  size_t size;                  /* of all of it */
  char data[];
};

char *
secret_alloc (size_t size)
{
  const size_t all = offsetof (struct pages, data) + size;
  struct pages *pages;

  if (all < size)
    return NULL;
  pages = mmap (NULL, all, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    return NULL;
  /* It fails on no kernel that has it; in a core dump the secret would do less
   * harm than no server.
   */
  madvise (pages, all, MADV_DONTDUMP);
  pages->size = all;
  return pages->data;
}

char *
secret_copy (const char *s, size_t len)
{
  char *copy = secret_alloc (len + 1);

  if (copy) {
    memcpy (copy, s, len);
    wipe_registers ();
  }
  return copy;
}

/* The kernel gives nobody a page with something on it. */
void
secret_free (char *s)
{
  struct pages *pages;

  if (s == NULL)
    return;
  pages = (struct pages *) (s - offsetof (struct pages, data));
  munmap (pages, pages->size);
  wipe_registers ();
}

void
secret_free_string (char *s)
{
  if (s == NULL)
    return;
  explicit_bzero (s, strlen (s));
  free (s);
  wipe_registers ();
}
