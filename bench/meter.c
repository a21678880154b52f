/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter.h"

int64_t
meter_clock (clockid_t clock)
{
  struct timespec ts;

  if (clock_gettime (clock, &ts) == -1)
    err (EXIT_FAILURE, "cannot read the clock of a process: is it alive?");
  return ts.tv_sec * INT64_C (1000000000) + ts.tv_nsec;
}

void
meter_attach (struct meter *m, pid_t pid)
{
  int e = clock_getcpuclockid (pid, &m->clock);

  if (e != 0) {
    errno = e;
    err (EXIT_FAILURE, "process %d", (int) pid);
  }
  m->pid = pid;
}

/* The number after "FIELD:" at the start of a line; -1 if absent. */
static long
field_of (const char *text, const char *field)
{
  size_t len = strlen (field);
  const char *line;

  for (line = text; line != NULL && *line != '\0'; ) {
    if (strncmp (line, field, len) == 0 && line[len] == ':')
      return strtol (line + len + 1, NULL, 10);
    line = strchr (line, '\n');
    if (line != NULL)
      line++;
  }
  return -1;
}

/* False if the file has gone: a thread that has just exited. */
static int
slurp (const char *path, char *buf, size_t size)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t r;

  if (fd == -1)
    return 0;
  r = read (fd, buf, size - 1);
  close (fd);
  if (r <= 0)
    return 0;
  buf[r] = '\0';
  return 1;
}

void
meter_read (const struct meter *m, struct usage *u)
{
  char path[300], text[8192];
  struct dirent *d;
  DIR *dir;

  u->cpu_ns += meter_clock (m->clock);

  snprintf (path, sizeof path, "/proc/%d/task", (int) m->pid);
  dir = opendir (path);
  if (dir == NULL)
    err (EXIT_FAILURE, "%s", path);
  while ((d = readdir (dir)) != NULL) {
    if (d->d_name[0] == '.')
      continue;
    snprintf (path, sizeof path, "/proc/%d/task/%s/status",
              (int) m->pid, d->d_name);
    if (!slurp (path, text, sizeof text))
      continue;
    u->voluntary += field_of (text, "voluntary_ctxt_switches");
    u->involuntary += field_of (text, "nonvoluntary_ctxt_switches");
  }
  closedir (dir);
}

long
meter_memory (const struct meter *m, const char *field)
{
  char path[64], text[8192];

  snprintf (path, sizeof path, "/proc/%d/status", (int) m->pid);
  return slurp (path, text, sizeof text) ? field_of (text, field) : -1;
}
