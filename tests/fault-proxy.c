/* SPDX-License-Identifier: BSD-3-Clause */

/* A TCP proxy that goes wrong on demand, for fault tests and, with nothing
 * but a delay, for benchmarks.
 *
 *   fault-proxy --target ADDR:PORT --control SOCKET
 *               [--listen ADDR:PORT] [--delay US]
 *   fault-proxy --control SOCKET --command "LINE"
 *
 * The first form serves: it prints "port N" once it listens (port 0, the
 * default, lets the kernel choose) and takes commands, one a line, on the
 * Unix socket; each is answered with a line that starts with "ok" or
 * "error".  The second form sends one command, prints the answer and fails
 * unless it is "ok".
 *
 * "up" is from the client to the target, "down" the other way.  Commands:
 *
 *   status                connections, accepted, killed, bytes up and down,
 *                         and the ids of those that are open, oldest last
 *   reset [ID]            end it, or all, with a TCP reset on both sides
 *   reset every MS        again and again; 0 stops that
 *   close                 end every connection in order (FIN, both sides)
 *   cut up|down N [fin]   end the connection that carries the Nth byte from
 *                         now just after that byte, with a reset or a FIN
 *   corrupt up|down N     invert the Nth byte from now (1 is the next)
 *   freeze [ID]           neither read nor write it, or those that there
 *                         are, but keep them open; new ones pass
 *   stall up|down         the same in one direction only
 *   thaw                  end freeze and stall
 *   delay US              each way, without holding up what comes behind;
 *                         0 ends it
 *   refuse                close the listening socket: connection refused
 *   deny                  accept and reset at once
 *   blackhole [N]         accept and stay silent, for the next N
 *                         connections, or for good
 *   accept                end refuse, deny and blackhole; connections that
 *                         are silent stay so
 *   quit
 *
 * One thread, one epoll; each direction of each connection has a queue of
 * a fixed size, and is not read while that is full.
 */

#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_SIZE (4 * 1024 * 1024)
#define MARKS 4096
#define LINE_MAX_LEN 512

enum { UP, DOWN };

/* What an epoll event is about. */
enum kind { LISTENER, TIMER, CONTROL_LISTENER, CONTROL, END };

struct source {
  enum kind kind;
  int fd;
  uint32_t events;              /* what epoll waits for */
  bool watched;                 /* known to epoll */
};

/* The bytes up to ‘end’ may leave at ‘due’. */
struct mark {
  uint64_t end, due;
};

/* One direction: a ring of bytes, addressed by how many ever came in. */
struct half {
  uint8_t *ring;
  uint64_t in, out;
  struct mark *marks;
  unsigned first_mark, n_marks;
  bool eof, eof_sent;           /* read, passed on */
  uint64_t eof_due;
  bool stalled;
  bool full;                    /* the other side's socket is */
};

struct conn {
  struct source end[2];         /* [UP]: the client; [DOWN]: the target.
                                   half[d] goes from end[d] to end[!d] */
  struct half half[2];
  struct conn *next;
  uint64_t id;                  /* from 1, in the order of arrival */
  bool connecting, silent, dead;
};

struct control {
  struct source source;
  char line[LINE_MAX_LEN];
  size_t len;
  bool dead;
  struct control *next;
};

/* Something that happens at the nth byte from now. */
struct trap {
  bool set, fin;
  uint64_t left;
};

static int epfd = -1;
static struct source listener = { .kind = LISTENER, .fd = -1 };
static struct source timer = { .kind = TIMER, .fd = -1 };
static struct source control_listener = { .kind = CONTROL_LISTENER,
                                          .fd = -1 };
static struct conn *conns;
static struct control *controls;
static struct sockaddr_storage listen_addr, target_addr;
static socklen_t listen_len, target_len;
static const char *control_path;

static struct trap cuts[2], corruptions[2];
static uint64_t delay_ns, reset_every_ns, next_reset;
static bool refusing, denying, quitting;
static int64_t blackholes;      /* connections to come; -1: all */
static uint64_t n_accepted, n_killed, n_bytes[2];

