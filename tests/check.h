/* SPDX-License-Identifier: BSD-3-Clause */

/* Checks for the unit tests.  A check that fails prints where and what,
 * is counted, and lets the test go on; main ends with
 * "return check_summary ();", which is EXIT_FAILURE if any failed or if
 * none was made.  The arguments are evaluated once.  One thread only.
 */

#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same in all files of a test: weak, since this header defines them in
 * each.
 */
extern unsigned check_made, check_failures;
unsigned __attribute__ ((__weak__)) check_made, check_failures;

/* Told with each failure: which row of a table is being tried.  May be
 * NULL.
 */
extern const char *check_row;
const char *__attribute__ ((__weak__)) check_row;

static inline void
check_fail (const char *file, int line)
{
  check_failures++;
  fprintf (stderr, "%s:%d: ", file, line);
  if (check_row)
    fprintf (stderr, "[%s] ", check_row);
}

static inline void
check_true_at (const char *file, int line, const char *expr, bool ok)
{
  check_made++;
  if (ok)
    return;
  check_fail (file, line);
  fprintf (stderr, "not true: %s\n", expr);
}

static inline void
check_int_at (const char *file, int line, const char *expr,
              int64_t actual, int64_t expected)
{
  check_made++;
  if (actual == expected)
    return;
  check_fail (file, line);
  fprintf (stderr, "%s is %" PRId64 ", expected %" PRId64 "\n",
           expr, actual, expected);
}

static inline void
check_uint_at (const char *file, int line, const char *expr,
               uint64_t actual, uint64_t expected)
{
  check_made++;
  if (actual == expected)
    return;
  check_fail (file, line);
  fprintf (stderr, "%s is %" PRIu64 " (0x%" PRIx64 "), "
           "expected %" PRIu64 " (0x%" PRIx64 ")\n",
           expr, actual, actual, expected, expected);
}

/* Two strings are also equal when both are NULL. */
static inline void
check_str_at (const char *file, int line, const char *expr,
              const char *actual, const char *expected)
{
  check_made++;
  if (actual && expected ? strcmp (actual, expected) == 0
      : actual == expected)
    return;
  check_fail (file, line);
  fprintf (stderr, "%s is %s%s%s, expected %s%s%s\n", expr,
           actual ? "\"" : "", actual ? actual : "NULL", actual ? "\"" : "",
           expected ? "\"" : "", expected ? expected : "NULL",
           expected ? "\"" : "");
}

static inline void
check_contains_at (const char *file, int line, const char *expr,
                   const char *actual, const char *part, bool expected)
{
  check_made++;
  if (actual && (strstr (actual, part) != NULL) == expected)
    return;
  check_fail (file, line);
  fprintf (stderr, "%s is \"%s\", which should %scontain \"%s\"\n",
           expr, actual ? actual : "(NULL)", expected ? "" : "not ", part);
}

static inline void
check_mem_at (const char *file, int line, const char *expr,
              const void *actual, const void *expected, size_t len)
{
  const uint8_t *a = actual, *e = expected;
  size_t i;

  check_made++;
  for (i = 0; i < len && a[i] == e[i]; i++)
    ;
  if (i == len)
    return;
  check_fail (file, line);
  fprintf (stderr, "%s: byte %zu of %zu is 0x%02x, expected 0x%02x\n",
           expr, i, len, a[i], e[i]);
}

/* CHECK (expr); CHECK_INT (actual, expected), signed; CHECK_UINT,
 * unsigned, also shown in hex; CHECK_STR; CHECK_CONTAINS (string, part);
 * CHECK_LACKS (string, part); CHECK_MEM (actual, expected, len).
 */
#define CHECK(expr) \
  check_true_at (__FILE__, __LINE__, #expr, (expr))
#define CHECK_INT(actual, expected) \
  check_int_at (__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_UINT(actual, expected) \
  check_uint_at (__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_STR(actual, expected) \
  check_str_at (__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_CONTAINS(actual, part) \
  check_contains_at (__FILE__, __LINE__, #actual, (actual), (part), true)
#define CHECK_LACKS(actual, part) \
  check_contains_at (__FILE__, __LINE__, #actual, (actual), (part), false)
#define CHECK_MEM(actual, expected, len) \
  check_mem_at (__FILE__, __LINE__, #actual, (actual), (expected), (len))

/* What main returns. */
static inline int
check_summary (void)
{
  if (check_made == 0)
    fprintf (stderr, "no check was made\n");
  else if (check_failures == 0)
    printf ("%u checks passed\n", check_made);
  else
    fprintf (stderr, "%u of %u checks failed\n", check_failures, check_made);
  return check_made > 0 && check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* TESTS_CHECK_H */
