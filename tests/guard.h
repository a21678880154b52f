/* SPDX-License-Identifier: BSD-3-Clause */

/* For the tests of parsers: bytes that end where the memory ends.  Reading
 * a single byte past them is SIGSEGV, with or without a sanitizer.
 */

#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_MAX 65536

/* A copy of at most GUARD_MAX bytes.  It is valid until the next call. */
static inline const uint8_t *
guard_copy (const void *data, size_t len)
{
  static uint8_t *end;

  if (end == NULL) {
    size_t page = (size_t) sysconf (_SC_PAGESIZE);
    size_t room = (GUARD_MAX + page - 1) / page * page;
    uint8_t *map = mmap (NULL, room + page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect (map + room, page, PROT_NONE) == -1) {
      perror ("guard_copy");
      exit (EXIT_FAILURE);
    }
    end = map + room;
  }

  if (len > GUARD_MAX)
    abort ();
  if (len > 0)
    memcpy (end - len, data, len);
  return end - len;
}

/* A small pseudo-random generator (xorshift64*), the same on every
 * machine: a failure can be repeated.
 */
static inline uint64_t
guard_random (uint64_t *state)
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C (2685821657736338717);
}

/* Garbage, from all random to mostly zeroes: the lengths in it should often
 * be small.
 */
static inline void
guard_fill (uint8_t *data, size_t len, uint64_t *state)
{
  const unsigned sparse = (unsigned) (guard_random (state) % 4);
  size_t i;

  for (i = 0; i < len; i++)
    data[i] = guard_random (state) % 4 < sparse
      ? 0 : (uint8_t) guard_random (state);
}

#endif /* TESTS_GUARD_H */
