/* SPDX-License-Identifier: BSD-3-Clause */

/* SCSI command descriptor blocks, built byte by byte (SBC-4 5, SPC-5 6).
 * Pure.  Each function fills ‘cdb’ (the rest is zeroed) and returns its
 * length: 6, 10, 12 or 16.  Counts are in logical blocks; one that does not
 * fit the CDB is a bug of the caller and is asserted.
 */

#ifndef ISCSI_CDB_H
#define ISCSI_CDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"

extern unsigned cdb_test_unit_ready (uint8_t *cdb);
extern unsigned cdb_inquiry (uint8_t *cdb, uint16_t alloc_len);
extern unsigned cdb_inquiry_vpd (uint8_t *cdb, uint8_t page,
                                 uint16_t alloc_len);
extern unsigned cdb_mode_sense6 (uint8_t *cdb, uint8_t page,
                                 uint8_t alloc_len);
extern unsigned cdb_mode_sense10 (uint8_t *cdb, uint8_t page,
                                  uint16_t alloc_len);
extern unsigned cdb_read_capacity10 (uint8_t *cdb);
extern unsigned cdb_read_capacity16 (uint8_t *cdb, uint32_t alloc_len);
extern unsigned cdb_report_luns (uint8_t *cdb, uint32_t alloc_len);
extern unsigned cdb_get_lba_status (uint8_t *cdb, uint64_t lba,
                                    uint32_t alloc_len);

/* REPORT TARGET PORT GROUPS, with the extended header or the short one, and
 * SET TARGET PORT GROUPS (SPC-5 6.34, 6.45).
 */
extern unsigned cdb_report_target_port_groups (uint8_t *cdb, bool extended,
                                               uint32_t alloc_len);
extern unsigned cdb_set_target_port_groups (uint8_t *cdb, uint32_t list_len);

/* (10): lba + blocks up to 2^32, 1..65535 blocks.  (16): 1..2^32-1. */
extern unsigned cdb_read10 (uint8_t *cdb, uint32_t lba, uint16_t blocks);
extern unsigned cdb_read16 (uint8_t *cdb, uint64_t lba, uint32_t blocks);
extern unsigned cdb_write10 (uint8_t *cdb, uint32_t lba, uint16_t blocks,
                             bool fua);
extern unsigned cdb_write16 (uint8_t *cdb, uint64_t lba, uint32_t blocks,
                             bool fua);
/* Never a count of 0, which may mean "to the end of the medium". */
extern unsigned cdb_write_same10 (uint8_t *cdb, uint32_t lba,
                                  uint16_t blocks, bool unmap);
extern unsigned cdb_write_same16 (uint8_t *cdb, uint64_t lba,
                                  uint32_t blocks, bool unmap);
extern unsigned cdb_prefetch10 (uint8_t *cdb, uint32_t lba, uint16_t blocks);
extern unsigned cdb_prefetch16 (uint8_t *cdb, uint64_t lba, uint32_t blocks);
/* The whole medium, IMMED 0. */
extern unsigned cdb_synchronize_cache10 (uint8_t *cdb);
extern unsigned cdb_synchronize_cache16 (uint8_t *cdb);

/* UNMAP and its parameter list of one descriptor. */
#define UNMAP_LIST_LEN 24
extern unsigned cdb_unmap (uint8_t *cdb, uint16_t list_len);
extern void cdb_unmap_list (uint8_t list[UNMAP_LIST_LEN],
                            uint64_t lba, uint32_t blocks);
extern bool cdb_is_unmap (const uint8_t *cdb);

/* Of a WRITE SAME: is it to deallocate? */
extern bool cdb_has_unmap_bit (const uint8_t *cdb);

#endif /* ISCSI_CDB_H */
