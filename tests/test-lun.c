/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "fake-lun.h"
#include "lun.h"

#define LUN 3

static unsigned naps;

/* Nothing here waits for real. */
static bool
nap (void *opaque __attribute__ ((unused)),
     unsigned ms __attribute__ ((unused)))
{
  naps++;
  return true;
}

static const struct retry_policy policy = { .timeout_ms = 500, .sleep = nap };

static int
probe (struct fake_lun *f, struct lun_facts *facts, struct error *err)
{
  const struct runner r = { .run = fake_run, .handle = f };

  *err = (struct error) { 0 };
  return lun_probe (&r, &policy, LUN, 0, facts, err);
}

/* A LUN that must be accepted. */
static struct lun_facts
facts_of (struct fake_lun *f)
{
  struct lun_facts facts;
  struct error err;

  CHECK_INT (probe (f, &facts, &err), 0);
  CHECK_STR (err.msg, "");
  CHECK_UINT (f->broken, 0);
  return facts;
}

/* One that must be refused, with these words; it is closed then. */
static void
refused (struct fake_lun *f, int err_no, const char *words)
{
  struct lun_facts facts;
  struct error err;

  CHECK_INT (probe (f, &facts, &err), -1);
  CHECK_INT (err.err, err_no);
  CHECK_CONTAINS (err.msg, words);
  CHECK_CONTAINS (err.msg, "LUN ");
  fake_close (f);
}

static void
test_plain_disk (void)
{
  struct fake_lun f;
  struct lun_facts facts;

  fake_open (&f, 512, 2048);
  f.phys_exponent = 3;
  f.max_transfer = 128;
  f.opt_transfer = 64;
  facts = facts_of (&f);

  CHECK_UINT (facts.size, 2048 * 512);
  CHECK_UINT (facts.capacity.phys_exponent, 3);
  CHECK_UINT (facts.limits.max_transfer, 128);
  CHECK_UINT (facts.limits.opt_transfer, 64);
  CHECK_UINT (facts.rotation_rate, 1);
  CHECK_STR (facts.inquiry.vendor, "FAKE");
  CHECK_STR (facts.inquiry.product, "memory disk");
  CHECK (facts.mode.dpofua);
  CHECK (facts.mode.wce);
  CHECK (!facts.cdb10);
  CHECK (!facts.thin);
  CHECK (!facts.reads_zeroes);
  CHECK (!facts.read_only);
  CHECK_UINT (facts.identity_page, 0x83);
  CHECK (facts.identity.len > 0);

  /* One command for each fact; the serial number is told by page 83. */
  CHECK_UINT (fake_count (&f, FAKE_INQUIRY), 1);
  CHECK_UINT (fake_count (&f, FAKE_VPD (0xb0)), 1);
  CHECK_UINT (fake_count (&f, FAKE_MODE6 (0x08)), 1);
  CHECK_UINT (fake_count (&f, FAKE_MODE6 (0x3f)), 0);
  CHECK_UINT (fake_count (&f, FAKE_CAPACITY10), 1);
  CHECK_UINT (fake_count (&f, FAKE_CAPACITY16), 1);
  fake_close (&f);
}

static void
test_thin_disk (void)
{
  struct fake_lun f;
  struct lun_facts facts;

  fake_open (&f, 4096, 64);
  f.thin = f.lbprz = f.lbpu = true;
  facts = facts_of (&f);
  CHECK (facts.thin);
  CHECK (facts.reads_zeroes);
  CHECK (facts.provisioning.lbpu);
  CHECK (!facts.provisioning.lbpws);

  f.lbprz = false;
  facts = facts_of (&f);
  CHECK (facts.thin);
  CHECK (!facts.reads_zeroes);

  /* Not thin: nothing can be unmapped, whatever page B2 says. */
  f.lbprz = true;
  f.thin = false;
  facts = facts_of (&f);
  CHECK (!facts.provisioning.lbpu);
  CHECK (!facts.reads_zeroes);

  /* Thin, but older than page B2. */
  f.thin = f.no_page_b2 = true;
  facts = facts_of (&f);
  CHECK (facts.provisioning.lbpws);
  CHECK (!facts.provisioning.lbpu);
  f.max_unmap_lbas = 100;
  facts = facts_of (&f);
  CHECK (facts.provisioning.lbpu);
  fake_close (&f);
}

