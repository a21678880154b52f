/* SPDX-License-Identifier: BSD-3-Clause */

/* REPORT TARGET PORT GROUPS, and the group in VPD 83h: from bytes to facts. */

#include <config.h>

#include "alua.h"
#include "check.h"
#include "guard.h"

static int
parse (const uint8_t *data, size_t len, struct alua *out)
{
  return alua_parse (guard_copy (data, len), len, out);
}

/* Two groups: 1 is optimized and preferred, 2 (two ports) is standby. */
static const uint8_t two_groups[] = {
  0, 0, 0, 28,
  0x80, 0x0f, 0, 1, 0, 0, 0, 1,  0, 0, 0, 1,
  0x02, 0x0f, 0, 2, 0, 0, 0, 2,  0, 0, 0, 2,  0, 0, 0, 3,
};

static void
test_short_header (void)
{
  struct alua a;

  CHECK_INT (parse (two_groups, sizeof two_groups, &a), 0);
  CHECK_UINT (a.n, 2);
  CHECK_UINT (a.groups[0].group, 1);
  CHECK_UINT (a.groups[0].state, ALUA_OPTIMIZED);
  CHECK (a.groups[0].preferred);
  CHECK_UINT (a.groups[1].group, 2);
  CHECK_UINT (a.groups[1].state, ALUA_STANDBY);
  CHECK (!a.groups[1].preferred);
  CHECK_UINT (a.transition_s, 0);
  CHECK (alua_find (&a, 2) == &a.groups[1]);
  CHECK (alua_find (&a, 3) == NULL);
  CHECK (alua_find (&a, -1) == NULL);
}

static void
test_extended_header (void)
{
  static const uint8_t data[] = {
    0, 0, 0, 16,
    0x10, 45, 0, 0,
    0x01, 0x0f, 0, 9, 0, 0, 0, 1,  0, 0, 0, 1,
  };
  struct alua a;

  CHECK_INT (parse (data, sizeof data, &a), 0);
  CHECK_UINT (a.n, 1);
  CHECK_UINT (a.groups[0].group, 9);
  CHECK_UINT (a.groups[0].state, ALUA_NON_OPTIMIZED);
  CHECK_UINT (a.transition_s, 45);
}

/* Whatever is cut off: what is there stands. */
static void
test_lengths (void)
{
  struct alua a;
  size_t len;

  for (len = 0; len <= sizeof two_groups; ++len) {
    a.n = 77;
    CHECK_INT (parse (two_groups, len, &a), len < 12 ? -1 : 0);
    CHECK_UINT (a.n, len < 12 ? 77 : len < 24 ? 1 : 2);
  }
}

static void
test_states (void)
{
  uint8_t data[12] = { 0, 0, 0, 8 };
  struct alua a;
  unsigned code;

  for (code = 0; code < 16; ++code) {
    data[4] = (uint8_t) code;
    CHECK_INT (parse (data, sizeof data, &a), 0);
    CHECK_UINT (a.groups[0].state,
                code <= 4 || code >= 0xe ? code : ALUA_OFFLINE);
  }
}

static void
test_too_many (void)
{
  uint8_t data[4 + 8 * 40] = { 0, 0, 0xff, 0xff };
  struct alua a;

  CHECK_INT (parse (data, sizeof data, &a), 0);
  CHECK_UINT (a.n, ALUA_MAX_GROUPS);
}

static void
test_port_group (void)
{
  static const uint8_t page[] = {
    0, 0x83, 0, 20,
    0x01, 0x03, 0, 4,  1, 2, 3, 4,      /* the LUN's */
    0x51, 0x94, 0, 4,  0, 0, 0, 7,      /* the port: its number */
    0x51, 0x95, 0, 4,                   /* its group, cut off */
  };
  uint8_t whole[sizeof page + 4];
  size_t len;

  memcpy (whole, page, sizeof page);
  memcpy (whole + sizeof page, "\0\0\x01\x02", 4);
  whole[3] = 24;
  CHECK_INT (alua_port_group (guard_copy (page, sizeof page), sizeof page),
             -1);
  for (len = 0; len < sizeof whole; ++len)
    CHECK_INT (alua_port_group (guard_copy (whole, len), len), -1);
  CHECK_INT (alua_port_group (guard_copy (whole, len), len), 0x102);
  whole[1] = 0x80;
  CHECK_INT (alua_port_group (guard_copy (whole, len), len), -1);
}

/* Better states first; from ALUA_NO_IO on nothing is read or written. */
static void
test_ranks (void)
{
  static const enum alua_state order[] = {
    ALUA_OPTIMIZED, ALUA_NON_OPTIMIZED, ALUA_LBA_DEPENDENT,
    ALUA_TRANSITIONING, ALUA_STANDBY, ALUA_UNAVAILABLE, ALUA_OFFLINE,
  };
  size_t i;

  for (i = 1; i < sizeof order / sizeof order[0]; ++i) {
    CHECK (alua_rank (order[i - 1], false) < alua_rank (order[i], false));
    CHECK ((alua_rank (order[i], false) < ALUA_NO_IO) == (i < 3));
  }
  CHECK (alua_rank (ALUA_OPTIMIZED, true) < alua_rank (ALUA_OPTIMIZED, false));
  CHECK (alua_rank (ALUA_NON_OPTIMIZED, true) >
         alua_rank (ALUA_OPTIMIZED, false));
}

static void
test_set_list (void)
{
  uint8_t list[ALUA_SET_LEN];

  alua_set_list (list, 0x0203);
  CHECK_MEM (list, "\0\0\0\0\0\0\x02\x03", ALUA_SET_LEN);
}

static void
test_garbage (void)
{
  uint64_t seed = 5;
  uint8_t data[300];
  unsigned round;
  struct alua a;
  size_t len;

  for (round = 0; round < 3000; ++round) {
    len = guard_random (&seed) % (sizeof data + 1);
    guard_fill (data, sizeof data, &seed);
    if (parse (data, len, &a) == 0)
      CHECK (a.n > 0 && a.n <= ALUA_MAX_GROUPS);
    data[1] = 0x83;
    CHECK (alua_port_group (guard_copy (data, len), len) <= 0xffff);
  }
}

int
main (void)
{
  test_short_header ();
  test_extended_header ();
  test_lengths ();
  test_states ();
  test_too_many ();
  test_port_group ();
  test_ranks ();
  test_set_list ();
  test_garbage ();
  return check_summary ();
}