static void __attribute__((noreturn, format (printf, 1, 2)))
die (const char *fs, ...)
{
  va_list args;

  fprintf (stderr, "fault-proxy: ");
  va_start (args, fs);
  vfprintf (stderr, fs, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (EXIT_FAILURE);
}

static uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* epoll reports errors and hang-ups of whatever it knows, asked or not: a
 * source that waits for nothing is taken out, or the loop would spin.
 */
static void
watch (struct source *s, uint32_t events)
{
  struct epoll_event ev = { .events = events, .data.ptr = s };

  if (events == s->events && s->watched == (events != 0))
    return;
  if (epoll_ctl (epfd, events == 0 ? EPOLL_CTL_DEL
                 : s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                 s->fd, &ev) == -1)
    die ("epoll_ctl: %s", strerror (errno));
  s->watched = events != 0;
  s->events = events;
}

/* Connections. */

static void
kill_conn (struct conn *c, bool fin)
{
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  int i;

  if (c->dead)
    return;
  for (i = 0; i < 2; ++i) {
    if (c->end[i].fd == -1)
      continue;
    if (!fin)
      setsockopt (c->end[i].fd, SOL_SOCKET, SO_LINGER,
                  &reset, sizeof reset);
    watch (&c->end[i], 0);
    close (c->end[i].fd);
  }
  c->dead = true;
  n_killed++;
}

/* id 0: all of them. */
static void
kill_conns (uint64_t id, bool fin)
{
  struct conn *c;

  for (c = conns; c != NULL; c = c->next)
    if (id == 0 || c->id == id)
      kill_conn (c, fin);
}

static void
free_conn (struct conn *c)
{
  int d;

  for (d = 0; d < 2; ++d) {
    free (c->half[d].ring);
    free (c->half[d].marks);
  }
  free (c);
}

static struct conn *
new_conn (int fd)
{
  struct conn *c = calloc (1, sizeof *c);
  const int one = 1;
  int d;

  if (c == NULL)
    die ("%s", strerror (errno));
  for (d = 0; d < 2; ++d) {
    c->end[d] = (struct source) { .kind = END, .fd = -1 };
    c->half[d].ring = malloc (QUEUE_SIZE);
    c->half[d].marks = calloc (MARKS, sizeof (struct mark));
    if (c->half[d].ring == NULL || c->half[d].marks == NULL)
      die ("%s", strerror (errno));
  }
  c->id = n_accepted;
  c->end[UP].fd = fd;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->next = conns;
  conns = c;
  return c;
}

static void
connect_target (struct conn *c)
{
  const int one = 1;
  int fd = socket (target_addr.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd == -1)
    die ("socket: %s", strerror (errno));
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->end[DOWN].fd = fd;
  c->connecting = true;
  if (connect (fd, (struct sockaddr *) &target_addr, target_len) == -1 &&
      errno != EINPROGRESS)
    kill_conn (c, false);
}

static void
accept_conn (void)
{
  struct conn *c;
  int fd = accept4 (listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd == -1)
    return;
  n_accepted++;
  c = new_conn (fd);
  if (denying)
    kill_conn (c, false);
  else if (blackholes != 0) {
    c->silent = true;
    if (blackholes > 0)
      blackholes--;
  }
  else
    connect_target (c);
}

/* Data. */

static uint64_t
room (const struct half *h)
{
  return h->n_marks < MARKS ? QUEUE_SIZE - (h->in - h->out) : 0;
}

/* ‘n’ bytes of the ring from position ‘at’, in at most two pieces. */
static int
ring_iov (struct half *h, uint64_t at, size_t n, struct iovec iov[2])
{
  size_t start = at % QUEUE_SIZE;
  size_t first = n < QUEUE_SIZE - start ? n : QUEUE_SIZE - start;

  iov[0] = (struct iovec) { .iov_base = h->ring + start, .iov_len = first };
  iov[1] = (struct iovec) { .iov_base = h->ring, .iov_len = n - first };
  return first < n ? 2 : 1;
}

static void
read_half (struct conn *c, int d)
{
  struct half *h = &c->half[d];
  struct iovec iov[2];
  uint64_t n = room (h);
  ssize_t r;
  int niov;

  if (n == 0 || h->eof)
    return;
  niov = ring_iov (h, h->in, n, iov);
  r = readv (c->end[d].fd, iov, niov);
  if (r == -1) {
    if (errno != EAGAIN && errno != EINTR)
      kill_conn (c, false);
    return;
  }
  if (r == 0) {
    h->eof = true;
    h->eof_due = now_ns () + delay_ns;
    return;
  }
  h->in += r;
  h->marks[(h->first_mark + h->n_marks++) % MARKS] =
    (struct mark) { .end = h->in, .due = now_ns () + delay_ns };
}

/* How many bytes may leave now. */
static uint64_t
ready (struct half *h, uint64_t now)
{
  uint64_t end = h->out;
  unsigned i;

  for (i = 0; i < h->n_marks; ++i) {
    const struct mark *m = &h->marks[(h->first_mark + i) % MARKS];

    if (m->due > now)
      break;
    end = m->end;
  }
  return end - h->out;
}

static void
drop_marks (struct half *h)
{
  while (h->n_marks > 0 && h->marks[h->first_mark].end <= h->out) {
    h->first_mark = (h->first_mark + 1) % MARKS;
    h->n_marks--;
  }
}

/* Flip the byte of a corruption that falls into the next ‘n’.  The ring
 * keeps it flipped if it cannot be sent yet.
 */
static void
corrupt (struct half *h, int d, uint64_t n)
{
  struct trap *t = &corruptions[d];

  if (t->set && t->left <= n) {
    h->ring[(h->out + t->left - 1) % QUEUE_SIZE] ^= 0xff;
    t->set = false;
  }
}

static void
count_down (struct trap *t, uint64_t n)
{
  if (t->set)
    t->left -= n;
}

static void
write_half (struct conn *c, int d, uint64_t now)
{
  struct half *h = &c->half[d];
  struct iovec iov[2];
  struct msghdr msg = { .msg_iov = iov };
  uint64_t n = ready (h, now);
  ssize_t r;

  if (n > 0) {
    if (cuts[d].set && n > cuts[d].left)
      n = cuts[d].left;
    corrupt (h, d, n);
    msg.msg_iovlen = ring_iov (h, h->out, n, iov);
    r = sendmsg (c->end[!d].fd, &msg, MSG_NOSIGNAL);
    if (r == -1) {
      h->full = errno == EAGAIN;
      if (errno != EAGAIN && errno != EINTR)
        kill_conn (c, false);
      return;
    }
    h->out += r;
    h->full = (uint64_t) r < n;
    n_bytes[d] += r;
    drop_marks (h);
    count_down (&corruptions[d], r);
    count_down (&cuts[d], r);
    if (cuts[d].set && cuts[d].left == 0) {
      cuts[d].set = false;
      kill_conn (c, cuts[d].fin);
      return;
    }
  }
  if (h->eof && !h->eof_sent && h->in == h->out && h->eof_due <= now) {
    h->eof_sent = true;
    shutdown (c->end[!d].fd, SHUT_WR);
  }
  if (c->half[UP].eof_sent && c->half[DOWN].eof_sent)
    kill_conn (c, true);
}

static void
check_connected (struct conn *c)
{
  int err = 0;
  socklen_t len = sizeof err;

  getsockopt (c->end[DOWN].fd, SOL_SOCKET, SO_ERROR, &err, &len);
  c->connecting = false;
  if (err != 0)
    kill_conn (c, false);
}

/* Move what can be moved, then wait for what is needed to go on. */
static void
pump (struct conn *c, uint64_t now)
{
  uint32_t want[2] = { 0, 0 };
  int d;

  for (d = 0; d < 2 && !c->dead && !c->silent && !c->connecting; ++d) {
    if (!c->half[d].stalled && !c->half[d].full)
      write_half (c, d, now);
  }
  if (c->dead)
    return;
  if (c->connecting)
    want[DOWN] = EPOLLOUT;
  else if (!c->silent) {
    for (d = 0; d < 2; ++d) {
      if (c->half[d].stalled)
        continue;
      if (room (&c->half[d]) > 0 && !c->half[d].eof)
        want[d] |= EPOLLIN;
      if (c->half[d].full)
        want[!d] |= EPOLLOUT;
    }
  }
  for (d = 0; d < 2; ++d)
    if (c->end[d].fd != -1)
      watch (&c->end[d], want[d]);
}

static void
end_event (struct conn *c, int d, uint32_t events)
{
  if (c->dead)
    return;
  if (c->connecting) {
    check_connected (c);
    return;
  }
  if ((events & EPOLLOUT) != 0)
    c->half[!d].full = false;
  /* An error shows when reading. */
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 &&
      !c->half[d].stalled && !c->silent)
    read_half (c, d);
  /* A reset while there is nothing to read from this side any more. */
  if (!c->dead && (events & EPOLLERR) != 0 && c->half[d].eof)
    kill_conn (c, false);
}

