/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include "credentials-file.h"
#include "debug.h"
#include "secret.h"

#define MAX_FILE (1024 * 1024)

/* Which state of the file was read.  One that was written less than this long
 * before may have been written again without another time stamp.
 */
#define SETTLED_S 2

struct stamp {
  dev_t dev;
  ino_t ino;
  off_t size;
  struct timespec mtime, ctime;
};

struct credentials {
  char *file;                   /* NULL: none */
  struct chap others;

  pthread_mutex_t lock;
  struct stamp stamp;           /* of what was looked at last */
  bool settled;                 /* with this stamp it need not be read again */
  char told[sizeof ((struct error *) 0)->msg]; /* what was wrong with it */
  struct credential_lines *lines;
};

static bool
same_time (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_stamp (const struct stamp *a, const struct stamp *b)
{
  return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
    same_time (&a->mtime, &b->mtime) && same_time (&a->ctime, &b->ctime);
}

static struct stamp
stamp_of (const struct stat *st)
{
  return (struct stamp) {
    .dev = st->st_dev,
    .ino = st->st_ino,
    .size = st->st_size,
    .mtime = st->st_mtim,
    .ctime = st->st_ctim,
  };
}

/* Of the times of a file, which are those of the clock of the day. */
static bool
is_settled (const struct stat *st)
{
  return time (NULL) - st->st_mtim.tv_sec >= SETTLED_S &&
    time (NULL) - st->st_ctim.tv_sec >= SETTLED_S;
}

static int
cannot_read (const char *file, int e, struct error *err)
{
  return error_set (err, e, "cannot read %s: %s", file, strerror (e));
}

/* As many bytes as there are, and *len of them at most. */
static int
read_all (int fd, char *buf, size_t *len)
{
  size_t n = 0;
  ssize_t r;

  while (n < *len) {
    r = read (fd, buf + n, *len - n);
    if (r == -1 && errno != EINTR)
      return -1;
    if (r == 0)
      break;
    if (r > 0)
      n += r;
  }
  *len = n;
  return 0;
}

static struct credential_lines *
read_lines (int fd, size_t size, const char *file, struct error *err)
{
  struct credential_lines *lines = NULL;
  size_t len = size;
  char *buf = secret_alloc (size + 1);

  if (buf == NULL)
    error_set (err, ENOMEM, "out of memory");
  else if (read_all (fd, buf, &len) == -1)
    cannot_read (file, errno, err);
  else
    lines = credential_lines_parse (buf, len, file, err);
  secret_free (buf);
  return lines;
}

void
credentials_judge_permissions (const char *file, const struct stat *st)
{
  if (st->st_mode & (S_IROTH | S_IWOTH))
    log_event ("warning: everybody on this machine can read or write the "
               "passwords in %s: chmod o-rw", file);
}

/* Of an open file.  1: it is what was looked at last; -1: there is something
 * wrong with it, and the lines are those of before.
 */
static int
read_open_file (struct credentials *c, int fd, struct error *err)
{
  struct credential_lines *lines;
  struct stamp stamp;
  struct stat st;
  bool changed;

  if (fstat (fd, &st) == -1)
    return cannot_read (c->file, errno, err);
  stamp = stamp_of (&st);
  changed = !same_stamp (&stamp, &c->stamp);
  if (c->settled && !changed)
    return 1;
  c->stamp = stamp;
  c->settled = is_settled (&st);

  if (!S_ISREG (st.st_mode))
    return error_set (err, EINVAL, "%s is not a file", c->file);
  if (st.st_size > MAX_FILE)
    return error_set (err, EFBIG, "%s is larger than 1 MiB", c->file);
  lines = read_lines (fd, st.st_size, c->file, err);
  if (lines == NULL)
    return -1;
  if (changed) {
    credentials_judge_permissions (c->file, &st);
    debug_session ("%s was read", c->file);
  }
  credential_lines_free (c->lines);
  c->lines = lines;
  return 0;
}

static int
read_file (struct credentials *c, struct error *err)
{
  const int fd = open (c->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int r;

  if (fd == -1) {
    c->settled = false;
    return cannot_read (c->file, errno, err);
  }
  r = read_open_file (c, fd, err);
  close (fd);
  return r;
}

/* What is wrong with the file is told once. */
static void
read_again (struct credentials *c)
{
  struct error err = { 0 };

  if (c->file == NULL || read_file (c, &err) == 1)
    return;
  if (*err.msg && strcmp (err.msg, c->told) != 0)
    log_event ("credentials: %s: what was read before is still used",
               err.msg);
  memcpy (c->told, err.msg, sizeof c->told);
}

struct credentials *
credentials_new (const char *file, const struct chap *others,
                 struct error *err)
{
  struct credentials *c = calloc (1, sizeof *c);

  if (c == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  pthread_mutex_init (&c->lock, NULL);
  if (chap_copy (others, &c->others, err) == -1)
    goto fail;
  if (file) {
    c->file = strdup (file);
    if (c->file == NULL) {
      error_set (err, ENOMEM, "out of memory");
      goto fail;
    }
    if (read_file (c, err) == -1)
      goto fail;
  }
  return c;

 fail:
  credentials_free (c);
  return NULL;
}

void
credentials_free (struct credentials *c)
{
  if (c == NULL)
    return;
  credential_lines_free (c->lines);
  chap_free (&c->others);
  pthread_mutex_destroy (&c->lock);
  free (c->file);
  free (c);
}

int
credentials_find (struct credentials *c, const char *target_name,
                  struct chap *out, struct error *err)
{
  const struct chap *found = NULL;
  int r;

  pthread_mutex_lock (&c->lock);
  read_again (c);
  if (c->lines)
    found = credential_lines_target (c->lines, target_name);
  r = chap_copy (found ? found : &c->others, out, err);
  pthread_mutex_unlock (&c->lock);
  return r;
}

int
credentials_find_portal (struct credentials *c, const char *const names[],
                         size_t n, struct chap *out, bool *own,
                         struct error *err)
{
  const struct chap *found = NULL;
  size_t i;
  int r;

  pthread_mutex_lock (&c->lock);
  read_again (c);
  for (i = 0; c->lines && i < n && found == NULL; i++)
    if (names[i])
      found = credential_lines_portal (c->lines, names[i]);
  *own = found != NULL;
  r = chap_copy (found ? found : &c->others, out, err);
  pthread_mutex_unlock (&c->lock);
  return r;
}
