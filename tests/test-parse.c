/* SPDX-License-Identifier: BSD-3-Clause */

/* Parameter data to facts: vectors, every truncation of them, garbage.
 * Whatever is parsed ends where the memory ends (guard.h).
 */

#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "guard.h"
#include "parse.h"

/* Any of the facts, to see whether a parser that fails leaves it alone. */
union facts {
  struct capacity capacity;
  struct inquiry inquiry;
  struct vpd_pages pages;
  struct identity identity;
  struct block_limits limits;
  struct provisioning provisioning;
  struct mode mode;
  uint16_t rate;
};

typedef int (*parse_fn) (const uint8_t *data, size_t len, union facts *out);

#define PARSER(name, member) \
  static int \
  name (const uint8_t *data, size_t len, union facts *out) \
  { \
    return parse_##name (data, len, &out->member); \
  }

PARSER (capacity10, capacity)
PARSER (capacity16, capacity)
PARSER (inquiry, inquiry)
PARSER (vpd_pages, pages)
PARSER (vpd_83, identity)
PARSER (vpd_80, identity)
PARSER (vpd_b0, limits)
PARSER (vpd_b1, rate)
PARSER (vpd_b2, provisioning)
PARSER (mode_sense6, mode)
PARSER (mode_sense10, mode)

/* Parse ‘len’ bytes that nothing readable follows.  ‘out’ is rubbish
 * before, and the same rubbish after a failure.
 */
static int
parse (parse_fn fn, const void *data, size_t len, union facts *out)
{
  union facts before;
  int r;

  memset (out, 0x5a, sizeof *out);
  before = *out;
  r = fn (guard_copy (data, len), len, out);
  CHECK (r == 0 || r == -1);
  if (r == -1)
    CHECK_MEM (out, &before, sizeof before);
  return r;
}

static void
test_capacity10 (void)
{
  static const struct {
    uint8_t data[8];
    uint64_t last_lba;
    uint32_t block_len;
  } rows[] = {
    { { 0, 0, 0, 0, 0, 0, 2, 0 }, 0, 512 },
    { { 0, 0, 0, 1, 0, 0, 8, 0 }, 1, 2048 },
    { { 1, 2, 3, 4, 5, 6, 7, 8 }, 0x01020304, 0x05060708 },
    { { 0x7f, 0xff, 0xff, 0xff, 0, 0, 2, 8 }, 0x7fffffff, 520 },
    { { 0x80, 0, 0, 0, 0, 0, 16, 0 }, 0x80000000, 4096 },
    { { 255, 255, 255, 254, 0, 0, 2, 0 }, 0xfffffffe, 512 },
    { { 255, 255, 255, 255, 0, 0, 2, 0 }, 0xffffffff, 512 },
    { { 0, 0, 0, 0, 255, 255, 255, 255 }, 0, UINT32_MAX },
  };
  union facts f;
  size_t i, len;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (len = 0; len < 8; len++)
      CHECK_INT (parse (capacity10, rows[i].data, len, &f), -1);
    CHECK_INT (parse (capacity10, rows[i].data, 8, &f), 0);
    CHECK_UINT (f.capacity.last_lba, rows[i].last_lba);
    CHECK_UINT (f.capacity.block_len, rows[i].block_len);
    CHECK_UINT (f.capacity.phys_exponent, 0);
    CHECK (!f.capacity.lbpme && !f.capacity.lbprz);
  }
}

