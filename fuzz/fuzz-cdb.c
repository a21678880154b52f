/* SPDX-License-Identifier: BSD-3-Clause */

/* The CDB builders: what is put in is found where SBC and SPC want it, and
 * nothing is written behind the CDB.
 */

#include <config.h>

#include "bytes.h"
#include "cdb.h"
#include "fuzz.h"

#define GUARD 0x5a

static uint8_t cdb[CDB_SIZE + 1];

static void
require_length (unsigned len)
{
  static const unsigned lengths[8] = { 6, 10, 10, 0, 16, 12 };

  REQUIRE (len == lengths[cdb[0] >> 5]);
  REQUIRE (cdb[CDB_SIZE] == GUARD);
  for (; len < CDB_SIZE; ++len)
    REQUIRE (cdb[len] == 0);
}

static void
require_blocks (unsigned len, uint64_t lba, uint32_t blocks)
{
  require_length (len);
  if (len == 10) {
    REQUIRE (get_be32 (&cdb[2]) == lba);
    REQUIRE (get_be16 (&cdb[7]) == blocks);
  }
  else {
    REQUIRE (get_be64 (&cdb[2]) == lba);
    REQUIRE (get_be32 (&cdb[10]) == blocks);
  }
}

/* Where the command ends by 2^32. */
static void
check_10 (uint32_t lba, uint16_t blocks, bool bit)
{
  if (blocks == 0)
    blocks = 1;
  if (lba > UINT32_MAX - (uint32_t) (blocks - 1))
    lba = UINT32_MAX - (uint32_t) (blocks - 1);

  require_blocks (cdb_read10 (cdb, lba, blocks), lba, blocks);
  require_blocks (cdb_write10 (cdb, lba, blocks, bit), lba, blocks);
  REQUIRE (!(cdb[1] & 0x08) == !bit);
  require_blocks (cdb_write_same10 (cdb, lba, blocks, bit), lba, blocks);
  REQUIRE (cdb_has_unmap_bit (cdb) == bit);
  require_blocks (cdb_prefetch10 (cdb, lba, blocks), lba, blocks);
}

static void
check_16 (uint64_t lba, uint32_t blocks, bool bit)
{
  if (blocks == 0)
    blocks = 1;
  if (lba > UINT64_MAX - (blocks - 1))
    lba = UINT64_MAX - (blocks - 1);

  require_blocks (cdb_read16 (cdb, lba, blocks), lba, blocks);
  require_blocks (cdb_write16 (cdb, lba, blocks, bit), lba, blocks);
  REQUIRE (!(cdb[1] & 0x08) == !bit);
  require_blocks (cdb_write_same16 (cdb, lba, blocks, bit), lba, blocks);
  REQUIRE (cdb_has_unmap_bit (cdb) == bit);
  require_blocks (cdb_prefetch16 (cdb, lba, blocks), lba, blocks);
}

static void
check_questions (uint64_t lba, uint32_t n, uint8_t page)
{
  require_length (cdb_test_unit_ready (cdb));
  require_length (cdb_inquiry (cdb, (uint16_t) n));
  REQUIRE (get_be16 (&cdb[3]) == (uint16_t) n);
  require_length (cdb_inquiry_vpd (cdb, page, (uint16_t) n));
  REQUIRE (cdb[2] == page && get_be16 (&cdb[3]) == (uint16_t) n);
  require_length (cdb_mode_sense6 (cdb, page & 0x3f, (uint8_t) n));
  REQUIRE (cdb[2] == (page & 0x3f) && cdb[4] == (uint8_t) n);
  require_length (cdb_mode_sense10 (cdb, page & 0x3f, (uint16_t) n));
  REQUIRE (cdb[2] == (page & 0x3f) && get_be16 (&cdb[7]) == (uint16_t) n);
  require_length (cdb_read_capacity10 (cdb));
  require_length (cdb_read_capacity16 (cdb, n));
  REQUIRE (get_be32 (&cdb[10]) == n);
  require_length (cdb_report_luns (cdb, n));
  REQUIRE (get_be32 (&cdb[6]) == n);
  require_length (cdb_get_lba_status (cdb, lba, n));
  REQUIRE (get_be64 (&cdb[2]) == lba && get_be32 (&cdb[10]) == n);
  require_length (cdb_report_target_port_groups (cdb, page & 1, n));
  REQUIRE (get_be32 (&cdb[6]) == n);
  require_length (cdb_set_target_port_groups (cdb, n));
  REQUIRE (get_be32 (&cdb[6]) == n);
  require_length (cdb_synchronize_cache10 (cdb));
  require_length (cdb_synchronize_cache16 (cdb));
}

static void
check_unmap (uint64_t lba, uint32_t blocks)
{
  uint8_t list[UNMAP_LIST_LEN + 1];

  list[UNMAP_LIST_LEN] = GUARD;
  require_length (cdb_unmap (cdb, UNMAP_LIST_LEN));
  REQUIRE (cdb_is_unmap (cdb) && get_be16 (&cdb[7]) == UNMAP_LIST_LEN);
  cdb_unmap_list (list, lba, blocks);
  REQUIRE (get_be64 (&list[8]) == lba && get_be32 (&list[16]) == blocks);
  REQUIRE (list[UNMAP_LIST_LEN] == GUARD);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  const uint64_t lba = input_number (&in, 8);
  const uint32_t blocks = (uint32_t) input_number (&in, 4);
  const unsigned bits = (unsigned) input_number (&in, 1);

  memset (cdb, GUARD, sizeof cdb);
  check_10 ((uint32_t) lba, (uint16_t) blocks, bits & 1);
  check_16 (lba, blocks, bits & 1);
  check_questions (lba, blocks, (uint8_t) bits);
  if (blocks > 0 && lba <= UINT64_MAX - (blocks - 1))
    check_unmap (lba, blocks);
  return 0;
}
