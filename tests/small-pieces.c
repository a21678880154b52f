/* SPDX-License-Identifier: BSD-3-Clause */

/* Loaded into a server (LD_PRELOAD): its IPv4 sockets take and give little at
 * a time, or nothing, as those of a slow link do when they must.  Many pieces
 * end in a header, which the kernel hardly ever does.  At the end it tells how
 * many calls did not get all that they asked for.
 */

#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define HEADER    48            /* of iSCSI, without its digest */
#define MAX_PIECE 16384
#define MAX_IOV   8

/* The kernel may take less than all buffers, too. */
struct piece {
  struct iovec iov[MAX_IOV];
  struct msghdr msg;
};

static ssize_t (*real_sendmsg) (int, const struct msghdr *, int);
static ssize_t (*real_recvmsg) (int, struct msghdr *, int);
static ssize_t (*real_sendto) (int, const void *, size_t, int,
                               const struct sockaddr *, socklen_t);
static ssize_t (*real_recvfrom) (int, void *, size_t, int,
                                 struct sockaddr *, socklen_t *);

static atomic_uint state = 1;
static atomic_ulong sent, received;

static void find (void) __attribute__ ((constructor));
static void tell (void) __attribute__ ((destructor));

static void
find_one (void *function, const char *name)
{
  void *p = dlsym (RTLD_NEXT, name);

  memcpy (function, &p, sizeof p);
}

static void
find (void)
{
  find_one (&real_sendmsg, "sendmsg");
  find_one (&real_recvmsg, "recvmsg");
  find_one (&real_sendto, "sendto");
  find_one (&real_recvfrom, "recvfrom");
}

static void
tell (void)
{
  if (sent > 0 || received > 0)
    fprintf (stderr, "small pieces: %lu sent, %lu received\n", sent, received);
}

static unsigned
below (unsigned n)
{
  unsigned old = state, new;

  do
    new = old * 1664525 + 1013904223;
  while (!atomic_compare_exchange_weak (&state, &old, new));
  return (new >> 8) % n;
}

static bool
is_ipv4 (int fd)
{
  struct sockaddr_storage addr;
  socklen_t len = sizeof addr;

  return getsockname (fd, (struct sockaddr *) &addr, &len) == 0 &&
    addr.ss_family == AF_INET;
}

/* Some bytes of the message; false: none, and errno is EAGAIN. */
static bool
cut (const struct msghdr *msg, struct piece *p, atomic_ulong *count)
{
  const size_t most =
    1 + below (below (2) == 0 ? HEADER + HEADER / 2 : MAX_PIECE);
  size_t i, n, left = most;

  if (below (4) == 0) {
    ++*count;
    errno = EAGAIN;
    return false;
  }
  for (i = 0; i < MAX_IOV && i < msg->msg_iovlen && left > 0; ++i) {
    n = msg->msg_iov[i].iov_len < left ? msg->msg_iov[i].iov_len : left;
    p->iov[i] = (struct iovec) { msg->msg_iov[i].iov_base, n };
    left -= n;
  }
  if (left == 0)
    ++*count;
  p->msg = (struct msghdr) { .msg_iov = p->iov, .msg_iovlen = i };
  return true;
}

ssize_t
sendmsg (int fd, const struct msghdr *msg, int flags)
{
  struct piece p;

  if (!is_ipv4 (fd))
    return real_sendmsg (fd, msg, flags);
  return cut (msg, &p, &sent) ? real_sendmsg (fd, &p.msg, flags) : -1;
}

ssize_t
recvmsg (int fd, struct msghdr *msg, int flags)
{
  struct piece p;

  if (!is_ipv4 (fd))
    return real_recvmsg (fd, msg, flags);
  return cut (msg, &p, &received) ? real_recvmsg (fd, &p.msg, flags) : -1;
}

ssize_t
sendto (int fd, const void *buf, size_t len, int flags,
        const struct sockaddr *to, socklen_t to_len)
{
  struct iovec iov = { (void *) buf, len };
  const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

  return is_ipv4 (fd) ? sendmsg (fd, &msg, flags)
    : real_sendto (fd, buf, len, flags, to, to_len);
}

ssize_t
recvfrom (int fd, void *buf, size_t len, int flags, struct sockaddr *from,
          socklen_t *from_len)
{
  struct iovec iov = { buf, len };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

  return is_ipv4 (fd) ? recvmsg (fd, &msg, flags)
    : real_recvfrom (fd, buf, len, flags, from, from_len);
}