/* Optional pages: the probe goes on without them. */
static void
test_vpd (void)
{
  static const unsigned pages[] = { 0xb0, 0xb1, 0xb2 };
  const uint8_t nonsense[] = { 0, 0x11, 0xff, 0xff };
  struct fake_lun f;
  struct lun_facts facts;
  size_t i;

  for (i = 0; i < 3; ++i) {
    fake_open (&f, 512, 100);
    fake_rule (&f, (struct fake_rule) {
        .op = FAKE_VPD (pages[i]), .status = STATUS_CHECK_CONDITION,
        .key = 4, .asc = 0x4400,
      });
    facts = facts_of (&f);
    CHECK_UINT (facts.size, 51200);
    CHECK_UINT (facts.identity_page, 0x83);
    fake_close (&f);

    fake_open (&f, 512, 100);
    fake_rule (&f, (struct fake_rule) {
        .op = FAKE_VPD (pages[i]),
        .param = nonsense, .param_len = sizeof nonsense,
      });
    facts = facts_of (&f);
    CHECK_UINT (facts.limits.max_transfer, 0);
    fake_close (&f);
  }
}

/* What says that a LUN has no identity, or only a weaker one: that it does not
 * list the page, refuses it, or knows no pages at all.
 */
static void
test_no_identity (void)
{
  static const uint16_t refusals[] = { 0x2000, 0x2400 };
  static const unsigned pages[] = { 0x00, 0x83, 0x80 };
  struct fake_rule rule = { .status = STATUS_CHECK_CONDITION, .key = 5 };
  struct fake_lun f;
  struct lun_facts facts;
  unsigned i, j;

  fake_open (&f, 512, 100);
  f.no_vpd = true;
  facts = facts_of (&f);
  CHECK_UINT (facts.identity_page, 0);
  CHECK_UINT (fake_count (&f, FAKE_VPD (0x83)), 0);
  CHECK_UINT (fake_count (&f, FAKE_VPD (0x80)), 0);
  CHECK_UINT (fake_count (&f, FAKE_VPD (0xb0)), 0);
  fake_close (&f);

  fake_open (&f, 512, 100);
  f.no_page_83 = true;
  facts = facts_of (&f);
  CHECK_UINT (facts.identity_page, 0x80);
  CHECK_UINT (fake_count (&f, FAKE_VPD (0x83)), 0);
  fake_close (&f);

  for (i = 0; i < 3; ++i)
    for (j = 0; j < 2; ++j) {
      rule.op = FAKE_VPD (pages[i]);
      rule.asc = refusals[j];
      fake_open (&f, 512, 100);
      fake_rule (&f, rule);
      facts = facts_of (&f);
      CHECK_UINT (facts.identity_page, i == 0 ? 0 : i == 1 ? 0x80 : 0x83);
      fake_close (&f);
    }

  for (i = 0; i < 2; ++i) {
    fake_open (&f, 512, 100);
    f.ignores_evpd = true;
    f.removable = i == 1;
    facts = facts_of (&f);
    CHECK_UINT (facts.identity_page, 0);
    fake_close (&f);
  }
}

static const uint8_t no_data[1];
static const uint8_t short_pages[] = { 0, 0, 0, 6, 0, 0x80, 0x83 };
static const uint8_t short_83[] = { 0, 0x83, 0, 12, 1, 3, 0, 8, 0x30, 'x' };
static const uint8_t short_80[] = { 0, 0x80, 0, 8, 'S', 'E', 'R' };
static const uint8_t nonsense[] = { 0, 0x11, 0xff, 0xff, 0, 0, 0, 0 };