static void
test_capacity16 (void)
{
  uint8_t data[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 16, 0,
                       0xff, 0xf3, 0xff, 0xff };
  static const uint64_t edges[] = {
    0, 0xfffffffe, 0xffffffff, UINT64_C (1) << 32,
    UINT64_C (5) * 1024 * 1024 * 1024 * 2 - 1, INT64_MAX, UINT64_MAX
  };
  union facts f;
  unsigned v;
  size_t i, len;

  for (len = 0; len <= sizeof data; len++) {
    CHECK_INT (parse (capacity16, data, len, &f), len < 12 ? -1 : 0);
    if (len < 12)
      continue;
    CHECK_UINT (f.capacity.last_lba, 0x0102030405060708);
    CHECK_UINT (f.capacity.block_len, 4096);
    CHECK_UINT (f.capacity.phys_exponent, len > 13 ? 3 : 0);
    CHECK_INT (f.capacity.lbpme, len > 14);
    CHECK_INT (f.capacity.lbprz, len > 14);
  }

  data[14] = 0x80;
  CHECK_INT (parse (capacity16, data, 32, &f), 0);
  CHECK (f.capacity.lbpme && !f.capacity.lbprz);
  data[14] = 0x7f;
  CHECK_INT (parse (capacity16, data, 32, &f), 0);
  CHECK (!f.capacity.lbpme && f.capacity.lbprz);
  for (v = 0; v <= 0xff; v++) {
    data[14] = (uint8_t) v;
    CHECK_INT (parse (capacity16, data, 32, &f), 0);
    CHECK_INT (f.capacity.lbpme, v >> 7 & 1);
    CHECK_INT (f.capacity.lbprz, v >> 6 & 1);
  }
  data[13] = 0xff;
  CHECK_INT (parse (capacity16, data, 32, &f), 0);
  CHECK_UINT (f.capacity.phys_exponent, 15);

  for (i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    put_be64 (data, edges[i]);
    CHECK_INT (parse (capacity16, data, 32, &f), 0);
    CHECK_UINT (f.capacity.last_lba, edges[i]);
  }
}

/* What a disk says, and what is not known. */
static void
inquiry_begin (uint8_t data[96])
{
  static const uint8_t head[8] = { 0x00, 0x80, 0x05, 0x02, 91 };

  memcpy (data, head, sizeof head);
  memcpy (&data[8], "IET     VIRTUAL-DISK    0001", 28);
  memset (&data[36], 'x', 96 - 36);
}

static void
test_inquiry_lengths (void)
{
  uint8_t data[96];
  union facts f;
  size_t len;

  inquiry_begin (data);
  for (len = 0; len <= sizeof data; len++) {
    CHECK_INT (parse (inquiry, data, len, &f), len < 5 ? -1 : 0);
    if (len < 5)
      continue;
    CHECK_UINT (f.inquiry.qualifier, 0);
    CHECK_UINT (f.inquiry.device_type, 0);
    CHECK_STR (f.inquiry.vendor, len <= 8 ? "" : len == 9 ? "I"
               : len == 10 ? "IE" : "IET");
    if (len >= 28 || len <= 16)
      CHECK_STR (f.inquiry.product, len <= 16 ? "" : "VIRTUAL-DISK");
  }

  /* What is past the additional length is not INQUIRY data. */
  data[4] = 20;
  CHECK_INT (parse (inquiry, data, sizeof data, &f), 0);
  CHECK_STR (f.inquiry.vendor, "IET");
  CHECK_STR (f.inquiry.product, "VIRTUAL-D");
}

static void
test_inquiry_types (void)
{
  uint8_t data[96];
  union facts f;

  /* Nothing listens there: qualifier 3, type 1fh. */
  inquiry_begin (data);
  data[0] = 0x7f;
  CHECK_INT (parse (inquiry, data, 36, &f), 0);
  CHECK_UINT (f.inquiry.qualifier, 3);
  CHECK_UINT (f.inquiry.device_type, 0x1f);

  /* A CD, and a controller. */
  data[0] = 0x05;
  CHECK_INT (parse (inquiry, data, 36, &f), 0);
  CHECK_UINT (f.inquiry.device_type, 5);
  data[0] = 0x2c;
  CHECK_INT (parse (inquiry, data, 36, &f), 0);
  CHECK_UINT (f.inquiry.qualifier, 1);
  CHECK_UINT (f.inquiry.device_type, 0xc);
}

