/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "secret.h"

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

  return copy ? memcpy (copy, s, len) : NULL;
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
}

void
secret_free_string (char *s)
{
  if (s)
    explicit_bzero (s, strlen (s));
  free (s);
}
