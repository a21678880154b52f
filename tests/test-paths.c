/* SPDX-License-Identifier: BSD-3-Clause */

/* Which path is chosen: the specification of paths.h. */

#include <config.h>

#include "alua.h"
#include "check.h"
#include "paths.h"

#define OPT  1                  /* alua_rank (ALUA_OPTIMIZED, false) */
#define PREF 0
#define NON  3
#define STBY (ALUA_NO_IO + 1)

/* ---- the nexus of a user ---- */

struct nexus_row {
  const char *name;
  struct nexus_view views[4];
  int now, choice;
};

static const struct nexus_row nexus_rows[] = {
  { "none is up", { { false, OPT, 0 } }, -1, -1 },
  { "the one with the fewest users",
    { { true, OPT, 3 }, { true, OPT, 1 }, { true, OPT, 2 } }, -1, 1 },
  { "the first of two with as many",
    { { true, OPT, 1 }, { true, OPT, 1 } }, -1, 0 },
  { "not one that is down, though it has no users",
    { { false, OPT, 0 }, { true, OPT, 5 } }, -1, 1 },
  { "the best state before the fewest users",
    { { true, NON, 0 }, { true, OPT, 9 } }, -1, 1 },
  { "a worse state when there is no better",
    { { false, OPT, 0 }, { true, NON, 4 } }, -1, 1 },
  { "the preferred one of two that are optimized",
    { { true, OPT, 0 }, { true, PREF, 4 } }, -1, 1 },
  { "standby carries nothing", { { true, STBY, 0 } }, -1, -1 },
  { "another LUN carries nothing", { { true, RANK_STRANGER, 0 } }, -1, -1 },
  { "stay, for one user less",
    { { true, OPT, 2 }, { true, OPT, 1 } }, 0, 0 },
  { "go, for two users less",
    { { true, OPT, 2 }, { true, OPT, 0 } }, 0, 1 },
  { "go, for a better state",
    { { true, NON, 1 }, { true, OPT, 7 } }, 0, 1 },
  { "stay in the better state",
    { { true, OPT, 7 }, { true, NON, 0 } }, 0, 0 },
  { "leave one that went down",
    { { false, OPT, 1 }, { true, OPT, 7 } }, 0, 1 },
  { "leave standby", { { true, STBY, 1 }, { true, NON, 3 } }, 0, 1 },
};

static void
test_choose_nexus (void)
{
  size_t i;

  for (i = 0; i < sizeof nexus_rows / sizeof nexus_rows[0]; ++i) {
    const struct nexus_row *row = &nexus_rows[i];

    check_row = row->name;
    CHECK_INT (paths_choose_nexus (row->views, 4, row->now), row->choice);
  }
  check_row = NULL;
}

/* ---- the portal of a nexus ---- */

struct portal_row {
  const char *name;
  struct portal_view views[3];
  size_t n, choice;
};

static const struct portal_row portal_rows[] = {
  { "the only one, though it failed", { { 5, false, false, OPT, 0 } }, 1, 0 },
  { "where the fewest are",
    { { 0, false, false, OPT, 2 }, { 0, false, false, OPT, 1 }, { 0, false, false, OPT, 3 } },
    3, 1 },
  { "not one that failed",
    { { 5, false, false, OPT, 0 }, { 0, false, false, OPT, 3 } }, 2, 1 },
  { "the one that failed first",
    { { 9, false, false, OPT, 0 }, { 5, false, false, OPT, 3 }, { 7, false, false, OPT, 0 } },
    3, 1 },
  { "the group that settles old writes",
    { { 0, false, false, PREF, 0 }, { 0, false, true, NON, 3 } }, 2, 1 },
  { "not in that group, when it failed",
    { { 0, false, false, OPT, 0 }, { 3, false, true, OPT, 0 } }, 2, 0 },
  { "where the target lives, rather than that group",
    { { 0, false, true, OPT, 0 }, { 0, true, false, NON, 3 } }, 2, 1 },
  { "not where it lived, when that failed",
    { { 0, false, false, OPT, 0 }, { 3, true, false, OPT, 0 } }, 2, 0 },
  { "the best state",
    { { 0, false, false, STBY, 0 }, { 0, false, false, NON, 3 }, { 0, false, false, OPT, 4 } },
    3, 2 },
};

static void
test_choose_portal (void)
{
  size_t i;

  for (i = 0; i < sizeof portal_rows / sizeof portal_rows[0]; ++i) {
    const struct portal_row *row = &portal_rows[i];

    check_row = row->name;
    CHECK_UINT (paths_choose_portal (row->views, row->n), row->choice);
  }
  check_row = NULL;
}

struct better_row {
  const char *name;
  struct portal_view views[3];
  size_t n, now;
  int choice;
};

/* ‘nexuses’ are the others that are there. */
static const struct better_row better_rows[] = {
  { "there is no other", { { 0, false, false, OPT, 3 } }, 1, 0, -1 },
  { "all are there, none here",
    { { 0, false, false, OPT, 3 }, { 0, false, false, OPT, 0 } }, 2, 0, 1 },
  { "two here, two there: stay",
    { { 0, false, false, OPT, 1 }, { 0, false, false, OPT, 2 } }, 2, 0, -1 },
  { "two here, one there: stay",
    { { 0, false, false, OPT, 1 }, { 0, false, false, OPT, 1 } }, 2, 0, -1 },
  { "three here, one there: go",
    { { 0, false, false, OPT, 2 }, { 0, false, false, OPT, 1 } }, 2, 0, 1 },
  { "a better state, however many are there",
    { { 0, false, false, NON, 0 }, { 0, false, false, OPT, 8 } }, 2, 0, 1 },
  { "not to a worse state",
    { { 0, false, false, OPT, 8 }, { 0, false, false, NON, 0 } }, 2, 0, -1 },
  { "not to standby, though it is standby here",
    { { 0, false, false, STBY, 3 }, { 0, false, false, STBY, 0 } }, 2, 0, -1 },
  { "the best of two that are better",
    { { 0, false, false, STBY, 0 }, { 0, false, false, NON, 0 }, { 0, false, false, OPT, 5 } },
    3, 0, 2 },
};

static void
test_better_portal (void)
{
  size_t i;

  for (i = 0; i < sizeof better_rows / sizeof better_rows[0]; ++i) {
    const struct better_row *row = &better_rows[i];

    check_row = row->name;
    CHECK_INT (paths_better_portal (row->views, row->n, row->now),
               row->choice);
  }
  check_row = NULL;
}

int
main (void)
{
  test_choose_nexus ();
  test_choose_portal ();
  test_better_portal ();
  return check_summary ();
}
