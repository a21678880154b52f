/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "check.h"
#include "debug.h"
#include "extents.h"
#include "fake-lun.h"

#define LEN 512

static struct fake_disk d;
static struct error err;

static char debugged[256];      /* the last debug line */

void
debug_verbose (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  vsnprintf (debugged, sizeof debugged, fs, args);
  va_end (args);
}

/* What was told, as one line: "d100 h200 a50 z12": data, hole that reads as
 * zeroes, allocated that does, hole that reads as anything; in bytes.
 */
struct told {
  char text[256];
  uint64_t next;                /* where the next extent must start */
  unsigned extents, gaps;
  unsigned stop_after;          /* fail then; 0: never */
};

static int
tell (void *opaque, uint64_t offset, uint64_t length, bool hole, bool zero,
      struct error *e)
{
  struct told *t = opaque;
  size_t n = strlen (t->text);

  t->gaps += offset != t->next || length == 0;
  t->next = offset + length;
  t->extents++;
  snprintf (t->text + n, sizeof t->text - n, "%s%c%" PRIu64,
            n ? " " : "", hole ? zero ? 'h' : 'z' : zero ? 'a' : 'd',
            length);
  if (t->extents == t->stop_after)
    return error_set (e, ENOMEM, "no room");
  return 0;
}

static struct told
get (uint64_t offset, uint32_t count, bool one, int expected)
{
  struct told t = { .next = offset };

  err = (struct error) { 0 };
  CHECK_INT (extents_get (&d.h, count, offset, one, tell, &t, &err),
             expected);
  CHECK_UINT (t.gaps, 0);
  return t;
}

/* A thin LUN whose blocks are in the states ‘map’ tells, a letter each. */
static void
attach (const char *map)
{
  uint64_t b;

  fake_open (&d.lun, LEN, strlen (map));
  d.lun.thin = d.lun.lbprz = d.lun.lbpu = true;
  for (b = 0; map[b]; ++b)
    d.lun.state[b] = map[b] == 'h' ? FAKE_DEALLOCATED :
      map[b] == 'a' ? FAKE_ANCHORED : FAKE_MAPPED;
  fake_attach (&d);
}

static void
detach (void)
{
  CHECK_UINT (d.lun.broken, 0);
  fake_detach (&d);
}

static void
test_map (void)
{
  attach ("ddhhhadd");
  CHECK (extents_can (&d.h));
  CHECK_STR (get (0, 8 * LEN, false, 0).text, "d1024 h1536 a512 d1024");
  CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 1);

  /* Only what was asked for, to the byte. */
  CHECK_STR (get (1, 1, false, 0).text, "d1");
  CHECK_STR (get (1023, 2, false, 0).text, "d1 h1");
  CHECK_STR (get (1025, 1000, false, 0).text, "h1000");
  CHECK_STR (get (700, 3000, false, 0).text, "d324 h1536 a512 d628");
  CHECK_STR (get (4095, 1, false, 0).text, "d1");

  /* Just the first, and no room for more. */
  fake_forget (&d.lun);
  CHECK_STR (get (700, 3000, true, 0).text, "d324");
  CHECK_UINT (d.lun.seen[0].len, 8 + 16);
  CHECK_STR (get (1100, 3000, true, 0).text, "h1460");
  CHECK_STR (get (2570, 1, true, 0).text, "a1");

  /* What is not mapped may read as anything. */
  d.h.facts.reads_zeroes = false;
  CHECK_STR (get (0, 8 * LEN, false, 0).text, "d1024 z1536 d512 d1024");
  detach ();
}

/* More extents than one answer holds. */
static void
test_many (void)
{
  static char map[3001];
  unsigned i;
  struct told t;

  for (i = 0; i < 3000; ++i)
    map[i] = i % 2 ? 'h' : 'd';
  attach (map);
  t = get (100, 3000 * LEN - 100, false, 0);
  CHECK_UINT (t.extents, 3000);
  CHECK_UINT (t.next, 3000 * LEN);
  CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 6);
  detach ();
}