/* Text that is not text. */
static void
test_inquiry_text (void)
{
  uint8_t data[96];
  union facts f;

  inquiry_begin (data);
  memcpy (&data[8], "  A\033\xff" "B\0\0", 8);
  memset (&data[16], 'P', 16);
  CHECK_INT (parse (inquiry, data, sizeof data, &f), 0);
  CHECK_STR (f.inquiry.vendor, "A..B");
  CHECK_STR (f.inquiry.product, "PPPPPPPPPPPPPPPP");
  memcpy (&data[8], "\0 V D~\x7fR", 8);
  memcpy (&data[16], "\x1f!b\n", 4);
  CHECK_INT (parse (inquiry, data, sizeof data, &f), 0);
  CHECK_STR (f.inquiry.vendor, "V D~.R");
  CHECK_STR (f.inquiry.product, ".!b.PPPPPPPPPPPP");
  memset (&data[8], 'V', 8);
  memset (&data[16], 0, 16);
  CHECK_INT (parse (inquiry, data, sizeof data, &f), 0);
  CHECK_STR (f.inquiry.vendor, "VVVVVVVV");
  CHECK_STR (f.inquiry.product, "");
}

static void
test_vpd_pages (void)
{
  static const uint8_t data[] = { 0x00, 0x00, 0x00, 0x07, 0x00, 0x80, 0x83,
                                  0xb0, 0xb1, 0xb2, 0xff, 0x55 };
  uint8_t wrong[sizeof data], all[4 + 256];
  union facts f;
  unsigned page, i;
  size_t len;

  for (len = 0; len <= sizeof data; len++) {
    CHECK_INT (parse (vpd_pages, data, len, &f), len < 4 ? -1 : 0);
    if (len < 4)
      continue;
    for (page = 0; page <= 0xff; page++) {
      bool listed = false;

      for (i = 4; i < len && i < 11; i++)
        listed |= data[i] == page;
      CHECK_INT (vpd_has (&f.pages, (uint8_t) page), listed);
    }
  }

  memcpy (wrong, data, sizeof data);
  wrong[1] = 0x80;
  CHECK_INT (parse (vpd_pages, wrong, sizeof wrong, &f), -1);

  all[0] = all[1] = all[3] = 0;
  all[2] = 1;
  for (i = 0; i <= 0xff; i++)
    all[4 + i] = (uint8_t) i;
  CHECK_INT (parse (vpd_pages, all, sizeof all, &f), 0);
  for (page = 0; page <= 0xff; page++)
    CHECK (vpd_has (&f.pages, (uint8_t) page));
}

/* Builds a VPD page 83h. */
struct page83 {
  uint8_t data[1024];
  size_t len;
};

static void
page83_begin (struct page83 *p)
{
  memset (p, 0, sizeof *p);
  p->data[1] = 0x83;
  p->len = 4;
}

static void
page83_add (struct page83 *p, unsigned association, unsigned type,
            const char *id, unsigned len)
{
  uint8_t *d = &p->data[p->len];

  d[0] = 0x51;
  d[1] = (uint8_t) (0x80 | association << 4 | type);
  d[3] = (uint8_t) len;
  memcpy (&d[4], id, len);
  p->len += 4 + len;
  put_be16 (&p->data[2], (uint16_t) (p->len - 4));
}

static void
check_identity (const struct identity *id, unsigned kind,
                const char *bytes, size_t len)
{
  CHECK_UINT (id->len, len + 1);
  CHECK_UINT (id->bytes[0], kind);
  CHECK_MEM (&id->bytes[1], bytes, len);
}

/* What this page says. */
static void
check_page83 (const struct page83 *p, unsigned kind, const char *bytes,
              size_t len)
{
  union facts f;

  CHECK_INT (parse (vpd_83, p->data, p->len, &f), 0);
  check_identity (&f.identity, kind, bytes, len);
}

