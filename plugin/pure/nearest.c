/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "nearest.h"

#define MAX_LEN 32              /* longer than any key */
#define MIN_PREFIX 4            /* "pass", but not "p" */

/* Capitals and '_' are misspelt by nobody: they are another convention. */
static bool
same (char a, char b)
{
  a = a == '_' ? '-' : tolower ((unsigned char) a);
  return a == b;
}

static unsigned
min (unsigned a, unsigned b)
{
  return a < b ? a : b;
}

/* How many letters must be changed, inserted, left out or swapped with the
 * next: the optimal string alignment distance.  Lengths up to MAX_LEN.
 */
static unsigned
distance (const char *word, size_t m, const char *key, size_t n)
{
  unsigned d[MAX_LEN + 1][MAX_LEN + 1];
  size_t i, j;

  for (i = 0; i <= m; i++)
    d[i][0] = i;
  for (j = 0; j <= n; j++)
    d[0][j] = j;
  for (i = 1; i <= m; i++)
    for (j = 1; j <= n; j++) {
      d[i][j] = min (d[i-1][j-1] + !same (word[i-1], key[j-1]),
                     1 + min (d[i-1][j], d[i][j-1]));
      if (i > 1 && j > 1 &&
          same (word[i-1], key[j-2]) && same (word[i-2], key[j-1]))
        d[i][j] = min (d[i][j], d[i-2][j-2] + 1);
    }
  return d[m][n];
}

static bool
is_prefix (const char *word, size_t m, const char *key, size_t n)
{
  const size_t len = m < n ? m : n;

  return len >= MIN_PREFIX && distance (word, len, key, len) == 0;
}

const char *
nearest_key (const char *help, const char *word, size_t *len)
{
  const size_t m = strlen (word);
  const unsigned limit = m < 6 ? 1 : m / 3;
  const char *line, *found = NULL;
  unsigned best = limit + 1;

  if (m > MAX_LEN)
    return NULL;
  for (line = help; *line; line += strcspn (line, "\n"), line += *line != 0) {
    const char *key = line + (*line == '[');
    const size_t n = strspn (key, "abcdefghijklmnopqrstuvwxyz-");
    unsigned d;

    if (n == 0 || n > MAX_LEN || key[n] != '=')
      continue;
    d = distance (word, m, key, n);
    if (d > limit && is_prefix (word, m, key, n))
      d = limit;
    if (d < best) {
      best = d;
      found = key;
      *len = n;
    }
    else if (d == best)
      found = NULL;
  }
  return found;
}
