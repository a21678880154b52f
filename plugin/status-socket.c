/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "debug.h"
#include "disk.h"
#include "status-socket.h"
#include "status.h"
#include "thread.h"

/* So many readers at a time: for one more the oldest has to go. */
#define MAX_READERS 128

/* A reader may take so long over all. */
#define READER_MS 10000

/* After what is not the reader's fault (EMFILE) none is let in for a while. */
#define PAUSE_MS 100

#define MAX_REQUEST 4096

/* It sends its request, and then reads. */
struct reader {
  int fd;
  uint64_t deadline;            /* clock_ms */
  char request[MAX_REQUEST];
  size_t request_len;
  char *answer;                 /* NULL: the request is not complete */
  size_t answer_len, sent;
};

static const char *path;        /* NULL: no socket */
static int listener = -1, stop_fd = -1;
static pthread_t thread;
static bool running;

/* Of the thread alone; the oldest first. */
static struct reader *readers[MAX_READERS];
static size_t nr_readers;
static uint64_t paused_until;   /* clock_ms */

/* ---- the answer ---- */

static uint64_t
unix_ms (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_REALTIME, &ts);
  return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static char *
make_text (size_t *len)
{
  struct status_report status = { .now = unix_ms () };
  char *text = NULL;
  FILE *fp;

  disk_report_all (&status);
  fp = status.failed ? NULL : open_memstream (&text, len);
  if (fp) {
    status_write (&status, PACKAGE_VERSION, fp);
    if (fclose (fp) != 0) {
      free (text);
      text = NULL;
    }
  }
  status_free (&status);
  return text;
}

static void
set_answer (struct reader *r, const char *code, const char *text, size_t len)
{
  int n = asprintf (&r->answer,
                    "HTTP/1.1 %s\r\n"
                    "Content-Type: text/plain; version=0.0.4\r\n"
                    "Content-Length: %zu\r\n"
                    "Connection: close\r\n"
                    "\r\n"
                    "%s", code, len, text);

  if (n == -1)
    r->answer = NULL;
  else
    r->answer_len = (size_t) n;
}

static void
answer (struct reader *r)
{
  size_t len;
  char *text;

  if (strncmp (r->request, "GET ", 4) != 0) {
    set_answer (r, "405 Method Not Allowed\r\nAllow: GET", "", 0);
    return;
  }
  text = make_text (&len);
  if (text)
    set_answer (r, "200 OK", text, len);
  else
    set_answer (r, "500 Internal Server Error", "", 0);
  free (text);
}

/* ---- readers ---- */

static void
drop (size_t i)
{
  struct reader *r = readers[i];

  close (r->fd);
  free (r->answer);
  free (r);
  nr_readers--;
  memmove (&readers[i], &readers[i + 1],
           (nr_readers - i) * sizeof readers[0]);
}

static void
let_in (void)
{
  const int fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct reader *r = NULL;

  if (fd >= 0)
    r = calloc (1, sizeof *r);
  if (r == NULL) {
    paused_until = clock_ms () + PAUSE_MS;
    if (fd >= 0)
      close (fd);
    return;
  }
  if (nr_readers == MAX_READERS)
    drop (0);
  r->fd = fd;
  r->deadline = clock_ms () + READER_MS;
  readers[nr_readers++] = r;
}

/* False: it is over. */
static bool
take_request (struct reader *r)
{
  char *end = &r->request[r->request_len];
  const size_t room = sizeof r->request - 1 - r->request_len;
  const ssize_t n = recv (r->fd, end, room, 0);

  if (n == -1)
    return errno == EAGAIN || errno == EINTR;
  r->request_len += (size_t) n;
  r->request[r->request_len] = '\0';
  if (strstr (r->request, "\n\r\n") || strstr (r->request, "\n\n"))
    answer (r);
  else
    return n > 0;               /* 0: it has closed, or there is no room */
  return r->answer != NULL;
}

static bool
send_answer (struct reader *r)
{
  const ssize_t n = send (r->fd, r->answer + r->sent, r->answer_len - r->sent,
                          MSG_NOSIGNAL);

  if (n == -1)
    return errno == EAGAIN || errno == EINTR;
  r->sent += (size_t) n;
  return r->sent < r->answer_len;
}

static bool
serve_reader (struct reader *r)
{
  if (r->answer == NULL && !take_request (r))
    return false;
  return r->answer == NULL || send_answer (r);
}

/* ---- the thread ---- */