static void
test_refused (void)
{
  static const uint16_t refusals[] = { 0x2000, 0x2400, 0x2500 };
  unsigned i;

  for (i = 0; i < 3; ++i) {
    attach ("hhhh");
    fake_rule (&d.lun, (struct fake_rule) {
        .op = FAKE_LBA_STATUS, .status = STATUS_CHECK_CONDITION,
        .key = 5, .asc = refusals[i],
      });
    CHECK_STR (get (10, 2000, false, 0).text, "d2000");
    CHECK (!extents_can (&d.h));
    CHECK_STR (get (10, 2000, true, 0).text, "d2000");
    CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 1);
    CHECK_UINT (fake_count (&d.lun, FAKE_UNIT_READY),
                refusals[i] == 0x2500 ? 1 : 0);
    CHECK_CONTAINS (debugged, "at offset 10, shown as data from now on");
    detach ();
  }

  /* The LUN itself is gone for a while: nothing is learnt. */
  attach ("hhhh");
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_ANY, .times = 2, .status = STATUS_CHECK_CONDITION,
      .key = 5, .asc = 0x2500,
    });
  CHECK_STR (get (0, 2048, false, 0).text, "d2048");
  CHECK_UINT (fake_count (&d.lun, FAKE_UNIT_READY), 1);
  CHECK (extents_can (&d.h));
  CHECK_STR (get (0, 2048, false, 0).text, "h2048");
  detach ();

  /* Thick: data, without asking. */
  attach ("hhhh");
  d.h.facts.thin = false;
  CHECK (!extents_can (&d.h));
  CHECK_STR (get (0, 2048, false, 0).text, "d2048");
  CHECK_UINT (fake_count (&d.lun, FAKE_ANY), 0);
  detach ();
}

/* Answers that tell too little, too much, or nothing: the rest is data. */
static const struct {
  const char *name;
  uint8_t bytes[40];
  size_t len;
  const char *told;             /* of four blocks */
} answers[] = {
  { "empty", { 0 }, 0, "d2048" },
  { "cut in the header", { 0, 0, 0, 20 }, 5, "d2048" },
  { "no descriptor", { 0, 0, 0, 4 }, 8, "d2048" },
  { "cut in a descriptor",
    { 0, 0, 0, 20, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 4,  1 }, 20, "d2048" },
  { "count of 0, as tgt says for 2^32 blocks",
    { 0, 0, 0, 20, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0,  1 }, 24, "d2048" },
  { "begins later",
    { 0, 0, 0, 20, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 1,  0, 0, 0, 3,  1 }, 24, "d2048" },
  { "longer than asked for",
    { 0, 0, 0, 20, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0,  0xff, 0xff, 0xff, 0xff,  1 }, 24, "h2048" },
  { "an unknown state is data",
    { 0, 0, 0, 20, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 4,  7 }, 24, "d2048" },
};

static void
test_odd_answers (void)
{
  size_t i;

  for (i = 0; i < sizeof answers / sizeof answers[0]; ++i) {
    check_row = answers[i].name;
    attach ("dddd");
    fake_rule (&d.lun, (struct fake_rule) {
        .op = FAKE_LBA_STATUS,
        .param = answers[i].bytes, .param_len = answers[i].len,
      });
    CHECK_STR (get (0, 2048, false, 0).text, answers[i].told);
    CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 1);
    detach ();
  }
  check_row = NULL;

  /* A part of it is told, the rest is asked for, and then not told. */
  attach ("hhhh");
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_LBA_STATUS, .param_len = 24,
      .param = (const uint8_t[]) {
        0, 0, 0, 20, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 1,  1, 0, 0, 0
      },
    });
  CHECK_STR (get (0, 2048, false, 0).text, "h512 d1536");
  CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 2);
  detach ();
}

/* Answers that are failures: data, and asked again at once where that costs
 * no more than a round trip.
 */
static const struct {
  struct fake_rule rule;
  bool rests;
  const char *said;
} failures[] = {
  { { .status = STATUS_CHECK_CONDITION, .key = 3, .asc = 0x1100 },
    false, "(3/1100)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 4, .asc = 0x4400 },
    false, "(4/4400)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2100 },
    false, "(5/2100)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x3a00 },
    false, "(2/3a00)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 7, .asc = 0x2700 },
    false, "(7/2700)" },
  { { .status = STATUS_RESERVATION_CONFLICT },
    false, "RESERVATION CONFLICT" },
  { { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x0401 },
    true, "(2/0401)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2900 },
    true, "(6/2900)" },
  { { .status = STATUS_BUSY }, true, "BUSY" },
  { { .status = STATUS_TASK_SET_FULL }, true, "TASK SET FULL" },
};