static const struct {
  const char *name;
  struct fake_rule rule;
  const char *words;
} identity_troubles[] = {
  { "unit attention for ever",
    { .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2900 },
    "asking for its identity failed: the LUN is being reset" },
  { "internal failure",
    { .status = STATUS_CHECK_CONDITION, .key = 4, .asc = 0x4400 },
    "asking for its identity failed: the target failed internally" },
  { "unreadable",
    { .status = STATUS_CHECK_CONDITION, .key = 3, .asc = 0x1100 },
    "asking for its identity failed: the LUN's medium" },
  { "manual intervention",
    { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x0403 },
    "asking for its identity failed: the LUN needs manual" },
  { "no rights",
    { .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2002 },
    "asking for its identity failed: this initiator has no access" },
  { "without sense",
    { .status = STATUS_CHECK_CONDITION, .no_sense = true },
    "asking for its identity failed" },
  { "reserved", { .status = STATUS_RESERVATION_CONFLICT },
    "asking for its identity failed: the LUN is reserved" },
  { "busy", { .status = STATUS_BUSY },
    "asking for its identity failed: the target stayed busy" },
  { "response 01h", { .status = STATUS_PROTOCOL },
    "asking for its identity failed: the target rejected" },
  { "no data", { .param = no_data, .param_len = 0 },
    "does not tell which one it is" },
  { "header only", { .param = nonsense, .param_len = 3 },
    "does not tell which one it is" },
  { "nonsense", { .param = nonsense, .param_len = sizeof nonsense },
    "does not tell which one it is" },
};

/* Anything else may pass, and then it may be another LUN: a listing of pages,
 * or a page, that cannot be had refuses the open, also if the other page could
 * be had.
 */
static void
test_identity_troubles (void)
{
  static const struct {
    unsigned page;
    const uint8_t *data;
    size_t len;
  } pages[] = {
    { 0x00, short_pages, sizeof short_pages },
    { 0x83, short_83, sizeof short_83 },
    { 0x80, short_80, sizeof short_80 },
  };
  struct fake_rule rule;
  struct lun_facts facts;
  struct error err;
  struct fake_lun f;
  size_t i, j;

  for (i = 0; i < 3; ++i) {
    for (j = 0; j < sizeof identity_troubles / sizeof identity_troubles[0];
         ++j) {
      check_row = identity_troubles[j].name;
      rule = identity_troubles[j].rule;
      rule.op = FAKE_VPD (pages[i].page);
      fake_open (&f, 512, 100);
      f.no_page_83 = pages[i].page == 0x80;
      fake_rule (&f, rule);
      CHECK_INT (probe (&f, &facts, &err), -1);
      CHECK (err.err != 0 && err.err != ENXIO && err.err != ENODEV);
      CHECK_CONTAINS (err.msg, identity_troubles[j].words);
      fake_close (&f);
    }
    check_row = "cut short";
    fake_open (&f, 512, 100);
    f.no_page_83 = pages[i].page == 0x80;
    fake_rule (&f, (struct fake_rule) {
        .op = FAKE_VPD (pages[i].page),
        .param = pages[i].data, .param_len = pages[i].len,
      });
    CHECK_INT (probe (&f, &facts, &err), -1);
    CHECK_INT (err.err, EPROTO);
    CHECK_CONTAINS (err.msg, "came cut short");
    fake_close (&f);
  }
  check_row = NULL;
}

/* The ways to tell write protection, each tried when those before it fail. */
static void
test_mode_sense (void)
{
  static const unsigned ways[] = {
    FAKE_MODE6 (0x08), FAKE_MODE6 (0x3f),
    FAKE_MODE10 (0x08), FAKE_MODE10 (0x3f),
  };
  struct fake_lun f;
  struct lun_facts facts;
  size_t i, missing;

  for (missing = 0; missing <= 4; ++missing) {
    fake_open (&f, 512, 100);
    f.write_protected = true;
    for (i = 0; i < missing; ++i)
      fake_rule (&f, (struct fake_rule) FAKE_REFUSE (ways[i]));
    facts = facts_of (&f);
    CHECK (facts.read_only == (missing < 4));
    CHECK (facts.mode.dpofua == (missing < 4));
    for (i = 0; i < 4; ++i)
      CHECK_UINT (fake_count (&f, ways[i]), i <= missing);
    fake_close (&f);
  }
}

