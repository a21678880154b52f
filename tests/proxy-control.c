/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy-conn.h"
#include "proxy-control.h"
#include "proxy-listen.h"
#include "proxy-loop.h"

#define LINE_MAX_LEN 4096

/* A client. */
struct control {
  struct source source;
  char line[LINE_MAX_LEN];
  size_t len;
  bool dead;
  struct control *next;
};

static struct control *controls;
static bool quitting;

/* Commands. */

static void
status (char *reply, size_t len)
{
  struct conn_facts f;

  conns_facts (&f);
  snprintf (reply, len, "ok connections=%u accepted=%" PRIu64 " killed=%"
            PRIu64 " up=%" PRIu64 " down=%" PRIu64 " ids=%s\n",
            f.open, f.accepted, f.killed, f.bytes[UP], f.bytes[DOWN], f.ids);
}

static bool
parse_direction (const char *word, enum direction *d)
{
  if (strcmp (word, "up") == 0)
    *d = UP;
  else if (strcmp (word, "down") == 0)
    *d = DOWN;
  else
    return false;
  return true;
}

static bool
command_trap (char **word, int n)
{
  enum direction d;

  if (n < 3 || atoll (word[2]) <= 0 || !parse_direction (word[1], &d))
    return false;
  if (strcmp (word[0], "cut") == 0)
    conns_cut (d, atoll (word[2]), n > 3 && strcmp (word[3], "fin") == 0);
  else
    conns_corrupt (d, atoll (word[2]));
  return true;
}

static bool
command_reset (char **word, int n)
{
  if (n <= 2)
    conns_kill (n == 2 ? strtoull (word[1], NULL, 10) : 0, false);
  else if (n == 3 && strcmp (word[1], "every") == 0)
    conns_reset_every (strtoull (word[2], NULL, 10) * 1000000);
  else
    return false;
  return true;
}

static bool
command_stall (char **word, int n)
{
  enum direction d;

  if (n != 2 || !parse_direction (word[1], &d))
    return false;
  conns_stall (0, d, true);
  return true;
}

static void
stall_both (uint64_t id, bool on)
{
  conns_stall (id, UP, on);
  conns_stall (id, DOWN, on);
}

static bool
command (char **word, int n)
{
  const char *w = word[0];

  if (strcmp (w, "reset") == 0)
    return command_reset (word, n);
  if (strcmp (w, "cut") == 0 || strcmp (w, "corrupt") == 0)
    return command_trap (word, n);
  if (strcmp (w, "stall") == 0)
    return command_stall (word, n);
  if (strcmp (w, "accept") == 0)
    return listen_again ();
  if (strcmp (w, "close") == 0)
    conns_kill (0, true);
  else if (strcmp (w, "freeze") == 0)
    stall_both (n == 2 ? strtoull (word[1], NULL, 10) : 0, true);
  else if (strcmp (w, "thaw") == 0)
    stall_both (0, false);
  else if (strcmp (w, "delay") == 0 && n == 2)
    conns_delay (strtoull (word[1], NULL, 10) * 1000);
  else if (strcmp (w, "refuse") == 0)
    listen_refuse ();
  else if (strcmp (w, "deny") == 0)
    listen_deny ();
  else if (strcmp (w, "blackhole") == 0)
    listen_blackhole (n > 1 ? atoll (word[1]) : -1);
  else if (strcmp (w, "quit") == 0)
    quitting = true;
  else
    return false;
  return true;
}

/* The serving side. */

static void
control_line (struct control *ctl, char *line)
{
  char reply[LINE_MAX_LEN];
  char *word[4], *save = NULL, *w;
  int n = 0;

  for (w = strtok_r (line, " ", &save); w != NULL && n < 4;
       w = strtok_r (NULL, " ", &save))
    word[n++] = w;
  if (n > 0 && strcmp (word[0], "status") == 0)
    status (reply, sizeof reply);
  else
    snprintf (reply, sizeof reply, "%s\n",
              n > 0 && command (word, n) ? "ok" : "error: not understood");
  if (send (ctl->source.fd, reply, strlen (reply), MSG_NOSIGNAL) == -1)
    ctl->dead = true;
}

static void
control_event (struct source *s, uint32_t events __attribute__((unused)))
{
  struct control *ctl = (struct control *) s;
  ssize_t r = recv (s->fd, ctl->line + ctl->len,
                    sizeof ctl->line - ctl->len, 0);
  char *nl;

  if (r == -1 && (errno == EAGAIN || errno == EINTR))
    return;
  if (r <= 0) {
    ctl->dead = true;
    return;
  }
  ctl->len += r;
  while ((nl = memchr (ctl->line, '\n', ctl->len)) != NULL) {
    *nl = '\0';
    control_line (ctl, ctl->line);
    ctl->len -= nl + 1 - ctl->line;
    memmove (ctl->line, nl + 1, ctl->len);
  }
  if (ctl->len == sizeof ctl->line)
    ctl->dead = true;
}

static void
control_accept (struct source *s, uint32_t events __attribute__((unused)))
{
  struct control *ctl;
  int fd = accept4 (s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd == -1)
    return;
  ctl = calloc (1, sizeof *ctl);
  if (ctl == NULL)
    err (EXIT_FAILURE, NULL);
  ctl->source = (struct source) { .fd = fd, .ready = control_event };
  ctl->next = controls;
  controls = ctl;
  watch (&ctl->source, EPOLLIN);
}

static int
control_socket (const char *path, struct sockaddr_un *un)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd == -1)
    err (EXIT_FAILURE, "socket");
  memset (un, 0, sizeof *un);
  un->sun_family = AF_UNIX;
  if (strlen (path) >= sizeof un->sun_path)
    errx (EXIT_FAILURE, "'%s' is too long for a socket", path);
  strcpy (un->sun_path, path);
  return fd;
}

void
control_init (const char *path)
{
  static struct source listener = { .ready = control_accept };
  struct sockaddr_un un;

  listener.fd = control_socket (path, &un);
  if (bind (listener.fd, (struct sockaddr *) &un, sizeof un) == -1 ||
      listen (listener.fd, 16) == -1)
    err (EXIT_FAILURE, "%s", path);
  watch (&listener, EPOLLIN);
}

bool
control_quit (void)
{
  return quitting;
}

void
control_sweep (void)
{
  struct control **pctl = &controls, *ctl;

  while ((ctl = *pctl) != NULL) {
    if (ctl->dead) {
      *pctl = ctl->next;
      watch (&ctl->source, 0);
      close (ctl->source.fd);
      free (ctl);
    }
    else
      pctl = &ctl->next;
  }
}

/* The client. */

int
control_send (const char *path, const char *line)
{
  struct sockaddr_un un;
  char reply[LINE_MAX_LEN + 1] = "";
  size_t len = 0;
  ssize_t r;
  int fd = control_socket (path, &un);

  if (connect (fd, (struct sockaddr *) &un, sizeof un) == -1 ||
      dprintf (fd, "%s\n", line) < 0)
    err (EXIT_FAILURE, "%s", path);
  while (len < LINE_MAX_LEN && memchr (reply, '\n', len) == NULL &&
         (r = read (fd, reply + len, LINE_MAX_LEN - len)) > 0)
    len += r;
  close (fd);
  reply[len] = '\0';
  fputs (reply, stdout);
  return strncmp (reply, "ok", 2) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