/* Which connection an event belongs to. */
static void
find_end (struct source *s, uint32_t events)
{
  struct conn *c;
  int d;

  for (c = conns; c != NULL; c = c->next)
    for (d = 0; d < 2; ++d)
      if (&c->end[d] == s) {
        end_event (c, d, events);
        return;
      }
}

/* Commands. */

static int
start_listening (void)
{
  const int one = 1;
  int fd = socket (listen_addr.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd == -1)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (fd, (struct sockaddr *) &listen_addr, listen_len) == -1 ||
      listen (fd, 128) == -1 ||
      getsockname (fd, (struct sockaddr *) &listen_addr,
                   &listen_len) == -1) {
    close (fd);
    return -1;
  }
  listener.fd = fd;
  watch (&listener, EPOLLIN);
  return 0;
}

static void
stop_listening (void)
{
  if (refusing)
    return;
  watch (&listener, 0);
  close (listener.fd);
  listener.fd = -1;
  refusing = true;
}

static bool
command_accept (void)
{
  denying = false;
  blackholes = 0;
  if (refusing && start_listening () == -1)
    return false;
  refusing = false;
  return true;
}

static void
stall (uint64_t id, int d, bool on)
{
  struct conn *c;

  for (c = conns; c != NULL; c = c->next)
    if (id == 0 || c->id == id)
      c->half[d].stalled = on;
}