static void
test_cd (void)
{
  struct fake_lun f;
  struct lun_facts facts;

  fake_open (&f, 2048, 1000);
  f.device_type = 5;
  f.no_vpd = true;
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_CAPACITY16));
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_MODE6 (0x08)));
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_MODE6 (0x3f)));
  facts = facts_of (&f);
  CHECK_UINT (facts.size, 2048000);
  CHECK_UINT (facts.inquiry.device_type, 5);
  CHECK (facts.cdb10);
  CHECK (facts.read_only);
  fake_close (&f);
}

static const struct {
  uint8_t qualifier, type;
  const char *words;            /* NULL: accepted */
} types[] = {
  { 0, 0x00, NULL },
  { 0, 0x05, NULL },
  { 0, 0x07, NULL },
  { 0, 0x0e, NULL },
  { 0, 0x01, "is a tape drive (peripheral type 0x01), not a disk" },
  { 0, 0x08, "a medium changer" },
  { 0, 0x0c, "LUN 3 of this target is a storage array controller" },
  { 0, 0x0d, "an enclosure" },
  { 0, 0x14, "zoned" },
  { 0, 0x1f, "unknown type" },
  { 1, 0x00, "no device is connected" },
  { 3, 0x1f, "there is no LUN 3" },
};

static void
test_types (void)
{
  struct fake_lun f;
  const struct runner r = { .run = fake_run, .handle = &f };
  struct lun_facts facts;
  struct error err;
  size_t i;

  for (i = 0; i < sizeof types / sizeof types[0]; ++i) {
    check_row = types[i].words;
    fake_open (&f, 512, 100);
    f.qualifier = types[i].qualifier;
    f.device_type = types[i].type;
    if (types[i].words) {
      refused (&f, types[i].qualifier == 3 ? ENXIO : ENODEV, types[i].words);
      continue;
    }
    facts = facts_of (&f);
    CHECK (facts.read_only == (types[i].type == 5));
    fake_close (&f);
  }
  check_row = NULL;

  /* What a new user of tgt meets first. */
  fake_open (&f, 512, 100);
  f.device_type = 0x0c;
  CHECK_INT (lun_probe (&r, &policy, 0, 0, &facts, &err), -1);
  CHECK_CONTAINS (err.msg, "try LUN 1");
  CHECK_CONTAINS (err.msg, "nbdinfo --list");
  fake_close (&f);
}

/* The borders of READ CAPACITY. */
static const struct {
  uint64_t blocks;
  uint32_t block_len;
  uint64_t size;                /* 0: refused */
  const char *words;
} capacities[] = {
  { 1, 512, 512, NULL },
  { 1, 65536, 65536, NULL },
  { UINT64_C (0xfffffffe), 512, UINT64_C (0xfffffffe) * 512, NULL },
  { UINT64_C (0xffffffff), 512, UINT64_C (0xffffffff) * 512, NULL },
  { UINT64_C (0x100000000), 512, UINT64_C (0x100000000) * 512, NULL },
  { UINT64_C (0x100000001), 512, UINT64_C (0x100000001) * 512, NULL },
  { UINT64_C (10737418240), 512, UINT64_C (5) << 40, NULL },
  { UINT64_C (1) << 31, 4096, UINT64_C (1) << 43, NULL },
  { INT64_MAX / 512, 512, INT64_MAX / 512 * 512, NULL },
  { INT64_MAX / 512 + 1, 512, 0, "more than 2^63-1 bytes" },
  { UINT64_MAX, 512, 0, "more than 2^63-1 bytes" },
  { 0, 512, 0, "its last block is 2^64-1" },
  { 100, 0, 0, "has no capacity: its blocks are 0 bytes long" },
  { 100, 520, 0, "blocks of 520 bytes" },
  { 100, 528, 0, "blocks of 528 bytes" },
  { 100, 1536, 0, "blocks of 1536 bytes" },
  { 100, 256, 0, "blocks of 256 bytes" },
  { 100, 131072, 0, "at most 65536" },
};

