/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netdb.h>
#include <netinet/in.h>

#include "clock.h"
#include "resolve.h"
#include "thread.h"

/* A lookup that may outlive the caller who asked for it: getaddrinfo(3)
 * has no deadline, so the one who comes last frees it.
 */
struct lookup {
  pthread_mutex_t lock;
  pthread_cond_t cond;
  bool finished, abandoned;
  int result;                   /* of getaddrinfo */
  struct addrinfo *ai;
  char host[];
};

static int
lookup_host (const char *host, int flags, struct addrinfo **ai)
{
  const struct addrinfo hints = {
    .ai_family = AF_UNSPEC,
    .ai_socktype = SOCK_STREAM,
    .ai_flags = flags,
  };

  return getaddrinfo (host, NULL, &hints, ai);
}

static void
free_lookup (struct lookup *l)
{
  if (l->ai)
    freeaddrinfo (l->ai);
  pthread_cond_destroy (&l->cond);
  pthread_mutex_destroy (&l->lock);
  free (l);
}

static void *
lookup_thread (void *lv)
{
  struct lookup *l = lv;
  struct addrinfo *ai = NULL;
  bool abandoned;
  int r;

  r = lookup_host (l->host, AI_ADDRCONFIG, &ai);

  pthread_mutex_lock (&l->lock);
  l->result = r;
  l->ai = r == 0 ? ai : NULL;
  l->finished = true;
  abandoned = l->abandoned;
  pthread_cond_signal (&l->cond);
  pthread_mutex_unlock (&l->lock);

  if (abandoned)
    free_lookup (l);
  return NULL;
}

static struct lookup *
start_lookup (const char *host, struct error *err)
{
  struct lookup *l;
  pthread_t thread;
  int r;

  l = calloc (1, sizeof *l + strlen (host) + 1);
  if (l == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  strcpy (l->host, host);
  pthread_mutex_init (&l->lock, NULL);
  clock_cond_init (&l->cond);

  r = thread_start (&thread, lookup_thread, l);
  if (r != 0) {
    free_lookup (l);
    error_set (err, r, "cannot start a thread: %s", strerror (r));
    return NULL;
  }
  pthread_detach (thread);
  return l;
}

/* Wait for a name's addresses.  The caller frees *ai. */
static int
lookup_name (const char *host, uint64_t deadline, const struct stop *stop,
             struct addrinfo **ai, struct error *err)
{
  struct lookup *l = start_lookup (host, err);
  bool stopped = false;
  int result;

  if (l == NULL)
    return -1;

  pthread_mutex_lock (&l->lock);
  while (!l->finished && clock_left (deadline) > 0 && !stopped) {
    clock_wait (&l->cond, &l->lock, stop_slice (deadline));
    stopped = !l->finished && stop_asked (stop);
  }
  if (!l->finished) {
    l->abandoned = true;
    pthread_mutex_unlock (&l->lock);
    if (stopped)
      return error_set (err, ESHUTDOWN, "the server is shutting down");
    return error_set (err, ETIMEDOUT, "%s: looking up the host name took "
                      "too long: check the name server, or give a numeric "
                      "address", host);
  }
  result = l->result;
  *ai = l->ai;
  l->ai = NULL;
  pthread_mutex_unlock (&l->lock);
  free_lookup (l);

  if (result != 0)
    return error_set (err, EHOSTUNREACH,
                      "%s: cannot find this host: %s: check the host in the "
                      "URL", host, gai_strerror (result));
  return 0;
}

/* libiscsi asks getaddrinfo(3) once more, for the number that we give it,
 * which takes no time.  A scope ("fe80::1%eth0") is kept.
 */
static bool
format_address (const struct addrinfo *ai, uint16_t port,
                struct address *out)
{
  const bool v6 = ai->ai_family == AF_INET6;
  char host[48];
  int n;

  if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
    return false;
  if (getnameinfo (ai->ai_addr, ai->ai_addrlen, host, sizeof host,
                   NULL, 0, NI_NUMERICHOST) != 0)
    return false;
  n = snprintf (out->text, sizeof out->text, "%s%s%s:%u",
                v6 ? "[" : "", host, v6 ? "]" : "", port);
  return n > 0 && (size_t) n < sizeof out->text;
}

/* The address is one that format_address wrote. */
socklen_t
address_sockaddr (const struct address *at, struct sockaddr_storage *out)
{
  const struct addrinfo hints = {
    .ai_socktype = SOCK_STREAM,
    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
  };
  struct addrinfo *ai = NULL;
  char host[sizeof at->text];
  char *port, *start = host;
  socklen_t len = 0;

  strcpy (host, at->text);
  port = strrchr (host, ':');
  if (port == NULL)
    return 0;
  *port = '\0';
  if (*start == '[') {
    start++;
    port[-1] = '\0';
  }
  if (getaddrinfo (start, port + 1, &hints, &ai) == 0) {
    len = ai->ai_addrlen;
    memcpy (out, ai->ai_addr, len);
    freeaddrinfo (ai);
  }
  return len;
}

int
resolve (const char *host, uint16_t port, uint64_t deadline,
         const struct stop *stop, struct address out[MAX_ADDRESSES],
         struct error *err)
{
  struct addrinfo *ai = NULL, *p;
  int n = 0;

  if (lookup_host (host, AI_NUMERICHOST, &ai) != 0 &&
      lookup_name (host, deadline, stop, &ai, err) == -1)
    return -1;

  for (p = ai; p != NULL && n < MAX_ADDRESSES; p = p->ai_next)
    if (format_address (p, port, &out[n]))
      n++;
  freeaddrinfo (ai);
  if (n == 0)
    return error_set (err, EHOSTUNREACH,
                      "%s: this host has no IPv4 or IPv6 address", host);
  return n;
}