static void
status (char *reply, size_t len)
{
  unsigned n = 0;
  char ids[LINE_MAX_LEN / 2] = "";
  size_t used = 0;
  struct conn *c;

  for (c = conns; c != NULL; c = c->next) {
    n += !c->dead;
    /* As many as fit. */
    if (!c->dead && used + 24 < sizeof ids)
      used += sprintf (ids + used, "%s%" PRIu64, used ? "," : "", c->id);
  }
  snprintf (reply, len, "ok connections=%u accepted=%" PRIu64 " killed=%"
            PRIu64 " up=%" PRIu64 " down=%" PRIu64 " ids=%s\n",
            n, n_accepted, n_killed, n_bytes[UP], n_bytes[DOWN], ids);
}

static bool
set_trap (struct trap *traps, char **word, int n)
{
  int d;

  if (n < 3 || atoll (word[2]) <= 0)
    return false;
  if (strcmp (word[1], "up") == 0)
    d = UP;
  else if (strcmp (word[1], "down") == 0)
    d = DOWN;
  else
    return false;
  traps[d] = (struct trap) {
    .set = true, .left = atoll (word[2]),
    .fin = n > 3 && strcmp (word[3], "fin") == 0,
  };
  return true;
}

static bool
command_reset (char **word, int n)
{
  if (n <= 2)
    kill_conns (n == 2 ? strtoull (word[1], NULL, 10) : 0, false);
  else if (n == 3 && strcmp (word[1], "every") == 0) {
    reset_every_ns = strtoull (word[2], NULL, 10) * 1000000;
    next_reset = now_ns () + reset_every_ns;
  }
  else
    return false;
  return true;
}

static bool
command_stall (char **word, int n)
{
  if (n == 2 && strcmp (word[1], "up") == 0)
    stall (0, UP, true);
  else if (n == 2 && strcmp (word[1], "down") == 0)
    stall (0, DOWN, true);
  else
    return false;
  return true;
}