static void
test_capacity (void)
{
  struct fake_lun f;
  struct lun_facts facts;
  char row[64];
  size_t i;

  for (i = 0; i < sizeof capacities / sizeof capacities[0]; ++i) {
    snprintf (row, sizeof row, "%" PRIu64 " blocks of %" PRIu32,
              capacities[i].blocks, capacities[i].block_len);
    check_row = row;
    fake_open (&f, 512, 1);
    f.blocks = capacities[i].blocks;
    f.block_len = capacities[i].block_len;
    if (capacities[i].words) {
      refused (&f, EINVAL, capacities[i].words);
      continue;
    }
    facts = facts_of (&f);
    CHECK_UINT (facts.size, capacities[i].size);
    CHECK_UINT (facts.capacity.last_lba, capacities[i].blocks - 1);
    fake_close (&f);
  }
  check_row = NULL;
}

/* READ CAPACITY (16) is refused: (10) stands, if it can. */
static void
test_capacity10_only (void)
{
  static const uint16_t refusals[] = { 0x2000, 0x2400 };
  struct fake_lun f;
  struct lun_facts facts;
  unsigned i;

  for (i = 0; i < 2; ++i) {
    struct fake_rule no16 = FAKE_REFUSE (FAKE_CAPACITY16);

    no16.asc = refusals[i];
    fake_open (&f, 512, UINT64_C (0xffffffff));
    f.thin = true;
    fake_rule (&f, no16);
    facts = facts_of (&f);
    CHECK_UINT (facts.size, UINT64_C (0xffffffff) * 512);
    CHECK (facts.cdb10);
    CHECK (!facts.thin);
    fake_close (&f);

    /* Exactly 2^32 blocks, and more. */
    fake_open (&f, 512, UINT64_C (0x100000000) + i);
    fake_rule (&f, no16);
    refused (&f, EIO, "more blocks than READ CAPACITY (10) can tell");
  }

  fake_open (&f, 512, 77);
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_CAPACITY10));
  facts = facts_of (&f);
  CHECK_UINT (facts.size, 77 * 512);
  CHECK (!facts.cdb10);
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_CAPACITY16));
  refused (&f, EIO, "does not tell its size");
}

/* What passes never decides a size, and sense is never taken for one. */
static void
test_capacity_in_trouble (void)
{
  static const struct fake_rule passing[] = {
    { .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2900 },
    { .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2a09 },
    { .status = STATUS_BUSY },
    { .status = STATUS_TASK_SET_FULL },
    { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x0401 },
    { .status = STATUS_CHECK_CONDITION, .key = 0xb, .asc = 0x0000 },
  };
  static const unsigned ops[] = { FAKE_CAPACITY10, FAKE_CAPACITY16 };
  struct fake_lun f;
  struct lun_facts facts;
  struct fake_rule rule;
  size_t i, j;

  for (i = 0; i < sizeof passing / sizeof passing[0]; ++i) {
    for (j = 0; j < 2; ++j) {
      rule = passing[i];
      rule.op = ops[j];
      rule.times = 3;
      fake_open (&f, 512, UINT64_C (0x200000000));
      f.thin = true;
      fake_rule (&f, rule);
      facts = facts_of (&f);
      CHECK_UINT (facts.size, UINT64_C (0x200000000) * 512);
      CHECK (facts.thin);
      CHECK_UINT (fake_count (&f, ops[j]), 4);
      fake_close (&f);

      /* It does not pass: no size, rather than the one of (10). */
      rule.times = 0;
      fake_open (&f, 512, 1000);
      fake_rule (&f, rule);
      refused (&f, EIO, j == 0 ? "READ CAPACITY (10) failed" :
               "READ CAPACITY (16) failed");
    }
  }
  CHECK (naps > 0);
}

static void
test_short_capacity (void)
{
  static const uint8_t bytes[32] = { 0 };
  struct fake_lun f;
  struct lun_facts facts;

  /* Cut short, (16) says as much as if it were refused. */
  fake_open (&f, 512, 1000);
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_CAPACITY16, .param = bytes, .param_len = 11,
    });
  facts = facts_of (&f);
  CHECK_UINT (facts.size, 512000);
  CHECK (facts.cdb10);

  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_CAPACITY10, .param = bytes, .param_len = 7,
    });
  refused (&f, EIO, "refused or cut short");

  fake_open (&f, 512, 1000);
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_INQUIRY, .param = bytes, .param_len = 2,
    });
  refused (&f, EPROTO, "INQUIRY was answered with only 2 bytes");
}

