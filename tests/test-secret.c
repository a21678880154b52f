/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "secret.h"

/* Of the mapping that has this address: what VmFlags of smaps says. */
static bool
is_dumped (const char *where)
{
  FILE *fp = fopen ("/proc/self/smaps", "r");
  char line[4096];
  uintptr_t from, to;
  bool here = false, dumped = true;

  CHECK (fp != NULL);
  while (fp && fgets (line, sizeof line, fp)) {
    if (sscanf (line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
      here = from <= (uintptr_t) where && (uintptr_t) where < to;
    else if (here && strncmp (line, "VmFlags:", 8) == 0)
      dumped = strstr (line, " dd") == NULL;
  }
  if (fp)
    fclose (fp);
  return dumped;
}

static void
test_pages (void)
{
  char *a = secret_alloc (10000), *b = secret_copy ("secret, and more", 6);
  static const char zero[10000];

  CHECK (a != NULL && b != NULL);
  if (a == NULL || b == NULL)
    return;
  CHECK_MEM (a, zero, sizeof zero);
  CHECK_STR (b, "secret");
  CHECK (!is_dumped (a));
  CHECK (!is_dumped (a + 9999));
  CHECK (!is_dumped (b));
  CHECK (is_dumped (zero));
  secret_free (a);
  CHECK_STR (b, "secret");
  secret_free (b);
  secret_free (NULL);
}

static void
test_too_large (void)
{
  CHECK (secret_alloc (SIZE_MAX) == NULL);
  CHECK (secret_alloc (SIZE_MAX / 2) == NULL);
}

static void
test_strings (void)
{
  secret_free_string (strdup ("secret"));
  secret_free_string (NULL);
}

#define PIECE "secret, "

/* The kernel puts all registers on the stack of a signal's handler. */
static char stack[1024 * 1024];
static volatile bool found;

static void
search_registers (int signum __attribute__ ((__unused__)),
                  siginfo_t *info __attribute__ ((__unused__)), void *context)
{
  const char *from = context, *end = stack + sizeof stack;

  found = memmem (from, (size_t) (end - from), PIECE, strlen (PIECE)) != NULL;
}

static bool
in_registers (void)
{
  raise (SIGUSR1);
  return found;
}

/* Byte by byte: this is not what puts it there. */
static void
fill (volatile char *s, size_t len)
{
  size_t i;

  for (i = 0; i < len; i++)
    s[i] = PIECE[i % strlen (PIECE)];
  s[len] = '\0';
}

/* Of strings of any length, which libc moves through other registers. */
static void
test_registers (void)
{
  const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
  struct sigaction action = {
    .sa_sigaction = search_registers, .sa_flags = SA_ONSTACK | SA_SIGINFO
  };
  static char text[10001];
  char *volatile other;
  char *copy;
  size_t len;

  if (getenv ("UNDER_VALGRIND"))
    return;                     /* its registers are in memory of its own */
  sigemptyset (&action.sa_mask);
  CHECK (sigaltstack (&alternate, NULL) == 0);
  CHECK (sigaction (SIGUSR1, &action, NULL) == 0);
  for (len = 8; len < sizeof text; len = len * 3 / 2) {
    fill (text, len);
    copy = secret_copy (text, len);
    CHECK (!in_registers ());
    other = malloc (len + 1);
    CHECK (copy != NULL && other != NULL);
    if (copy && other)
      memcpy (other, copy, len + 1);
    secret_free (copy);
    CHECK (!in_registers ());
    if (other)
      memcpy (text, other, len + 1);
    secret_free_string (other);
    CHECK (!in_registers ());
  }
}

int
main (void)
{
  test_pages ();
  test_too_large ();
  test_strings ();
  test_registers ();
  return check_summary ();
}