static void
check_page83_none (const struct page83 *p)
{
  union facts f;

  CHECK_INT (parse (vpd_83, p->data, p->len, &f), 0);
  CHECK_UINT (f.identity.len, 0);
}

static const char port[] = "port-is-no-identity";

/* Ports, target and vendor specific designators are none. */
static void
page83_add_others (struct page83 *p)
{
  page83_add (p, 1, 0x3, port, 16);
  page83_add (p, 2, 0x3, port, 8);
  page83_add (p, 3, 0x2, port, 8);
  page83_add (p, 1, 0x8, port, 19);
  page83_add (p, 0, 0x0, port, 8);
  page83_add (p, 0, 0x4, port, 4);
  page83_add (p, 0, 0x6, port, 4);
  page83_add (p, 0, 0xf, port, 4);
  page83_add (p, 0, 0x3, "", 0);
}

/* Strongest first, whatever the order. */
static void
test_vpd_83_choice (void)
{
  struct page83 p;

  page83_begin (&p);
  check_page83_none (&p);
  page83_add_others (&p);
  check_page83_none (&p);
  page83_add (&p, 0, 0x8, "iqn.2000-01.x:lun0", 19);
  check_page83 (&p, 0x8, "iqn.2000-01.x:lun0", 19);
  page83_add (&p, 0, 0x1, "VENDOR  disk-17", 15);
  check_page83 (&p, 0x1, "VENDOR  disk-17", 15);
  page83_add (&p, 0, 0x2, "EUI64678", 8);
  check_page83 (&p, 0x2, "EUI64678", 8);
  page83_add (&p, 0, 0x3, "\x3" "2345678", 8);
  page83_add (&p, 0, 0x3, "\x5" "second!", 8);
  page83_add (&p, 0, 0x8, "a weaker, longer one", 20);
  page83_add (&p, 0, 0x2, "EUI-64 of 16 too", 16);
  check_page83 (&p, 0x3, "\x3" "2345678", 8);
  page83_add (&p, 0, 0x3, "\x60" "0123456789abcde", 16);
  page83_add (&p, 0, 0x3, "\x60" "the second of16", 16);
  check_page83 (&p, 0x3, "\x60" "0123456789abcde", 16);

  /* The order does not matter. */
  page83_begin (&p);
  page83_add (&p, 0, 0x3, "\x5" "2345678", 8);
  page83_add (&p, 0, 0x1, "VENDOR  disk-17", 15);
  page83_add (&p, 1, 0x3, port, 16);
  check_page83 (&p, 0x3, "\x5" "2345678", 8);
}

/* What is cut off does not count, nor what is past the page. */
static void
test_vpd_83_lengths (void)
{
  struct page83 p;
  union facts f;
  size_t len;

  page83_begin (&p);
  page83_add (&p, 0, 0x1, "T10", 3);
  page83_add (&p, 0, 0x3, "\x5" "2345678", 8);
  for (len = 0; len <= p.len + 8; len++) {
    CHECK_INT (parse (vpd_83, p.data, len, &f), len < 4 ? -1 : 0);
    if (len < 4)
      continue;
    if (len < 11)
      CHECK_UINT (f.identity.len, 0);
    else if (len < p.len)
      check_identity (&f.identity, 0x1, "T10", 3);
    else
      check_identity (&f.identity, 0x3, "\x5" "2345678", 8);
  }
  put_be16 (&p.data[2], 7);
  check_page83 (&p, 0x1, "T10", 3);
  put_be16 (&p.data[2], 18);
  check_page83 (&p, 0x1, "T10", 3);
  put_be16 (&p.data[2], 0xffff);
  check_page83 (&p, 0x3, "\x5" "2345678", 8);
  p.data[1] = 0x80;
  CHECK_INT (parse (vpd_83, p.data, p.len, &f), -1);
}

