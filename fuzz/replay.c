/* SPDX-License-Identifier: BSD-3-Clause */

/* Where there is no libFuzzer: gives a fuzz target the inputs of files and
 * directories.  Without arguments those of its own corpus, which must not be
 * empty: corpus/NAME in $srcdir for fuzz-NAME.
 */

#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned inputs;

static void
fail (const char *path)
{
  fprintf (stderr, "%s: %s\n", path, strerror (errno));
  exit (EXIT_FAILURE);
}

/* In memory of just its size, so that ASan and valgrind see an overrun. */
static void
replay_file (const char *path, size_t size)
{
  FILE *fp = fopen (path, "r");
  uint8_t *data = malloc (size > 0 ? size : 1);

  if (fp == NULL || data == NULL || fread (data, 1, size, fp) != size)
    fail (path);
  fclose (fp);
  if (getenv ("FUZZ_VERBOSE"))
    fprintf (stderr, "%s\n", path);
  LLVMFuzzerTestOneInput (data, size);
  free (data);
  inputs++;
}

static void replay (const char *path);

static void
replay_directory (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;
  char child[4096];

  if (dir == NULL)
    fail (path);
  while ((entry = readdir (dir)) != NULL) {
    if (entry->d_name[0] == '.')
      continue;
    snprintf (child, sizeof child, "%s/%s", path, entry->d_name);
    replay (child);
  }
  closedir (dir);
}

static void
replay (const char *path)
{
  struct stat st;

  if (stat (path, &st) == -1)
    fail (path);
  if (S_ISDIR (st.st_mode))
    replay_directory (path);
  else
    replay_file (path, (size_t) st.st_size);
}

static void
replay_corpus (const char *program)
{
  const char *slash = strrchr (program, '/');
  const char *name = strstr (slash ? slash : program, "fuzz-");
  const char *srcdir = getenv ("srcdir");
  char path[4096];

  if (name == NULL) {
    fprintf (stderr, "%s: not called fuzz-NAME\n", program);
    exit (EXIT_FAILURE);
  }
  snprintf (path, sizeof path, "%s/corpus/%s",
            srcdir ? srcdir : ".", name + strlen ("fuzz-"));
  replay (path);
}

int
main (int argc, char **argv)
{
  int i;

  if (argc == 1)
    replay_corpus (argv[0]);
  for (i = 1; i < argc; ++i)
    replay (argv[i]);

  printf ("%u inputs\n", inputs);
  return inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
