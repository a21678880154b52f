/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "cdb.h"

/* Operation codes, SPC-5 and SBC-4 table of commands. */
enum {
  OP_TEST_UNIT_READY     = 0x00,
  OP_INQUIRY             = 0x12,
  OP_MODE_SENSE6         = 0x1a,
  OP_READ_CAPACITY10     = 0x25,
  OP_READ10              = 0x28,
  OP_WRITE10             = 0x2a,
  OP_PREFETCH10          = 0x34,
  OP_SYNCHRONIZE_CACHE10 = 0x35,
  OP_WRITE_SAME10        = 0x41,
  OP_UNMAP               = 0x42,
  OP_MODE_SENSE10        = 0x5a,
  OP_READ16              = 0x88,
  OP_WRITE16             = 0x8a,
  OP_PREFETCH16          = 0x90,
  OP_SYNCHRONIZE_CACHE16 = 0x91,
  OP_WRITE_SAME16        = 0x93,
  OP_SERVICE_ACTION_IN16 = 0x9e,
  OP_REPORT_LUNS         = 0xa0,
  OP_MAINTENANCE_IN      = 0xa3,
  OP_MAINTENANCE_OUT     = 0xa4,
};

/* Service actions of SERVICE ACTION IN (16), in bits 4..0 of byte 1. */
enum {
  SA_READ_CAPACITY16 = 0x10,
  SA_GET_LBA_STATUS  = 0x12,
};

/* REPORT and SET TARGET PORT GROUPS, of MAINTENANCE IN and OUT. */
#define SA_TARGET_PORT_GROUPS 0x0a

/* Bits of byte 1. */
enum {
  BIT_EVPD  = 0x01,             /* INQUIRY: a vital product data page */
  BIT_DBD   = 0x08,             /* MODE SENSE: no block descriptors */
  BIT_FUA   = 0x08,             /* WRITE: past the volatile cache */
  BIT_UNMAP = 0x08,             /* WRITE SAME: deallocate if possible */
  BIT_EXTENDED_HEADER = 0x20,   /* REPORT TARGET PORT GROUPS */
};

/* The fields that (10) and (16) commands on blocks have in common. */
static unsigned
blocks10 (uint8_t *cdb, uint8_t op, uint8_t bits, uint32_t lba,
          uint16_t blocks)
{
  assert (blocks > 0);
  assert ((uint64_t) lba + blocks <= UINT64_C (0x100000000));

  memset (cdb, 0, CDB_SIZE);
  cdb[0] = op;
  cdb[1] = bits;
  put_be32 (&cdb[2], lba);
  put_be16 (&cdb[7], blocks);
  return 10;
}

static unsigned
blocks16 (uint8_t *cdb, uint8_t op, uint8_t bits, uint64_t lba,
          uint32_t blocks)
{
  assert (blocks > 0);
  assert (lba <= UINT64_MAX - (blocks - 1));

  memset (cdb, 0, CDB_SIZE);
  cdb[0] = op;
  cdb[1] = bits;
  put_be64 (&cdb[2], lba);
  put_be32 (&cdb[10], blocks);
  return 16;
}

unsigned
cdb_test_unit_ready (uint8_t *cdb)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_TEST_UNIT_READY;
  return 6;
}

unsigned
cdb_inquiry (uint8_t *cdb, uint16_t alloc_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_INQUIRY;
  put_be16 (&cdb[3], alloc_len);
  return 6;
}

unsigned
cdb_inquiry_vpd (uint8_t *cdb, uint8_t page, uint16_t alloc_len)
{
  cdb_inquiry (cdb, alloc_len);
  cdb[1] = BIT_EVPD;
  cdb[2] = page;
  return 6;
}

/* SPC-5, MODE SENSE.  Current values (PC 00b), subpage 0.  Block descriptors
 * are not asked for: nothing in them is used.
 */
unsigned
cdb_mode_sense6 (uint8_t *cdb, uint8_t page, uint8_t alloc_len)
{
  assert (page <= 0x3f);

  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_MODE_SENSE6;
  cdb[1] = BIT_DBD;
  cdb[2] = page;
  cdb[4] = alloc_len;
  return 6;
}

unsigned
cdb_mode_sense10 (uint8_t *cdb, uint8_t page, uint16_t alloc_len)
{
  assert (page <= 0x3f);

  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_MODE_SENSE10;
  cdb[1] = BIT_DBD;
  cdb[2] = page;
  put_be16 (&cdb[7], alloc_len);
  return 10;
}

unsigned
cdb_read_capacity10 (uint8_t *cdb)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_READ_CAPACITY10;
  return 10;
}

unsigned
cdb_read_capacity16 (uint8_t *cdb, uint32_t alloc_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_SERVICE_ACTION_IN16;
  cdb[1] = SA_READ_CAPACITY16;
  put_be32 (&cdb[10], alloc_len);
  return 16;
}

/* SPC-5, REPORT LUNS.  SELECT REPORT 00h: the LUNs that can be addressed as a
 * disk, without the well known ones.
 */