/* The longest that there can be fits exactly. */
static void
test_vpd_83_longest (void)
{
  char longest[255];
  struct page83 p;

  memset (longest, 'L', sizeof longest);
  page83_begin (&p);
  page83_add (&p, 0, 0x8, longest, 255);
  check_page83 (&p, 0x8, longest, 255);
}

/* Two LUNs are the same when the structures are the same: the rest of one
 * must not be what was there before.
 */
static void
test_identity_is_comparable (void)
{
  struct page83 p;
  union facts f;
  size_t i;

  page83_begin (&p);
  page83_add (&p, 0, 0x8, "a long name string", 18);
  page83_add (&p, 0, 0x3, "\x5" "2345678", 8);
  CHECK_INT (parse (vpd_83, p.data, p.len, &f), 0);
  for (i = f.identity.len; i < IDENTITY_MAX; i++)
    CHECK_UINT (f.identity.bytes[i], 0);
}

static void
test_vpd_80 (void)
{
  uint8_t data[4 + 300] = { 0x00, 0x80, 0x00, 0x0c };
  char serial[300];
  union facts f;
  size_t len;

  memcpy (&data[4], "  serial 1  xyz", 15);
  for (len = 0; len <= 19; len++) {
    static const char *const texts[] = { "s", "se", "ser", "seri", "seria",
                                         "serial", "serial", "serial 1" };

    CHECK_INT (parse (vpd_80, data, len, &f), len < 4 ? -1 : 0);
    if (len >= 4 && len <= 6)
      CHECK_UINT (f.identity.len, 0);
    if (len > 6) {
      const char *text = texts[len - 7 < 7 ? len - 7 : 7];

      check_identity (&f.identity, 0x80, text, strlen (text));
    }
  }

  /* None: empty, spaces, NULs. */
  data[3] = 0;
  CHECK_INT (parse (vpd_80, data, 16, &f), 0);
  CHECK_UINT (f.identity.len, 0);
  data[3] = 8;
  memset (&data[4], ' ', 8);
  CHECK_INT (parse (vpd_80, data, 16, &f), 0);
  CHECK_UINT (f.identity.len, 0);
  memset (&data[4], 0, 8);
  CHECK_INT (parse (vpd_80, data, 16, &f), 0);
  CHECK_UINT (f.identity.len, 0);

  memcpy (&data[4], "\0 x y\0 \0", 8);
  CHECK_INT (parse (vpd_80, data, 16, &f), 0);
  check_identity (&f.identity, 0x80, "x y", 3);
  memcpy (&data[4], "12345678", 8);
  CHECK_INT (parse (vpd_80, data, 16, &f), 0);
  check_identity (&f.identity, 0x80, "12345678", 8);

  /* Too long for an identity: the beginning. */
  put_be16 (&data[2], 300);
  memset (&data[4], 'S', 300);
  memset (serial, 'S', sizeof serial);
  CHECK_INT (parse (vpd_80, data, sizeof data, &f), 0);
  check_identity (&f.identity, 0x80, serial, IDENTITY_MAX - 1);

  data[1] = 0x83;
  CHECK_INT (parse (vpd_80, data, sizeof data, &f), -1);
}

static const uint8_t page_b0[64] = {
  0x00, 0xb0, 0x00, 0x3c, 0x01, 0x24, 0x00, 0x80,   /* WSNZ, granularity */
  0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x10, 0x00,   /* transfer max, opt */
  0x00, 0x01, 0x02, 0x03, 0xff, 0xff, 0xff, 0xff,   /* prefetch, LBAs */
  0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x08, 0x00,   /* descr., granularity */
  0x80, 0x00, 0x00, 0x07, 0x01, 0x02, 0x03, 0x04,   /* alignment, WS max */
  0x05, 0x06, 0x07, 0x08, 0xff, 0xff, 0xff, 0xff,
};