static bool
command (char **word, int n)
{
  const char *w = word[0];

  if (strcmp (w, "reset") == 0)
    return command_reset (word, n);
  if (strcmp (w, "cut") == 0)
    return set_trap (cuts, word, n);
  if (strcmp (w, "corrupt") == 0)
    return set_trap (corruptions, word, n);
  if (strcmp (w, "stall") == 0)
    return command_stall (word, n);
  if (strcmp (w, "accept") == 0)
    return command_accept ();
  if (strcmp (w, "close") == 0)
    kill_conns (0, true);
  else if (strcmp (w, "freeze") == 0) {
    uint64_t id = n == 2 ? strtoull (word[1], NULL, 10) : 0;

    stall (id, UP, true);
    stall (id, DOWN, true);
  }
  else if (strcmp (w, "thaw") == 0) {
    stall (0, UP, false);
    stall (0, DOWN, false);
  }
  else if (strcmp (w, "delay") == 0 && n == 2)
    delay_ns = strtoull (word[1], NULL, 10) * 1000;
  else if (strcmp (w, "refuse") == 0)
    stop_listening ();
  else if (strcmp (w, "deny") == 0)
    denying = true;
  else if (strcmp (w, "blackhole") == 0)
    blackholes = n > 1 ? atoll (word[1]) : -1;
  else if (strcmp (w, "quit") == 0)
    quitting = true;
  else
    return false;
  return true;
}

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
control_event (struct control *ctl)
{
  ssize_t r = recv (ctl->source.fd, ctl->line + ctl->len,
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
control_accept (void)
{
  struct control *ctl;
  int fd = accept4 (control_listener.fd, NULL, NULL,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd == -1)
    return;
  ctl = calloc (1, sizeof *ctl);
  if (ctl == NULL)
    die ("%s", strerror (errno));
  ctl->source = (struct source) { .kind = CONTROL, .fd = fd };
  ctl->next = controls;
  controls = ctl;
  watch (&ctl->source, EPOLLIN);
}

/* The loop. */

static void
sweep (void)
{
  struct conn **pc = &conns, *c;
  struct control **pctl = &controls, *ctl;

  while ((c = *pc) != NULL) {
    if (c->dead) {
      *pc = c->next;
      free_conn (c);
    }
    else
      pc = &c->next;
  }
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

/* The next time that something happens by itself; 0: never. */
static uint64_t
next_due (void)
{
  uint64_t due = reset_every_ns ? next_reset : UINT64_MAX;
  struct conn *c;
  int d;

  for (c = conns; c != NULL; c = c->next)
    for (d = 0; d < 2; ++d) {
      const struct half *h = &c->half[d];

      if (h->stalled || h->full)
        continue;
      if (h->n_marks > 0 && h->marks[h->first_mark].due < due)
        due = h->marks[h->first_mark].due;
      if (h->n_marks == 0 && h->eof && !h->eof_sent && h->eof_due < due)
        due = h->eof_due;
    }
  return due == UINT64_MAX ? 0 : due;
}

static void
set_timer (void)
{
  static uint64_t set_to;
  uint64_t due = next_due ();
  struct itimerspec its = {
    .it_value = { .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 },
  };

  if (due != set_to)
    timerfd_settime (timer.fd, TFD_TIMER_ABSTIME, &its, NULL);
  set_to = due;
}

static void
timer_event (void)
{
  uint64_t n;

  if (read (timer.fd, &n, sizeof n) == -1)
    return;
  if (reset_every_ns != 0 && next_reset <= now_ns ()) {
    kill_conns (0, false);
    next_reset += reset_every_ns;
  }
}

static void
event (struct source *s, uint32_t events)
{
  switch (s->kind) {
  case LISTENER: accept_conn (); break;
  case TIMER: timer_event (); break;
  case CONTROL_LISTENER: control_accept (); break;
  case CONTROL: control_event ((struct control *) s); break;
  case END: find_end (s, events); break;
  }
}

static void
loop (void)
{
  struct epoll_event ev[64];
  struct conn *c;
  uint64_t now;
  int i, n;

  while (!quitting) {
    n = epoll_wait (epfd, ev, sizeof ev / sizeof ev[0], -1);
    if (n == -1 && errno != EINTR)
      die ("epoll_wait: %s", strerror (errno));
    for (i = 0; i < n; ++i)
      event (ev[i].data.ptr, ev[i].events);
    now = now_ns ();
    for (c = conns; c != NULL; c = c->next)
      if (!c->dead)
        pump (c, now);
    sweep ();
    set_timer ();
  }
}

/* Setting up. */

static void
parse_address (const char *str, struct sockaddr_storage *addr,
               socklen_t *len)
{
  const struct addrinfo hints = {
    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    .ai_socktype = SOCK_STREAM,
  };
  struct addrinfo *ai;
  char host[64];
  const char *colon = strrchr (str, ':');
  size_t n;

  if (colon == NULL || (n = colon - str) >= sizeof host)
    die ("'%s' is not ADDRESS:PORT", str);
  memcpy (host, str, n);
  host[n] = '\0';
  if (host[0] == '[' && host[n-1] == ']') {
    host[n-1] = '\0';
    memmove (host, host + 1, n - 1);
  }
  if (getaddrinfo (host, colon + 1, &hints, &ai) != 0)
    die ("'%s' is not ADDRESS:PORT", str);
  memcpy (addr, ai->ai_addr, ai->ai_addrlen);
  *len = ai->ai_addrlen;
  freeaddrinfo (ai);
}

static int
control_socket (struct sockaddr_un *un)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd == -1)
    die ("socket: %s", strerror (errno));
  memset (un, 0, sizeof *un);
  un->sun_family = AF_UNIX;
  if (strlen (control_path) >= sizeof un->sun_path)
    die ("'%s' is too long for a socket", control_path);
  strcpy (un->sun_path, control_path);
  return fd;
}

static int
send_command (const char *line)
{
  struct sockaddr_un un;
  char reply[LINE_MAX_LEN + 1] = "";
  size_t len = 0;
  ssize_t r;
  int fd = control_socket (&un);

  if (connect (fd, (struct sockaddr *) &un, sizeof un) == -1 ||
      dprintf (fd, "%s\n", line) < 0)
    die ("%s: %s", control_path, strerror (errno));
  while (len < LINE_MAX_LEN && memchr (reply, '\n', len) == NULL &&
         (r = read (fd, reply + len, LINE_MAX_LEN - len)) > 0)
    len += r;
  close (fd);
  reply[len] = '\0';
  fputs (reply, stdout);
  return strncmp (reply, "ok", 2) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
serve (void)
{
  struct sockaddr_un un;
  char port[NI_MAXSERV];

  signal (SIGPIPE, SIG_IGN);
  epfd = epoll_create1 (EPOLL_CLOEXEC);
  timer.fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epfd == -1 || timer.fd == -1)
    die ("%s", strerror (errno));
  watch (&timer, EPOLLIN);

  control_listener.fd = control_socket (&un);
  if (bind (control_listener.fd, (struct sockaddr *) &un, sizeof un) == -1 ||
      listen (control_listener.fd, 16) == -1)
    die ("%s: %s", control_path, strerror (errno));
  watch (&control_listener, EPOLLIN);

  if (start_listening () == -1)
    die ("cannot listen: %s", strerror (errno));
  getnameinfo ((struct sockaddr *) &listen_addr, listen_len, NULL, 0,
               port, sizeof port, NI_NUMERICSERV);
  printf ("port %s\n", port);
  fflush (stdout);

  loop ();
  kill_conns (0, false);
  sweep ();
  unlink (control_path);
}

int
main (int argc, char *argv[])
{
  static const struct option options[] = {
    { "listen", required_argument, NULL, 'l' },
    { "target", required_argument, NULL, 't' },
    { "control", required_argument, NULL, 'c' },
    { "command", required_argument, NULL, 'x' },
    { "delay", required_argument, NULL, 'd' },
    { NULL, 0, NULL, 0 }
  };
  const char *listen_on = "127.0.0.1:0", *target = NULL, *line = NULL;
  int o;

  while ((o = getopt_long (argc, argv, "", options, NULL)) != -1)
    switch (o) {
    case 'l': listen_on = optarg; break;
    case 't': target = optarg; break;
    case 'c': control_path = optarg; break;
    case 'x': line = optarg; break;
    case 'd': delay_ns = strtoull (optarg, NULL, 10) * 1000; break;
    default: exit (EXIT_FAILURE);
    }
  if (optind != argc || control_path == NULL ||
      (target == NULL) == (line == NULL))
    die ("usage: --target ADDR:PORT --control SOCKET [--listen ADDR:PORT] "
         "[--delay US], or --control SOCKET --command LINE");
  if (line != NULL)
    return send_command (line);

  parse_address (listen_on, &listen_addr, &listen_len);
  parse_address (target, &target_addr, &target_len);
  serve ();
  return EXIT_SUCCESS;
}