unsigned
cdb_report_luns (uint8_t *cdb, uint32_t alloc_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_REPORT_LUNS;
  put_be32 (&cdb[6], alloc_len);
  return 12;
}

unsigned
cdb_report_target_port_groups (uint8_t *cdb, bool extended,
                               uint32_t alloc_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_MAINTENANCE_IN;
  cdb[1] = SA_TARGET_PORT_GROUPS | (extended ? BIT_EXTENDED_HEADER : 0);
  put_be32 (&cdb[6], alloc_len);
  return 12;
}

unsigned
cdb_set_target_port_groups (uint8_t *cdb, uint32_t list_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_MAINTENANCE_OUT;
  cdb[1] = SA_TARGET_PORT_GROUPS;
  put_be32 (&cdb[6], list_len);
  return 12;
}

unsigned
cdb_get_lba_status (uint8_t *cdb, uint64_t lba, uint32_t alloc_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_SERVICE_ACTION_IN16;
  cdb[1] = SA_GET_LBA_STATUS;
  put_be64 (&cdb[2], lba);
  put_be32 (&cdb[10], alloc_len);
  return 16;
}

unsigned
cdb_read10 (uint8_t *cdb, uint32_t lba, uint16_t blocks)
{
  return blocks10 (cdb, OP_READ10, 0, lba, blocks);
}

unsigned
cdb_read16 (uint8_t *cdb, uint64_t lba, uint32_t blocks)
{
  return blocks16 (cdb, OP_READ16, 0, lba, blocks);
}

unsigned
cdb_write10 (uint8_t *cdb, uint32_t lba, uint16_t blocks, bool fua)
{
  return blocks10 (cdb, OP_WRITE10, fua ? BIT_FUA : 0, lba, blocks);
}

unsigned
cdb_write16 (uint8_t *cdb, uint64_t lba, uint32_t blocks, bool fua)
{
  return blocks16 (cdb, OP_WRITE16, fua ? BIT_FUA : 0, lba, blocks);
}

/* SBC-4, WRITE SAME.  One block of data follows, also with UNMAP: NDOB,
 * which saves it, is never answered by some targets.
 */
unsigned
cdb_write_same10 (uint8_t *cdb, uint32_t lba, uint16_t blocks, bool unmap)
{
  return blocks10 (cdb, OP_WRITE_SAME10, unmap ? BIT_UNMAP : 0, lba, blocks);
}

unsigned
cdb_write_same16 (uint8_t *cdb, uint64_t lba, uint32_t blocks, bool unmap)
{
  return blocks16 (cdb, OP_WRITE_SAME16, unmap ? BIT_UNMAP : 0, lba, blocks);
}

/* SBC-4, PRE-FETCH.  IMMED 0: as with NBD_CMD_CACHE, the end of the command
 * says that the data were read.
 */
unsigned
cdb_prefetch10 (uint8_t *cdb, uint32_t lba, uint16_t blocks)
{
  return blocks10 (cdb, OP_PREFETCH10, 0, lba, blocks);
}

unsigned
cdb_prefetch16 (uint8_t *cdb, uint64_t lba, uint32_t blocks)
{
  return blocks16 (cdb, OP_PREFETCH16, 0, lba, blocks);
}

/* SBC-4, SYNCHRONIZE CACHE.  LBA 0 and 0 blocks: to the end of the medium,
 * past 2^32 blocks too.
 */
unsigned
cdb_synchronize_cache10 (uint8_t *cdb)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_SYNCHRONIZE_CACHE10;
  return 10;
}

unsigned
cdb_synchronize_cache16 (uint8_t *cdb)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_SYNCHRONIZE_CACHE16;
  return 16;
}

/* SBC-4, UNMAP.  ANCHOR 0: deallocate, do not anchor. */
unsigned
cdb_unmap (uint8_t *cdb, uint16_t list_len)
{
  memset (cdb, 0, CDB_SIZE);
  cdb[0] = OP_UNMAP;
  put_be16 (&cdb[7], list_len);
  return 10;
}

bool
cdb_is_unmap (const uint8_t *cdb)
{
  return cdb[0] == OP_UNMAP;
}

bool
cdb_has_unmap_bit (const uint8_t *cdb)
{
  return cdb[1] & BIT_UNMAP;
}

/* SBC-4, UNMAP parameter list.  Each of the two lengths counts what follows
 * its field.
 */
void
cdb_unmap_list (uint8_t list[UNMAP_LIST_LEN], uint64_t lba, uint32_t blocks)
{
  assert (blocks > 0);
  assert (lba <= UINT64_MAX - (blocks - 1));

  memset (list, 0, UNMAP_LIST_LEN);
  put_be16 (&list[0], UNMAP_LIST_LEN - 2);
  put_be16 (&list[2], UNMAP_LIST_LEN - 8);
  put_be64 (&list[8], lba);
  put_be32 (&list[16], blocks);
}