static void
test_failures (void)
{
  size_t i;

  for (i = 0; i < sizeof failures / sizeof failures[0]; ++i) {
    check_row = failures[i].said;
    attach ("dhdh");
    fake_rule (&d.lun, failures[i].rule);
    d.lun.rules[d.lun.nr_rules - 1].op = FAKE_LBA_STATUS;
    CHECK_STR (get (512, 1024, false, 0).text, "d1024");
    CHECK_CONTAINS (debugged, "LUN 3: no map at offset 512, shown as data");
    CHECK_CONTAINS (debugged, failures[i].said);
    CHECK (extents_can (&d.h));

    /* One that had to be waited for is not asked again for a while. */
    d.lun.nr_rules = 0;
    fake_forget (&d.lun);
    CHECK_STR (get (512, 1024, false, 0).text,
               failures[i].rests ? "d1024" : "h512 d512");
    CHECK_UINT (fake_count (&d.lun, FAKE_ANY), failures[i].rests ? 0 : 1);
    d.learnt.lba_status_from = 0;
    CHECK_STR (get (512, 1024, false, 0).text, "h512 d512");
    detach ();
  }

  check_row = "no sense";
  attach ("dhdh");
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_LBA_STATUS, .status = STATUS_CHECK_CONDITION,
      .no_sense = true,
    });
  CHECK_STR (get (0, 2048, true, 0).text, "d2048");
  detach ();
  check_row = NULL;
}

/* A LUN that tells one extent at a time is asked a few times only; the client
 * asks on from there.
 */
static void
test_one_at_a_time (void)
{
  static const uint8_t one[] = {
    0, 0, 0, 20, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 1,  0, 0, 0, 0,
  };
  static uint8_t told[FAKE_MAX_RULES][sizeof one];
  char map[65] = { 0 };
  struct told t;
  unsigned i;

  memset (map, 'd', 64);
  attach (map);
  for (i = 0; i < FAKE_MAX_RULES; ++i) {
    memcpy (told[i], one, sizeof one);
    told[i][15] = i;            /* of the LBA */
    fake_rule (&d.lun, (struct fake_rule) {
        .op = FAKE_LBA_STATUS, .skip = i, .times = 1,
        .param = told[i], .param_len = sizeof one,
      });
  }
  t = get (0, 64 * LEN, false, 0);
  CHECK_UINT (t.extents, 8);
  CHECK_UINT (t.next, 8 * LEN);
  CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 8);
  t = get (8 * LEN, 56 * LEN, false, 0);
  CHECK_UINT (t.next, 16 * LEN);
  detach ();
}

/* Never answered, though the LUN is there: data, from then on at once. */
static void
test_unanswered (void)
{
  attach ("hhhh");
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_LBA_STATUS, .status = STATUS_TIMEOUT,
    });
  CHECK_STR (get (0, 2048, false, 0).text, "d2048");
  CHECK_STR (get (0, 2048, true, 0).text, "d2048");
  CHECK (!extents_can (&d.h));
  CHECK_UINT (fake_count (&d.lun, FAKE_LBA_STATUS), 1);
  CHECK_UINT (fake_count (&d.lun, FAKE_UNIT_READY), 1);
  CHECK_CONTAINS (debugged, "shown as data from now on");
  detach ();
}

/* No answer: an error, and nothing is learnt. */
static void
test_errors (void)
{
  static const unsigned statuses[] = {
    STATUS_LOST, STATUS_TIMEOUT, STATUS_SHUTDOWN,
  };
  struct told t = { .stop_after = 2 };
  unsigned i;

  attach ("dhdh");
  for (i = 0; i < sizeof statuses / sizeof statuses[0]; ++i) {
    d.lun.nr_rules = 0;
    fake_rule (&d.lun, (struct fake_rule) {
        .op = FAKE_ANY, .status = statuses[i],
        .times = statuses[i] == STATUS_TIMEOUT ? 2 : 1,
      });
    CHECK_STR (get (512, 1024, false, -1).text, "");
    CHECK_CONTAINS (err.msg, "LUN 3: reading the map at offset 512 failed");
    CHECK_STR (get (512, 1024, false, 0).text, "h512 d512");
  }

  /* What passes is not an error. */
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_LBA_STATUS, .status = STATUS_BUSY, .times = 2,
    });
  CHECK_STR (get (512, 1024, false, 0).text, "h512 d512");

  /* The caller's own error ends it. */
  CHECK_INT (extents_get (&d.h, 2048, 0, false, tell, &t, &err), -1);
  CHECK_STR (err.msg, "no room");
  CHECK_UINT (t.extents, 2);
  detach ();
}

int
main (void)
{
  alarm (500);
  test_map ();
  test_many ();
  test_refused ();
  test_odd_answers ();
  test_failures ();
  test_one_at_a_time ();
  test_unanswered ();
  test_errors ();
  return check_summary ();
}
