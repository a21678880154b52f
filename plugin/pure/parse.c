/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "parse.h"

static size_t
min_size (size_t a, size_t b)
{
  return a < b ? a : b;
}

/* READ CAPACITY (10) has only two fields; the rest reads as "not told". */
int
parse_capacity10 (const uint8_t *data, size_t len, struct capacity *out)
{
  if (len < 8)
    return -1;

  *out = (struct capacity) {
    .last_lba = get_be32 (&data[0]),
    .block_len = get_be32 (&data[4]),
  };
  return 0;
}

int
parse_capacity16 (const uint8_t *data, size_t len, struct capacity *out)
{
  if (len < 12)
    return -1;

  *out = (struct capacity) {
    .last_lba = get_be64 (&data[0]),
    .block_len = get_be32 (&data[8]),
  };
  if (len > 13)
    out->phys_exponent = data[13] & 0x0f;
  if (len > 14) {
    out->lbpme = data[14] & 0x80;
    out->lbprz = data[14] & 0x40;
  }
  return 0;
}

/* Copy a text field of INQUIRY data, as much of it as is there: spaces (and
 * the NULs that some targets pad with) trimmed at both ends, anything that
 * could upset a terminal replaced.
 */
static void
copy_text (char *out, size_t field_len,
           const uint8_t *data, size_t len, size_t offset)
{
  size_t n = len > offset ? min_size (field_len, len - offset) : 0;
  const uint8_t *p = n ? data + offset : data;
  size_t i;

  while (n && (p[n - 1] == ' ' || p[n - 1] == '\0'))
    n--;
  while (n && (*p == ' ' || *p == '\0')) {
    p++;
    n--;
  }
  for (i = 0; i < n; i++)
    out[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char) p[i] : '.';
  out[n] = '\0';
}

int
parse_inquiry (const uint8_t *data, size_t len, struct inquiry *out)
{
  size_t end;

  if (len < 5)
    return -1;

  end = min_size (len, (size_t) 5 + data[4]);
  out->qualifier = data[0] >> 5;
  out->device_type = data[0] & 0x1f;
  out->tpgs = end > 5 ? data[5] >> 4 & 0x3 : 0;
  copy_text (out->vendor, sizeof out->vendor - 1, data, end, 8);
  copy_text (out->product, sizeof out->product - 1, data, end, 16);
  return 0;
}

/* How many bytes of a VPD page are there, its header included: what was
 * received and belongs to it.  0 when it is not that page: targets that
 * know no VPD ignore the EVPD bit and send standard INQUIRY data.
 */
static size_t
vpd_len (const uint8_t *data, size_t len, uint8_t page)
{
  if (len < 4 || data[1] != page)
    return 0;
  return min_size (len, (size_t) 4 + get_be16 (&data[2]));
}

bool
parse_vpd_is_whole (const uint8_t *data, size_t len, size_t asked,
                    uint8_t page)
{
  return len >= 4 && data[1] == page &&
    len >= min_size (asked, (size_t) 4 + get_be16 (&data[2]));
}

int
parse_vpd_pages (const uint8_t *data, size_t len, struct vpd_pages *out)
{
  size_t end = vpd_len (data, len, VPD_PAGES);
  size_t i;

  if (end == 0)
    return -1;

  memset (out, 0, sizeof *out);
  for (i = 4; i < end; i++)
    out->map[data[i] / 8] |= (uint8_t) (1 << (data[i] % 8));
  return 0;
}

/* How well a designator type tells LUNs apart (SPC-5, Device Identification
 * page): 0 is not at all, or names something else (a port, a group).
 */
static unsigned
designator_rank (unsigned type)
{
  switch (type) {
  case 0x3: return 4;           /* NAA */
  case 0x2: return 3;           /* EUI-64 */
  case 0x1: return 2;           /* T10 vendor ID based */
  case 0x8: return 1;           /* SCSI name string */
  default:  return 0;
  }
}

bool
parse_vpd_83_next (const uint8_t *data, size_t len, size_t *at,
                   struct identity *out)
{
  const size_t end = vpd_len (data, len, VPD_DESIGNATORS);
  size_t i = *at > 0 ? *at : 4;

