/* SPDX-License-Identifier: BSD-3-Clause */

/* SCSI parameter data to facts.  Pure: bytes in, facts out; every function
 * takes what was really received and believes nothing beyond it.  Returns
 * 0, or -1 when the data are too short or contradict themselves (then
 * *out is untouched).
 */

#ifndef ISCSI_PARSE_H
#define ISCSI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* READ CAPACITY (10) and (16), SBC-4 5.20, 5.21. */
struct capacity {
  uint64_t last_lba;
  uint32_t block_len;           /* bytes, as the target says: not checked */
  unsigned phys_exponent;       /* log2 of logical per physical block */
  bool lbpme, lbprz;            /* thin; unmapped blocks read as zeroes */
};
extern int parse_capacity10 (const uint8_t *data, size_t len,
                             struct capacity *out);
/* Needs 12 bytes; phys_exponent, lbpme and lbprz are zero unless their bytes
 * were received.
 */
extern int parse_capacity16 (const uint8_t *data, size_t len,
                             struct capacity *out);

/* Standard INQUIRY data, SPC-5 6.6.2. */
struct inquiry {
  uint8_t qualifier;            /* 0: connected */
  uint8_t device_type;          /* 0 disk, 5 CD, 0xc controller... */
  uint8_t tpgs;                 /* TPGS_IMPLICIT, TPGS_EXPLICIT: see alua.h */
  char vendor[9], product[17];  /* trimmed, printable ASCII */
};
extern int parse_inquiry (const uint8_t *data, size_t len,
                          struct inquiry *out);

/* Pages of vital product data (VPD). */
enum vpd_page {
  VPD_PAGES        = 0x00,
  VPD_SERIAL       = 0x80,
  VPD_DESIGNATORS  = 0x83,
  VPD_LIMITS       = 0xb0,
  VPD_ROTATION     = 0xb1,
  VPD_PROVISIONING = 0xb2,
};

/* Is this the VPD page, and all of it, or as much as was asked for? */
extern bool parse_vpd_is_whole (const uint8_t *data, size_t len,
                                size_t asked, uint8_t page);

/* VPD 00: the pages that are supported, as a bitmap by page number. */
struct vpd_pages {
  uint8_t map[32];
};
extern int parse_vpd_pages (const uint8_t *data, size_t len,
                            struct vpd_pages *out);
static inline bool
vpd_has (const struct vpd_pages *p, uint8_t page)
{
  return p->map[page / 8] & (1 << (page % 8));
}

/* The LUN's identity: the strongest designator of the logical unit in VPD
 * 83 (NAA, then EUI-64, then T10 vendor, then SCSI name string), or the
 * serial number of VPD 80.  Compared as opaque bytes; the first byte tells
 * the kind.  len 0: none.
 */
#define IDENTITY_MAX 256
struct identity {
  size_t len;
  uint8_t bytes[IDENTITY_MAX];
};
extern int parse_vpd_83 (const uint8_t *data, size_t len,
                         struct identity *out);
extern int parse_vpd_80 (const uint8_t *data, size_t len,
                         struct identity *out);

/* One designator of the logical unit after the other; ‘*at’ is 0 before the
 * first.  False: there is no further one.
 */
extern bool parse_vpd_83_next (const uint8_t *data, size_t len, size_t *at,
                               struct identity *out);

/* VPD B0, block limits, SBC-4 6.6.3; all in logical blocks, 0: not
 * reported.  A page of only 16 bytes has just the first three.  UINT32_MAX
 * (no limit) of the UNMAP fields is kept.
 */
struct block_limits {
  uint32_t granularity, max_transfer, opt_transfer, max_prefetch;
  uint32_t max_unmap_lbas, unmap_granularity, unmap_alignment;
  uint64_t max_write_same;
};
extern int parse_vpd_b0 (const uint8_t *data, size_t len,
                         struct block_limits *out);

/* VPD B1: medium rotation rate, 1 = solid state, 0 = not told. */
extern int parse_vpd_b1 (const uint8_t *data, size_t len, uint16_t *rate);

/* VPD B2, logical block provisioning, SBC-4 6.6.7. */
struct provisioning {
  bool lbpu, lbpws, lbpws10;    /* UNMAP, WRITE SAME (16), (10) with UNMAP */
};
extern int parse_vpd_b2 (const uint8_t *data, size_t len,
                         struct provisioning *out);

/* MODE SENSE (6) or (10), with or without the caching page (08h).  */
struct mode {
  bool wp, dpofua;              /* write protected; FUA and DPO supported */
  bool have_caching, wce;       /* write cache enabled */
};
extern int parse_mode_sense6 (const uint8_t *data, size_t len,
                              struct mode *out);
extern int parse_mode_sense10 (const uint8_t *data, size_t len,
                               struct mode *out);

/* GET LBA STATUS, SBC-4 5.9.  Describes only [lba, lba+blocks): the
 * descriptors are clipped to it.  Stops, without an error, at the first
 * descriptor that has a zero count, leaves a gap or goes backwards: what
 * came before it stands.  Returns the number of extents, 0 when nothing is
 * told about ‘lba’ itself.
 */
enum lba_state { LBA_MAPPED, LBA_DEALLOCATED, LBA_ANCHORED };
struct lba_extent {
  uint64_t lba, blocks;
  enum lba_state state;
};
extern size_t parse_lba_status (const uint8_t *data, size_t len,
                                uint64_t lba, uint64_t blocks,
                                struct lba_extent *out, size_t max);

/* A LUN's number, and the first two of its eight bytes as they are sent: the
 * number as it is (peripheral device addressing, SAM-5 4.7.4; there are
 * targets that put numbers from 256 on into the bus identifier too) or in flat
 * space addressing.  The others are zero.
 */
struct lun_address {
  int lun;                      /* 0..16383 */
  uint16_t wire;
};

/* The form to try first where the target has not told its own, and the other
 * one.
 */
static inline uint16_t
lun_wire (int lun)
{
  return lun < 256 ? (uint16_t) lun : (uint16_t) (0x4000 | lun);
}
static inline uint16_t
lun_wire_other (uint16_t wire)
{
  return wire ^ 0x4000;
}

/* REPORT LUNS, SPC-5 6.33: peripheral, flat and (target 0 of bus 0) logical
 * unit addressing.  Returns how many were stored, at most max; *skipped counts
 * those in other forms.
 */
extern size_t parse_report_luns (const uint8_t *data, size_t len,
                                 struct lun_address *luns, size_t max,
                                 size_t *skipped);

#endif /* ISCSI_PARSE_H */
