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
 * One thread, one epoll (proxy-loop.c); each direction of each connection
 * (proxy-conn.c) has a queue of a fixed size (proxy-queue.c), and is not
 * read while that is full.  proxy-listen.c receives the connections, and
 * proxy-control.c the commands.
 */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "proxy-conn.h"
#include "proxy-control.h"
#include "proxy-listen.h"
#include "proxy-loop.h"

/* The loop. */

static void
timer_event (struct source *s, uint32_t events __attribute__((unused)))
{
  uint64_t n;

  if (read (s->fd, &n, sizeof n) != -1)
    conns_tick ();
}

static void
set_timer (int fd)
{
  static uint64_t set_to;
  uint64_t due = conns_due ();
  struct itimerspec its = {
    .it_value = { .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 },
  };

  if (due != set_to)
    timerfd_settime (fd, TFD_TIMER_ABSTIME, &its, NULL);
  set_to = due;
}

static void
loop (void)
{
  struct source timer = { .ready = timer_event };

  timer.fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer.fd == -1)
    err (EXIT_FAILURE, NULL);
  watch (&timer, EPOLLIN);
  while (!control_quit ()) {
    loop_wait ();
    conns_run ();
    control_sweep ();
    set_timer (timer.fd);
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
    errx (EXIT_FAILURE, "'%s' is not ADDRESS:PORT", str);
  memcpy (host, str, n);
  host[n] = '\0';
  if (host[0] == '[' && host[n-1] == ']') {
    host[n-1] = '\0';
    memmove (host, host + 1, n - 1);
  }
  if (getaddrinfo (host, colon + 1, &hints, &ai) != 0)
    errx (EXIT_FAILURE, "'%s' is not ADDRESS:PORT", str);
  memcpy (addr, ai->ai_addr, ai->ai_addrlen);
  *len = ai->ai_addrlen;
  freeaddrinfo (ai);
}

static void
serve (const char *control, const struct sockaddr_storage *addr,
       socklen_t len)
{
  const struct sockaddr *listening;
  char port[NI_MAXSERV];

  signal (SIGPIPE, SIG_IGN);
  loop_init ();
  control_init (control);
  if (!listen_init (addr, len))
    err (EXIT_FAILURE, "cannot listen");
  listening = listen_address (&len);
  getnameinfo (listening, len, NULL, 0, port, sizeof port, NI_NUMERICSERV);
  printf ("port %s\n", port);
  fflush (stdout);

  loop ();
  conns_kill (0, false);
  conns_sweep ();
  control_sweep ();
  unlink (control);
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
  const char *listen_on = "127.0.0.1:0", *target = NULL;
  const char *control = NULL, *line = NULL;
  struct sockaddr_storage addr, target_addr;
  socklen_t len, target_len;
  int o;

  while ((o = getopt_long (argc, argv, "", options, NULL)) != -1)
    switch (o) {
    case 'l': listen_on = optarg; break;
    case 't': target = optarg; break;
    case 'c': control = optarg; break;
    case 'x': line = optarg; break;
    case 'd': conns_delay (strtoull (optarg, NULL, 10) * 1000); break;
    default: exit (EXIT_FAILURE);
    }
  if (optind != argc || control == NULL ||
      (target == NULL) == (line == NULL))
    errx (EXIT_FAILURE,
          "usage: --target ADDR:PORT --control SOCKET [--listen ADDR:PORT] "
          "[--delay US], or --control SOCKET --command LINE");
  if (line != NULL)
    return control_send (control, line);

  parse_address (listen_on, &addr, &len);
  parse_address (target, &target_addr, &target_len);
  conns_init (&target_addr, target_len);
  serve (control, &addr, len);
  return EXIT_SUCCESS;
}