  while (end >= i && end - i >= 4) {
    const uint8_t *d = &data[i];
    const uint8_t association = d[1] >> 4 & 0x3, type = d[1] & 0xf;
    const size_t id_len = d[3];

    if (id_len > end - i - 4)
      return false;             /* cut off */
    i += 4 + id_len;
    if (association != 0 || designator_rank (type) == 0 || id_len == 0)
      continue;
    memset (out, 0, sizeof *out);
    out->len = 1 + id_len;
    out->bytes[0] = type;
    memcpy (&out->bytes[1], &d[4], id_len);
    *at = i;
    return true;
  }
  return false;
}

/* Of two of the same rank the longer one wins (a registered NAA name of 16
 * bytes over a locally assigned one of 8), then the first.
 */
int
parse_vpd_83 (const uint8_t *data, size_t len, struct identity *out)
{
  struct identity id;
  unsigned rank, best = 0;
  size_t at = 0;

  if (vpd_len (data, len, VPD_DESIGNATORS) == 0)
    return -1;

  memset (out, 0, sizeof *out);
  while (parse_vpd_83_next (data, len, &at, &id)) {
    rank = designator_rank (id.bytes[0]);
    if (rank < best || (rank == best && id.len <= out->len))
      continue;
    best = rank;
    *out = id;
  }
  return 0;
}

/* A serial number of spaces means that there is none (SPC-5, Unit Serial
 * Number page).
 */
int
parse_vpd_80 (const uint8_t *data, size_t len, struct identity *out)
{
  size_t end = vpd_len (data, len, VPD_SERIAL);
  size_t start = 4;

  if (end == 0)
    return -1;

  while (end > start && (data[end - 1] == ' ' || data[end - 1] == '\0'))
    end--;
  while (end > start && (data[start] == ' ' || data[start] == '\0'))
    start++;

  memset (out, 0, sizeof *out);
  if (end > start) {
    size_t n = min_size (end - start, IDENTITY_MAX - 1);

    out->len = 1 + n;
    out->bytes[0] = 0x80;
    memcpy (&out->bytes[1], &data[start], n);
  }
  return 0;
}

/* A field of a page that may end before it: 0, "not reported". */
static uint32_t
field32 (const uint8_t *data, size_t end, size_t offset)
{
  return end >= offset + 4 ? get_be32 (&data[offset]) : 0;
}

int
parse_vpd_b0 (const uint8_t *data, size_t len, struct block_limits *out)
{
  size_t end = vpd_len (data, len, VPD_LIMITS);
  uint32_t alignment;

  if (end < 16)
    return -1;

  alignment = field32 (data, end, 32);
  *out = (struct block_limits) {
    .granularity = get_be16 (&data[6]),
    .max_transfer = get_be32 (&data[8]),
    .opt_transfer = get_be32 (&data[12]),
    .max_prefetch = field32 (data, end, 16),
    .max_unmap_lbas = field32 (data, end, 20),
    .unmap_granularity = field32 (data, end, 28),
    .unmap_alignment = alignment & UINT32_C (0x80000000) /* UGAVALID */
      ? alignment & UINT32_C (0x7fffffff) : 0,
    .max_write_same = end >= 44 ? get_be64 (&data[36]) : 0,
  };
  return 0;
}

int
parse_vpd_b1 (const uint8_t *data, size_t len, uint16_t *rate)
{
  if (vpd_len (data, len, VPD_ROTATION) < 6)
    return -1;

  *rate = get_be16 (&data[4]);
  return 0;
}

int
parse_vpd_b2 (const uint8_t *data, size_t len, struct provisioning *out)
{
  if (vpd_len (data, len, VPD_PROVISIONING) < 6)
    return -1;

  out->lbpu = data[5] & 0x80;
  out->lbpws = data[5] & 0x40;
  out->lbpws10 = data[5] & 0x20;
  return 0;
}

/* Find the caching page (SBC-4, Caching mode page) among the mode pages in
 * data[start..end).
 */
static void
find_caching_page (const uint8_t *data, size_t start, size_t end,
                   struct mode *out)
{
  size_t i = start;