static void
check_page_b0 (const struct block_limits *l, size_t len)
{
  CHECK_UINT (l->granularity, 128);
  CHECK_UINT (l->max_transfer, 2048);
  CHECK_UINT (l->opt_transfer, 4096);
  CHECK_UINT (l->max_prefetch, len >= 20 ? 0x00010203 : 0);
  CHECK_UINT (l->max_unmap_lbas, len >= 24 ? UINT32_MAX : 0);
  CHECK_UINT (l->unmap_granularity, len >= 32 ? 2048 : 0);
  CHECK_UINT (l->unmap_alignment, len >= 36 ? 7 : 0);
  CHECK_UINT (l->max_write_same, len >= 44 ? 0x0102030405060708 : 0);
}

static void
test_vpd_b0 (void)
{
  uint8_t data[64];
  union facts f;
  size_t len;

  /* Cut off on the wire, and ended by the page itself. */
  for (len = 0; len <= sizeof page_b0; len++) {
    CHECK_INT (parse (vpd_b0, page_b0, len, &f), len < 16 ? -1 : 0);
    if (len >= 16)
      check_page_b0 (&f.limits, len);
  }
  memcpy (data, page_b0, sizeof data);
  for (len = 4; len <= sizeof data; len++) {
    put_be16 (&data[2], (uint16_t) (len - 4));
    CHECK_INT (parse (vpd_b0, data, sizeof data, &f), len < 16 ? -1 : 0);
    if (len >= 16)
      check_page_b0 (&f.limits, len);
  }

  /* Without UGAVALID the alignment is not one. */
  memcpy (data, page_b0, sizeof data);
  data[32] = 0x7f;
  CHECK_INT (parse (vpd_b0, data, sizeof data, &f), 0);
  CHECK_UINT (f.limits.unmap_alignment, 0);
  data[32] = 0xff;
  CHECK_INT (parse (vpd_b0, data, sizeof data, &f), 0);
  CHECK_UINT (f.limits.unmap_alignment, 0x7f000007);

  data[1] = 0xb1;
  CHECK_INT (parse (vpd_b0, data, sizeof data, &f), -1);
}

static void
test_vpd_b1_b2 (void)
{
  uint8_t b1[64] = { 0x00, 0xb1, 0x00, 0x3c, 0x1c, 0x20 };
  uint8_t b2[8] = { 0x00, 0xb2, 0x00, 0x04, 0x00, 0xe4, 0x02, 0x00 };
  union facts f;
  size_t len;
  unsigned v;

  for (len = 0; len <= sizeof b1; len++) {
    CHECK_INT (parse (vpd_b1, b1, len, &f), len < 6 ? -1 : 0);
    if (len >= 6)
      CHECK_UINT (f.rate, 7200);
  }
  b1[3] = 1;
  CHECK_INT (parse (vpd_b1, b1, sizeof b1, &f), -1);
  b1[3] = 2;
  CHECK_INT (parse (vpd_b1, b1, sizeof b1, &f), 0);
  b1[1] = 0;
  CHECK_INT (parse (vpd_b1, b1, sizeof b1, &f), -1);

  for (len = 0; len <= sizeof b2; len++) {
    CHECK_INT (parse (vpd_b2, b2, len, &f), len < 6 ? -1 : 0);
    if (len >= 6)
      CHECK (f.provisioning.lbpu && f.provisioning.lbpws &&
             f.provisioning.lbpws10);
  }
  for (v = 0; v <= 0xff; v++) {
    b2[5] = (uint8_t) v;
    CHECK_INT (parse (vpd_b2, b2, sizeof b2, &f), 0);
    CHECK_INT (f.provisioning.lbpu, v >> 7 & 1);
    CHECK_INT (f.provisioning.lbpws, v >> 6 & 1);
    CHECK_INT (f.provisioning.lbpws10, v >> 5 & 1);
  }
  b2[3] = 1;
  CHECK_INT (parse (vpd_b2, b2, sizeof b2, &f), -1);
}

