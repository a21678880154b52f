/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "text.h"

/* RFC 7143 section 11.10, field by field. */
static void
test_request (void)
{
  uint8_t bhs[BHS_SIZE], want[BHS_SIZE] = { 0x44, 0x80, 0, 0, 0, 0, 0, 16 };

  memset (bhs, 0xee, sizeof bhs);
  put_be32 (&want[16], 1);
  put_be32 (&want[20], NO_TAG);
  put_be32 (&want[24], 0x01020304);
  put_be32 (&want[28], 0x05060708);
  text_request (bhs, NO_TAG, 0x01020304, 0x05060708, 16);
  CHECK_MEM (bhs, want, sizeof want);
}

static const struct {
  uint8_t flags;
  uint32_t itt, ttt;
  bool good, final;
} answers[] = {
  { 0x80, 1, NO_TAG, true, true },
  { 0x80, 1, 5, true, true },
  { 0x00, 1, 5, true, false },
  { 0x40, 1, 5, true, false },
  { 0xc0, 1, NO_TAG, false, true },
  { 0x00, 1, NO_TAG, false, false },
  { 0x40, 1, NO_TAG, false, false },
  { 0x80, 2, NO_TAG, false, true },
};

static void
test_answer (void)
{
  struct text_answer a;
  size_t i;

  for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    uint8_t bhs[BHS_SIZE] = { 0x24, answers[i].flags };

    put_be32 (&bhs[16], answers[i].itt);
    put_be32 (&bhs[20], answers[i].ttt);
    put_be32 (&bhs[24], 77);
    CHECK_INT (text_answer (bhs, &a), answers[i].good);
    CHECK_INT (a.final, answers[i].final);
    CHECK_UINT (a.ttt, answers[i].ttt);
    CHECK_UINT (a.stat_sn, 77);
  }
}

/* As many calls as ‘limit’, in one line. */
struct seen {
  char text[100];
  unsigned limit;
};

static bool
see (void *sv, const char *key, const char *value)
{
  struct seen *s = sv;
  const size_t at = strlen (s->text);

  snprintf (s->text + at, sizeof s->text - at, "%s:%s ", key, value);
  return --s->limit > 0;
}

static const struct {
  const char *data;
  size_t len;
  unsigned limit;
  const char *seen;
} texts[] = {
#define ROW(data, limit, seen) { data, sizeof data - 1, limit, seen }
  ROW ("", 9, ""),
  ROW ("A=1\0B=2\0", 9, "A:1 B:2 "),
  ROW ("A=1\0B=2\0", 1, "A:1 "),
  ROW ("A=1\0B=2", 9, "A:1 "),
  ROW ("A=1=2\0=\0\0B=\0", 9, "A:1=2 : B: "),
  ROW ("nothing\0A=1\0", 9, "A:1 "),
  ROW ("A=1", 9, ""),
};

static void
test_each (void)
{
  size_t i;

  for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct seen s = { "", texts[i].limit };
    char data[100];

    memcpy (data, texts[i].data, texts[i].len);
    memset (data + texts[i].len, 'x', sizeof data - texts[i].len);
    text_each (data, texts[i].len, see, &s);
    CHECK_STR (s.text, texts[i].seen);
  }
}

int
main (void)
{
  test_request ();
  test_answer ();
  test_each ();
  return check_summary ();
}