  while (i < end && end - i >= 2) {
    bool subpage = data[i] & 0x40; /* SPF: a longer header */
    size_t header = subpage ? 4 : 2;

    if (end - i < header)
      return;
    if (!subpage && (data[i] & 0x3f) == 0x08) {
      if (data[i + 1] >= 1 && end - i >= 3) {
        out->have_caching = true;
        out->wce = data[i + 2] & 0x04;
      }
      return;
    }
    i += header + (subpage ? get_be16 (&data[i + 2]) : data[i + 1]);
  }
}

static void
parse_mode (uint8_t device_specific, const uint8_t *data,
            size_t start, size_t end, struct mode *out)
{
  *out = (struct mode) {
    .wp = device_specific & 0x80,
    .dpofua = device_specific & 0x10,
  };
  find_caching_page (data, start, end, out);
}

/* SPC-5, mode parameter headers (6) and (10).  Block descriptors are skipped:
 * some targets send them although they are not asked for.
 */
int
parse_mode_sense6 (const uint8_t *data, size_t len, struct mode *out)
{
  size_t end = len ? min_size (len, (size_t) 1 + data[0]) : 0;

  if (end < 4)
    return -1;

  parse_mode (data[2], data, (size_t) 4 + data[3], end, out);
  return 0;
}

int
parse_mode_sense10 (const uint8_t *data, size_t len, struct mode *out)
{
  size_t end = len >= 2 ? min_size (len, (size_t) 2 + get_be16 (data)) : 0;

  if (end < 8)
    return -1;

  parse_mode (data[3], data, (size_t) 8 + get_be16 (&data[6]), end, out);
  return 0;
}

/* What is not known to be a hole is data. */
static enum lba_state
lba_state_of (uint8_t status)
{
  switch (status & 0x0f) {
  case 1:  return LBA_DEALLOCATED;
  case 2:  return LBA_ANCHORED;
  default: return LBA_MAPPED;
  }
}

/* The first descriptor may begin before ‘lba’, at the start of the target's
 * own extent; each of the others begins where the last one ended.
 */
size_t
parse_lba_status (const uint8_t *data, size_t len,
                  uint64_t lba, uint64_t blocks,
                  struct lba_extent *out, size_t max)
{
  size_t end, i, n = 0;

  if (len < 8)
    return 0;

  /* The length counts what follows its own four bytes. */
  end = get_be32 (data) < len - 4 ? (size_t) 4 + get_be32 (data) : len;

  for (i = 8; n < max && blocks > 0 && i < end && end - i >= 16; i += 16) {
    uint64_t start = get_be64 (&data[i]);
    uint64_t count = get_be32 (&data[i + 8]);

    if (start > lba || (n > 0 && start < lba) || count <= lba - start)
      break;

    count -= lba - start;
    if (count > blocks)
      count = blocks;
    out[n++] = (struct lba_extent) {
      .lba = lba,
      .blocks = count,
      .state = lba_state_of (data[i + 12]),
    };
    lba += count;
    blocks -= count;
  }
  return n;
}

/* SAM-5 4.7: one level (bytes 2 to 7 zero). */
static bool
lun_of (const uint8_t *entry, struct lun_address *out)
{
  static const uint8_t zeroes[6];
  const uint16_t wire = get_be16 (entry);

  if (memcmp (&entry[2], zeroes, sizeof zeroes) != 0)
    return false;
  switch (wire >> 14) {
  case 0:                       /* peripheral device */
  case 1:                       /* flat space */
    *out = (struct lun_address) { .lun = wire & 0x3fff, .wire = wire };
    return true;
  case 2:                       /* logical unit: target 0 on bus 0 */
    *out = (struct lun_address) { .lun = wire & 0x1f, .wire = wire };
    return (wire & 0x3fe0) == 0;
  default:                      /* extended: well known, long... */
    return false;
  }
}

size_t
parse_report_luns (const uint8_t *data, size_t len,
                   struct lun_address *luns, size_t max, size_t *skipped)
{
  size_t end, i, n = 0;

  *skipped = 0;
  if (len < 8)
    return 0;

  /* The length counts what follows the header. */
  end = 8 + min_size (len - 8, get_be32 (data));

  for (i = 8; n < max && end - i >= 8; i += 8) {
    if (lun_of (&data[i], &luns[n]))
      n++;
    else
      ++*skipped;
  }
  return n;
}