static void
check_mode (const struct mode *m, bool wp, bool dpofua, bool have_caching,
            bool wce)
{
  CHECK_INT (m->wp, wp);
  CHECK_INT (m->dpofua, dpofua);
  CHECK_INT (m->have_caching, have_caching);
  CHECK_INT (m->wce, wce);
}

static void
check_mode6 (const uint8_t *data, size_t len, bool wp, bool dpofua,
             bool have_caching, bool wce)
{
  union facts f;

  CHECK_INT (parse (mode_sense6, data, len, &f), 0);
  check_mode (&f.mode, wp, dpofua, have_caching, wce);
}

static const uint8_t caching6[24] = { 23, 0, 0x90, 0, 0x88, 0x12, 0x14 };

static void
test_mode_sense6_caching (void)
{
  uint8_t caching[24];
  union facts f;
  unsigned v;
  size_t len;

  memcpy (caching, caching6, sizeof caching);
  for (len = 0; len <= sizeof caching; len++) {
    CHECK_INT (parse (mode_sense6, caching, len, &f), len < 4 ? -1 : 0);
    if (len >= 4)
      check_mode (&f.mode, true, true, len >= 7, len >= 7);
  }

  /* Only the bits that are meant. */
  caching[4] = 0x08;
  caching[5] = 1;
  for (v = 0; v <= 0xff; v++) {
    caching[2] = caching[6] = (uint8_t) v;
    check_mode6 (caching, sizeof caching, v >> 7 & 1, v >> 4 & 1, true,
                 v >> 2 & 1);
  }
}

static void
test_mode_sense6_all (void)
{
  /* A block descriptor that was not asked for, then pages 01h, 0ah with a
   * subpage, 08h.
   */
  uint8_t all[64] = { 0, 0, 0x10, 8, 1, 2, 3, 4, 5, 6, 7, 8,
                      0x81, 2, 0x08, 0x08,
                      0x4a, 0x01, 0, 4, 0x08, 0x12, 0x04, 0,
                      0x08, 0x12, 0x00 };
  union facts f;
  size_t len;

  all[0] = 24 + 20 - 1;
  for (len = 4; len <= sizeof all; len++)
    check_mode6 (all, len, false, true, len >= 27, false);
  all[26] = 0x04;
  check_mode6 (all, sizeof all, false, true, true, true);

  /* Past the mode data length there is nothing. */
  all[0] = 26;
  check_mode6 (all, sizeof all, false, true, true, true);
  all[0] = 25;
  check_mode6 (all, sizeof all, false, true, false, false);
  all[0] = 3;
  check_mode6 (all, sizeof all, false, true, false, false);
  all[0] = 2;
  CHECK_INT (parse (mode_sense6, all, sizeof all, &f), -1);
}

static void
test_mode_sense6_odd (void)
{
  uint8_t caching[24];

  /* Block descriptors said to be longer than everything. */
  memcpy (caching, caching6, sizeof caching);
  caching[3] = 255;
  check_mode6 (caching, sizeof caching, true, true, false, false);

  /* The subpage of 08h is not the caching page; an empty one tells
   * nothing.
   */
  caching[3] = 0;
  caching[4] = 0x48;
  check_mode6 (caching, sizeof caching, true, true, false, false);
  caching[4] = 0x09;
  check_mode6 (caching, sizeof caching, true, true, false, false);
  caching[4] = 0x08;
  caching[5] = 0;
  check_mode6 (caching, sizeof caching, true, true, false, false);
  caching[5] = 1;
  check_mode6 (caching, sizeof caching, true, true, true, true);
}

