/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <sys/epoll.h>
#include <unistd.h>

#include "proxy-conn.h"
#include "proxy-listen.h"
#include "proxy-loop.h"

static struct sockaddr_storage listen_addr;
static socklen_t listen_len;
static bool refusing, denying;
static int64_t blackholes;      /* connections to come; -1: all */

static void
accept_conn (struct source *s, uint32_t events __attribute__((unused)))
{
  int fd = accept4 (s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd == -1)
    return;
  if (denying)
    conns_accept (fd, RESET);
  else if (blackholes != 0) {
    conns_accept (fd, SILENCE);
    if (blackholes > 0)
      blackholes--;
  }
  else
    conns_accept (fd, CONNECT);
}

static struct source listener = { .fd = -1, .ready = accept_conn };

static bool
start_listening (void)
{
  const int one = 1;
  int fd = socket (listen_addr.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd == -1)
    return false;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (fd, (struct sockaddr *) &listen_addr, listen_len) == -1 ||
      listen (fd, 128) == -1 ||
      getsockname (fd, (struct sockaddr *) &listen_addr,
                   &listen_len) == -1) {
    close (fd);
    return false;
  }
  listener.fd = fd;
  watch (&listener, EPOLLIN);
  return true;
}

bool
listen_init (const struct sockaddr_storage *addr, socklen_t len)
{
  listen_addr = *addr;
  listen_len = len;
  return start_listening ();
}

const struct sockaddr *
listen_address (socklen_t *len)
{
  *len = listen_len;
  return (const struct sockaddr *) &listen_addr;
}

void
listen_refuse (void)
{
  if (refusing)
    return;
  watch (&listener, 0);
  close (listener.fd);
  listener.fd = -1;
  refusing = true;
}

void
listen_deny (void)
{
  denying = true;
}

void
listen_blackhole (int64_t n)
{
  blackholes = n;
}

bool
listen_again (void)
{
  denying = false;
  blackholes = 0;
  if (refusing && !start_listening ())
    return false;
  refusing = false;
  return true;
}