static const struct {
  const char *name;
  struct fake_rule rule;
  int err;
  const char *words;
} troubles[] = {
  { "no LUN", { .op = FAKE_INQUIRY, .status = STATUS_CHECK_CONDITION,
                .key = 5, .asc = 0x2500 },
    ENXIO, "there is no LUN 3 on this target" },
  { "LUN goes", { .op = FAKE_CAPACITY10, .status = STATUS_CHECK_CONDITION,
                  .key = 5, .asc = 0x2500 },
    ENXIO, "there is no LUN 3 on this target" },
  { "no medium", { .op = FAKE_CAPACITY10, .status = STATUS_CHECK_CONDITION,
                   .key = 2, .asc = 0x3a00 },
    ENOMEDIUM, "LUN 3 has no medium" },
  { "no medium, tray open",
    { .op = FAKE_CAPACITY16, .status = STATUS_CHECK_CONDITION,
      .key = 2, .asc = 0x3a02 },
    ENOMEDIUM, "LUN 3 has no medium" },
  { "reserved", { .op = FAKE_CAPACITY10,
                  .status = STATUS_RESERVATION_CONFLICT },
    EIO, "reserved by another initiator" },
  { "without sense", { .op = FAKE_CAPACITY16,
                       .status = STATUS_CHECK_CONDITION, .no_sense = true },
    EIO, "without sense" },
  { "lost at INQUIRY", { .op = FAKE_INQUIRY, .status = STATUS_LOST },
    EIO, "INQUIRY failed" },
  { "lost at a VPD page", { .op = FAKE_VPD (0xb0), .status = STATUS_LOST },
    EIO, "VPD page failed" },
  { "lost at MODE SENSE", { .op = FAKE_MODE6 (0x08), .status = STATUS_LOST },
    EIO, "MODE SENSE failed" },
  { "lost at page 83", { .op = FAKE_VPD (0x83), .status = STATUS_LOST },
    EIO, "asking for its identity failed" },
  { "shutdown", { .op = FAKE_VPD (0x00), .status = STATUS_SHUTDOWN },
    ESHUTDOWN, "shutting down" },
  { "timeout", { .op = FAKE_VPD (0x83), .status = STATUS_TIMEOUT },
    EIO, "did not answer in time" },
};

static void
test_troubles (void)
{
  struct fake_lun f;
  size_t i;

  for (i = 0; i < sizeof troubles / sizeof troubles[0]; ++i) {
    check_row = troubles[i].name;
    fake_open (&f, 512, 100);
    fake_rule (&f, troubles[i].rule);
    refused (&f, troubles[i].err, troubles[i].words);
  }
  check_row = NULL;
}

/* What need not be answered is given up, and not asked again: the facts are
 * those of a LUN that refuses it.
 */
static const struct {
  const char *name;
  unsigned op;
} optional[] = {
  { "block limits", FAKE_VPD (0xb0) },
  { "rotation rate", FAKE_VPD (0xb1) },
  { "provisioning", FAKE_VPD (0xb2) },
  { "mode", FAKE_MODE6 (0x08) },
};

static void
check_unanswered (unsigned op)
{
  struct lun_facts facts, without;
  struct fake_lun f;
  const struct runner runner = { .run = fake_run, .handle = &f };
  struct error err;

  fake_open (&f, 512, 100);
  f.thin = f.lbpu = true;
  fake_rule (&f, (struct fake_rule) FAKE_REFUSE (op));
  if (op == FAKE_MODE6 (0x08)) { /* all forms of it */
    fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_MODE6 (0x3f)));
    fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_MODE10 (0x08)));
    fake_rule (&f, (struct fake_rule) FAKE_REFUSE (FAKE_MODE10 (0x3f)));
  }
  without = facts_of (&f);
  fake_close (&f);

  fake_open (&f, 512, 100);
  f.thin = f.lbpu = true;
  fake_rule (&f, (struct fake_rule) { .op = op, .status = STATUS_TIMEOUT });
  facts = facts_of (&f);
  CHECK_UINT (fake_count (&f, op), 1);
  CHECK (facts.unanswered != 0);
  without.unanswered = facts.unanswered;
  CHECK (memcmp (&facts, &without, sizeof facts) == 0);

  fake_forget (&f);
  CHECK_INT (lun_probe (&runner, &policy, LUN, facts.unanswered, &facts,
                        &err), 0);
  CHECK_UINT (fake_count (&f, op), 0);
  CHECK (memcmp (&facts, &without, sizeof facts) == 0);
  fake_close (&f);
}