static void
test_mode_sense10 (void)
{
  uint8_t caching[28] = { 0, 26, 0, 0x80, 0, 0, 0, 0, 0x08, 0x12, 0x04 };
  uint8_t all[600] = { 0x02, 0x56, 0, 0x10, 0x01, 0, 0x01, 0x00 };
  union facts f;
  size_t len;

  for (len = 0; len <= sizeof caching; len++) {
    CHECK_INT (parse (mode_sense10, caching, len, &f), len < 8 ? -1 : 0);
    if (len >= 8)
      check_mode (&f.mode, true, false, len >= 11, len >= 11);
  }
  caching[1] = 6;
  CHECK_INT (parse (mode_sense10, caching, sizeof caching, &f), 0);
  check_mode (&f.mode, true, false, false, false);
  caching[1] = 5;
  CHECK_INT (parse (mode_sense10, caching, sizeof caching, &f), -1);

  /* 256 bytes of block descriptors, a page of 253 bytes, the page. */
  all[8 + 256] = 0x0a;
  all[8 + 256 + 1] = 253;
  all[8 + 256 + 255] = 0x88;
  all[8 + 256 + 256] = 0x12;
  all[8 + 256 + 257] = 0x04;
  for (len = 8; len <= sizeof all; len++) {
    CHECK_INT (parse (mode_sense10, all, len, &f), 0);
    check_mode (&f.mode, false, true, len >= 522, len >= 522);
  }
  put_be16 (&all[6], 0xffff);
  CHECK_INT (parse (mode_sense10, all, sizeof all, &f), 0);
  check_mode (&f.mode, false, true, false, false);
}

/* What must hold whatever the bytes were. */
static void
check_facts (parse_fn fn, const union facts *f)
{
  if (fn == inquiry) {
    CHECK (f->inquiry.qualifier < 8 && f->inquiry.device_type < 32);
    CHECK (strlen (f->inquiry.vendor) <= 8);
    CHECK (strlen (f->inquiry.product) <= 16);
  }
  if (fn == vpd_83 || fn == vpd_80)
    CHECK (f->identity.len <= IDENTITY_MAX && f->identity.len != 1);
  if (fn == capacity16)
    CHECK (f->capacity.phys_exponent < 16);
  if (fn == mode_sense6 || fn == mode_sense10)
    CHECK (f->mode.have_caching || !f->mode.wce);
}

static void
test_garbage (void)
{
  static const struct {
    parse_fn fn;
    int page;                   /* VPD page, or -1 */
  } parsers[] = {
    { capacity10, -1 }, { capacity16, -1 }, { inquiry, -1 },
    { vpd_pages, 0x00 }, { vpd_83, 0x83 }, { vpd_80, 0x80 },
    { vpd_b0, 0xb0 }, { vpd_b1, 0xb1 }, { vpd_b2, 0xb2 },
    { mode_sense6, -1 }, { mode_sense10, -1 },
  };
  uint8_t data[520];
  uint64_t seed = 3;
  unsigned round;
  size_t i;

  for (round = 0; round < 3000; round++) {
    size_t len = guard_random (&seed) % (sizeof data + 1);

    guard_fill (data, sizeof data, &seed);
    for (i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
      union facts f;

      if (parsers[i].page >= 0)
        data[1] = (uint8_t) parsers[i].page;
      if (parse (parsers[i].fn, data, len, &f) == 0)
        check_facts (parsers[i].fn, &f);
    }
  }
}

int
main (void)
{
  test_capacity10 ();
  test_capacity16 ();
  test_inquiry_lengths ();
  test_inquiry_types ();
  test_inquiry_text ();
  test_vpd_pages ();
  test_vpd_83_choice ();
  test_vpd_83_lengths ();
  test_vpd_83_longest ();
  test_identity_is_comparable ();
  test_vpd_80 ();
  test_vpd_b0 ();
  test_vpd_b1_b2 ();
  test_mode_sense6_caching ();
  test_mode_sense6_all ();
  test_mode_sense6_odd ();
  test_mode_sense10 ();
  test_garbage ();
  return check_summary ();
}