/* Until when to sleep if nothing happens. */
static uint64_t
next_deadline (uint64_t now)
{
  uint64_t next = nr_readers > 0 ? readers[0]->deadline : NO_DEADLINE;

  return paused_until > now && paused_until < next ? paused_until : next;
}

static void
serve (struct pollfd *fds)
{
  const size_t n = nr_readers;
  size_t i;

  /* From the end, since those that are dropped leave a gap. */
  for (i = n; i-- > 0;)
    if (clock_ms () >= readers[i]->deadline ||
        (fds[2 + i].revents && !serve_reader (readers[i])))
      drop (i);
  if (fds[1].revents)
    let_in ();
}

static void *
serve_all (void *unused __attribute__ ((__unused__)))
{
  struct pollfd fds[2 + MAX_READERS];
  uint64_t now, next;
  size_t i;

  for (;;) {
    now = clock_ms ();
    next = next_deadline (now);
    fds[0] = (struct pollfd) { .fd = stop_fd, .events = POLLIN };
    fds[1] = (struct pollfd) { .fd = now < paused_until ? -1 : listener,
                               .events = POLLIN };
    for (i = 0; i < nr_readers; ++i)
      fds[2 + i] = (struct pollfd) {
        .fd = readers[i]->fd,
        .events = readers[i]->answer ? POLLOUT : POLLIN,
      };
    if (clock_poll (fds, 2 + nr_readers, next) == -1)
      continue;                 /* EINTR, ENOMEM */
    if (fds[0].revents)
      break;
    serve (fds);
  }
  while (nr_readers > 0)
    drop (nr_readers - 1);
  return NULL;
}

/* ---- the socket ---- */

static struct sockaddr_un
address_of (const char *name)
{
  struct sockaddr_un addr = { .sun_family = AF_UNIX };

  snprintf (addr.sun_path, sizeof addr.sun_path, "%s", name);
  return addr;
}

/* Has a server that did not end well left it behind?  Nobody listens then. */
static bool
is_left_behind (const char *name)
{
  const struct sockaddr_un addr = address_of (name);
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         0);
  struct stat st;
  bool r;

  if (fd == -1)
    return false;
  r = lstat (name, &st) == 0 && S_ISSOCK (st.st_mode) &&
    connect (fd, (const struct sockaddr *) &addr, sizeof addr) == -1 &&
    errno == ECONNREFUSED;
  close (fd);
  return r;
}

static int
bind_socket (int fd, const char *name)
{
  const struct sockaddr_un addr = address_of (name);
  const struct sockaddr *sa = (const struct sockaddr *) &addr;

  if (bind (fd, sa, sizeof addr) == 0)
    return 0;
  if (errno != EADDRINUSE)
    return -1;
  if (is_left_behind (name) && unlink (name) == 0)
    return bind (fd, sa, sizeof addr);
  errno = EADDRINUSE;
  return -1;
}

int
status_socket_open (const char *name, struct error *err)
{
  stop_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  listener = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  /* Before bind, which gives the mode of the socket to its name: there is no
   * moment at which others can connect.
   */
  if (stop_fd >= 0 && listener >= 0 &&
      fchmod (listener, S_IRUSR | S_IWUSR) == 0 &&
      bind_socket (listener, name) == 0) {
    path = name;
    if (listen (listener, SOMAXCONN) == 0)
      return 0;
  }
  error_set (err, errno, "status-socket: cannot make the socket %s: %s%s",
             name, strerror (errno), errno == EADDRINUSE
             ? ": another server has it, or it is another kind of file" : "");
  status_socket_close ();
  return -1;
}

int
status_socket_start (struct error *err)
{
  int r;

  if (path == NULL)
    return 0;
  r = thread_start (&thread, serve_all, NULL);
  running = r == 0;
  if (running)
    return 0;
  status_socket_close ();
  return error_set (err, r, "cannot start a thread: %s", strerror (r));
}

/* The name goes first: who finds it is to find somebody who listens. */
void
status_socket_close (void)
{
  const uint64_t one = 1;

  if (path && unlink (path) == -1)
    debug_verbose ("cannot remove %s: %s", path, strerror (errno));
  path = NULL;
  if (running && write (stop_fd, &one, sizeof one) == sizeof one)
    pthread_join (thread, NULL);
  running = false;
  if (listener >= 0)
    close (listener);
  if (stop_fd >= 0)
    close (stop_fd);
  listener = stop_fd = -1;
}