static void
test_unanswered (void)
{
  struct fake_lun f;
  size_t i;

  for (i = 0; i < sizeof optional / sizeof optional[0]; ++i) {
    check_row = optional[i].name;
    check_unanswered (optional[i].op);

    /* Not if the LUN answers nothing at all. */
    fake_open (&f, 512, 100);
    fake_rule (&f, (struct fake_rule) { .op = optional[i].op,
                                        .status = STATUS_TIMEOUT });
    fake_rule (&f, (struct fake_rule) { .op = FAKE_UNIT_READY, .skip = 1,
                                        .status = STATUS_TIMEOUT });
    refused (&f, EIO, "did not answer in time");
  }
  check_row = NULL;
}

/* After a new login. */
static int
verify (struct fake_lun *f, const struct lun_facts *facts,
        struct error *err)
{
  const struct runner r = { .run = fake_run, .handle = f };

  return lun_verify (&r, &policy, LUN, facts, err);
}

static void
test_verify (void)
{
  struct fake_lun f;
  struct lun_facts facts;
  struct error err;

  fake_open (&f, 512, 100);
  facts = facts_of (&f);
  CHECK_INT (verify (&f, &facts, &err), 0);
  f.blocks = 101;
  CHECK_INT (verify (&f, &facts, &err), 0);

  /* Smaller, but the same by its identity: the next open sees that. */
  f.blocks = 99;
  CHECK_INT (verify (&f, &facts, &err), 0);

  f.blocks = 100;
  f.block_len = 1024;
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);
  CHECK_CONTAINS (err.msg, "blocks are 1024 bytes long, and were 512");

  f.block_len = 512;
  f.serial = "SERIAL02";
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);
  CHECK_CONTAINS (err.msg, "is another one now");

  /* It does not tell its identity any more: that proves nothing. */
  f.serial = "SERIAL01";
  f.no_vpd = true;
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, EIO);
  fake_close (&f);
}

/* That it could not be asked says nothing about which LUN it is. */
static void
test_verify_in_trouble (void)
{
  struct fake_lun f;
  struct lun_facts facts;
  struct error err;

  fake_open (&f, 512, 100);
  facts = facts_of (&f);

  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x83), .times = 1, .status = STATUS_LOST,
    });
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, EIO);

  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x83), .skip = 0, .times = 1,
      .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2900,
    });
  CHECK_INT (verify (&f, &facts, &err), 0);

  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x83), .times = 1,
      .param = short_83, .param_len = sizeof short_83,
    });
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, EPROTO);

  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_CAPACITY10,
      .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2500,
    });
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENXIO);
  fake_close (&f);
}

/* A LUN that had no identity is known by its size, and by that it still has
 * none.
 */
static void
test_verify_nameless (void)
{
  struct fake_lun f;
  struct lun_facts facts;
  struct error err;

  fake_open (&f, 512, 100);
  f.serial = NULL;
  facts = facts_of (&f);
  CHECK_UINT (facts.identity_page, 0);
  CHECK_INT (verify (&f, &facts, &err), 0);
  f.blocks = 99;
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);
  CHECK_CONTAINS (err.msg, "LUN 3 shrank from 51200 to 50688 bytes");

  /* One that gives an identity may be another one, of whatever size. */
  f.blocks = 100;
  f.serial = "SERIAL02";
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);
  CHECK_CONTAINS (err.msg, "gives an identity now, and gave none before");
  f.no_page_83 = true;
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);

  /* And one that could not be asked is not judged. */
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x00), .times = 1,
      .status = STATUS_CHECK_CONDITION, .key = 4, .asc = 0x4400,
    });
  CHECK_INT (verify (&f, &facts, &err), -1);
  CHECK_INT (err.err, EIO);
  f.no_vpd = true;
  CHECK_INT (verify (&f, &facts, &err), 0);
  fake_close (&f);
}

/* What a list has of a LUN, with as few questions as it takes. */
static void
test_glance (void)
{
  struct lun_facts facts, all;
  struct error err = { 0 };
  struct fake_lun f;
  const struct runner r = { .run = fake_run, .handle = &f };

  fake_open (&f, 512, 2048);
  f.write_protected = true;
  all = facts_of (&f);
  fake_forget (&f);
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (f.nr_seen, 4);
  CHECK_UINT (facts.size, all.size);
  CHECK (facts.read_only);
  CHECK_STR (facts.inquiry.product, "memory disk");
  CHECK_UINT (facts.identity_page, all.identity_page);
  CHECK_MEM (&facts.identity, &all.identity, sizeof all.identity);

  /* Without page 83h, and with nothing. */
  f.no_page_83 = true;
  all = facts_of (&f);
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (facts.identity_page, 0x80);
  CHECK_MEM (&facts.identity, &all.identity, sizeof all.identity);
  f.no_vpd = true;
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (facts.identity_page, 0);
  fake_close (&f);

  /* Nonsense for a page that is not listed is none; for one that is, and
   * what may pass, the LUN is not told of without its identity.
   */
  fake_open (&f, 512, 100);
  f.ignores_evpd = true;
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (facts.identity_page, 0);
  f.ignores_evpd = false;
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x83), .param = nonsense, .param_len = sizeof nonsense,
    });
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), -1);
  CHECK_INT (err.err, EPROTO);
  f.no_page_83 = true;
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (facts.identity_page, 0x80);
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x80), .status = STATUS_CHECK_CONDITION,
      .key = 4, .asc = 0x4400,
    });
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), -1);
  fake_close (&f);

  /* A CD is not asked for what it refuses; (10) is not enough for all. */
  fake_open (&f, 2048, 100);
  f.device_type = 5;
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (fake_count (&f, FAKE_MODE6 (0x08)), 0);
  CHECK (facts.read_only);
  fake_close (&f);
  fake_open (&f, 512, UINT64_C (1) << 33);
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), 0);
  CHECK_UINT (facts.size, UINT64_C (1) << 42);
  fake_close (&f);

  fake_open (&f, 512, 100);
  f.device_type = 0x0c;
  CHECK_INT (lun_glance (&r, &policy, LUN, &facts, &err), -1);
  CHECK_INT (err.err, ENODEV);
  CHECK_UINT (f.nr_seen, 1);
  fake_close (&f);
}

static void
test_has_designator (void)
{
  struct error err = { 0 };
  struct fake_lun f;
  const struct runner r = { .run = fake_run, .handle = &f };

  fake_open (&f, 512, 100);
  f.serial = "sn-7";
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-7", &err), 1);
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-8", &err), 0);
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "naa.7", &err), 0);
  CHECK_UINT (f.nr_seen, 3);
  f.no_vpd = true;
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-7", &err), 0);
  f.no_vpd = false;
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x80), .times = 1,
      .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2500,
    });
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-7", &err), 0);
  fake_rule (&f, (struct fake_rule) {
      .op = FAKE_VPD (0x80), .times = 1,
      .status = STATUS_CHECK_CONDITION, .key = 4, .asc = 0x4400,
    });
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-7", &err), -1);
  fake_rule (&f, (struct fake_rule) { .op = FAKE_ANY,
                                      .status = STATUS_LOST });
  CHECK_INT (lun_has_designator (&r, &policy, LUN, "serial.sn-7", &err), -1);
  fake_close (&f);
}

int
main (void)
{
  alarm (500);
  test_plain_disk ();
  test_thin_disk ();
  test_vpd ();
  test_no_identity ();
  test_identity_troubles ();
  test_mode_sense ();
  test_cd ();
  test_types ();
  test_capacity ();
  test_capacity10_only ();
  test_capacity_in_trouble ();
  test_short_capacity ();
  test_troubles ();
  test_unanswered ();
  test_verify ();
  test_verify_in_trouble ();
  test_verify_nameless ();
  test_glance ();
  test_has_designator ();
  return check_summary ();
}
