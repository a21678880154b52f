/* SPDX-License-Identifier: BSD-3-Clause */

/* The CDBs byte by byte, as SPC-5 and SBC-4 have them. */

#include <config.h>

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cdb.h"
#include "check.h"

/* Exactly as large as promised, so that a sanitizer sees a byte too many;
 * full of rubbish before each call, so that each byte must be written.
 */
static uint8_t *cdb, *list;

static void
reset (void)
{
  memset (cdb, 0xee, CDB_SIZE);
  memset (list, 0xee, UNMAP_LIST_LEN);
}

/* ‘hex’ is "28 00 ...", padded with zeroes to ‘size’ bytes. */
static size_t
from_hex (const char *hex, uint8_t *out, size_t size)
{
  size_t n = 0;
  char *end;

  memset (out, 0, size);
  while (*hex) {
    unsigned long v = strtoul (hex, &end, 16);

    if (end == hex || v > 0xff || n >= size)
      abort ();
    out[n++] = (uint8_t) v;
    hex = end + strspn (end, " ");
  }
  return n;
}

static void
expect (const char *row, unsigned len, const char *hex)
{
  uint8_t want[CDB_SIZE];
  size_t n = from_hex (hex, want, sizeof want);

  check_row = row;
  CHECK_UINT (len, n);
  CHECK_MEM (cdb, want, sizeof want);
  check_row = NULL;
  reset ();
}

static void
expect_list (const char *row, const char *hex)
{
  uint8_t want[UNMAP_LIST_LEN];
  size_t n = from_hex (hex, want, sizeof want);

  check_row = row;
  CHECK_UINT (n, UNMAP_LIST_LEN);
  CHECK_MEM (list, want, sizeof want);
  check_row = NULL;
  reset ();
}

static void
test_questions (void)
{
  expect ("test unit ready", cdb_test_unit_ready (cdb), "00 00 00 00 00 00");

  expect ("inquiry", cdb_inquiry (cdb, 36), "12 00 00 00 24 00");
  expect ("inquiry, 255", cdb_inquiry (cdb, 255), "12 00 00 00 ff 00");
  expect ("inquiry, 0x1234", cdb_inquiry (cdb, 0x1234), "12 00 00 12 34 00");
  expect ("inquiry, vpd 00", cdb_inquiry_vpd (cdb, 0x00, 255),
          "12 01 00 00 ff 00");
  expect ("inquiry, vpd 83", cdb_inquiry_vpd (cdb, 0x83, 0xfffe),
          "12 01 83 ff fe 00");
  expect ("inquiry, vpd b0", cdb_inquiry_vpd (cdb, 0xb0, 64),
          "12 01 b0 00 40 00");

  expect ("mode sense 6", cdb_mode_sense6 (cdb, 0x08, 255),
          "1a 08 08 00 ff 00");
  expect ("mode sense 6, all", cdb_mode_sense6 (cdb, 0x3f, 4),
          "1a 08 3f 00 04 00");
  expect ("mode sense 10", cdb_mode_sense10 (cdb, 0x08, 0x0102),
          "5a 08 08 00 00 00 00 01 02 00");
  expect ("mode sense 10, all", cdb_mode_sense10 (cdb, 0x3f, 0xffff),
          "5a 08 3f 00 00 00 00 ff ff 00");

  expect ("read capacity 10", cdb_read_capacity10 (cdb),
          "25 00 00 00 00 00 00 00 00 00");
  expect ("read capacity 16", cdb_read_capacity16 (cdb, 32),
          "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00");
  expect ("read capacity 16, long", cdb_read_capacity16 (cdb, 0x01020304),
          "9e 10 00 00 00 00 00 00 00 00 01 02 03 04 00 00");

  expect ("report luns", cdb_report_luns (cdb, 16392),
          "a0 00 00 00 00 00 00 00 40 08 00 00");
  expect ("report luns, long", cdb_report_luns (cdb, 0xfffffff8),
          "a0 00 00 00 00 00 ff ff ff f8 00 00");

  expect ("get lba status, 0", cdb_get_lba_status (cdb, 0, 24),
          "9e 12 00 00 00 00 00 00 00 00 00 00 00 18 00 00");
  expect ("get lba status", cdb_get_lba_status (cdb, 0x0102030405060708,
                                                0x090a0b0c),
          "9e 12 01 02 03 04 05 06 07 08 09 0a 0b 0c 00 00");
}

static void
test_read_write (void)
{
  expect ("read 10, 0", cdb_read10 (cdb, 0, 1),
          "28 00 00 00 00 00 00 00 01 00");
  expect ("read 10", cdb_read10 (cdb, 0x01020304, 0x0506),
          "28 00 01 02 03 04 00 05 06 00");
  expect ("read 10, last block", cdb_read10 (cdb, 0xffffffff, 1),
          "28 00 ff ff ff ff 00 00 01 00");
  expect ("read 10, longest", cdb_read10 (cdb, 0, 65535),
          "28 00 00 00 00 00 00 ff ff 00");
  expect ("read 10, longest, to 2^32", cdb_read10 (cdb, 0xffff0001, 65535),
          "28 00 ff ff 00 01 00 ff ff 00");

  expect ("read 16, 0", cdb_read16 (cdb, 0, 1),
          "88 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00");
  expect ("read 16", cdb_read16 (cdb, 0x0102030405060708, 0x090a0b0c),
          "88 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 00 00");
  expect ("read 16, 2^32 - 1", cdb_read16 (cdb, 0xffffffff, 65535),
          "88 00 00 00 00 00 ff ff ff ff 00 00 ff ff 00 00");
  expect ("read 16, 2^32", cdb_read16 (cdb, UINT64_C (1) << 32, 65536),
          "88 00 00 00 00 01 00 00 00 00 00 01 00 00 00 00");
  expect ("read 16, longest", cdb_read16 (cdb, 0, UINT32_MAX),
          "88 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00");
  expect ("read 16, last block", cdb_read16 (cdb, UINT64_MAX, 1),
          "88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00");

  expect ("write 10", cdb_write10 (cdb, 0x01020304, 0x0506, false),
          "2a 00 01 02 03 04 00 05 06 00");
  expect ("write 10, fua", cdb_write10 (cdb, 0xffffffff, 1, true),
          "2a 08 ff ff ff ff 00 00 01 00");
  expect ("write 10, longest", cdb_write10 (cdb, 0, 65535, true),
          "2a 08 00 00 00 00 00 ff ff 00");
  expect ("write 16", cdb_write16 (cdb, 0x0102030405060708, 0x090a0b0c,
                                   false),
          "8a 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 00 00");
  expect ("write 16, fua", cdb_write16 (cdb, UINT64_C (1) << 32, UINT32_MAX,
                                        true),
          "8a 08 00 00 00 01 00 00 00 00 ff ff ff ff 00 00");
}

static void
test_optional (void)
{
  expect ("write same 10", cdb_write_same10 (cdb, 0x01020304, 0x0506, false),
          "41 00 01 02 03 04 00 05 06 00");
  expect ("write same 10, unmap", cdb_write_same10 (cdb, 0, 65535, true),
          "41 08 00 00 00 00 00 ff ff 00");
  expect ("write same 16", cdb_write_same16 (cdb, 0x0102030405060708,
                                             0x090a0b0c, false),
          "93 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 00 00");
  expect ("write same 16, unmap", cdb_write_same16 (cdb, 0xffffffff, 65536,
                                                    true),
          "93 08 00 00 00 00 ff ff ff ff 00 01 00 00 00 00");

  expect ("prefetch 10", cdb_prefetch10 (cdb, 0x01020304, 0x0506),
          "34 00 01 02 03 04 00 05 06 00");
  expect ("prefetch 16", cdb_prefetch16 (cdb, 0x0102030405060708,
                                         0x090a0b0c),
          "90 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 00 00");

  expect ("synchronize cache 10", cdb_synchronize_cache10 (cdb),
          "35 00 00 00 00 00 00 00 00 00");
  expect ("synchronize cache 16", cdb_synchronize_cache16 (cdb),
          "91 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");

  expect ("unmap", cdb_unmap (cdb, UNMAP_LIST_LEN),
          "42 00 00 00 00 00 00 00 18 00");
  expect ("unmap, long list", cdb_unmap (cdb, 0xfff8),
          "42 00 00 00 00 00 00 ff f8 00");

  cdb_unmap_list (list, 0, 1);
  expect_list ("unmap list, 0",
               "00 16 00 10 00 00 00 00 00 00 00 00 00 00 00 00 "
               "00 00 00 01 00 00 00 00");
  cdb_unmap_list (list, 0x0102030405060708, 0x090a0b0c);
  expect_list ("unmap list",
               "00 16 00 10 00 00 00 00 01 02 03 04 05 06 07 08 "
               "09 0a 0b 0c 00 00 00 00");
  cdb_unmap_list (list, UINT64_C (1) << 32, UINT32_MAX);
  expect_list ("unmap list, longest",
               "00 16 00 10 00 00 00 00 00 00 00 01 00 00 00 00 "
               "ff ff ff ff 00 00 00 00");
  cdb_unmap_list (list, UINT64_MAX, 1);
  expect_list ("unmap list, last block",
               "00 16 00 10 00 00 00 00 ff ff ff ff ff ff ff ff "
               "00 00 00 01 00 00 00 00");
}

#ifndef NDEBUG

/* What must never be sent dies instead. */
static void read10_none (void) { cdb_read10 (cdb, 0, 0); }
static void read10_past (void) { cdb_read10 (cdb, 0xffffffff, 2); }
static void read16_none (void) { cdb_read16 (cdb, 0, 0); }
static void read16_past (void) { cdb_read16 (cdb, UINT64_MAX, 2); }
static void write10_none (void) { cdb_write10 (cdb, 1, 0, false); }
static void write10_past (void) { cdb_write10 (cdb, 0xffff0002, 65535, true); }
static void write16_none (void) { cdb_write16 (cdb, 1, 0, true); }
static void same10_none (void) { cdb_write_same10 (cdb, 0, 0, false); }
static void same16_none (void) { cdb_write_same16 (cdb, 0, 0, true); }
static void prefetch10_none (void) { cdb_prefetch10 (cdb, 0, 0); }
static void prefetch16_none (void) { cdb_prefetch16 (cdb, 0, 0); }
static void unmap_none (void) { cdb_unmap_list (list, 0, 0); }
static void unmap_past (void) { cdb_unmap_list (list, UINT64_MAX, 2); }

static const struct {
  const char *name;
  void (*call) (void);
} deadly[] = {
  { "read 10 of nothing", read10_none },
  { "read 10 past 2^32", read10_past },
  { "read 16 of nothing", read16_none },
  { "read 16 past 2^64", read16_past },
  { "write 10 of nothing", write10_none },
  { "write 10 past 2^32", write10_past },
  { "write 16 of nothing", write16_none },
  { "write same 10 of nothing", same10_none },
  { "write same 16 of nothing", same16_none },
  { "prefetch 10 of nothing", prefetch10_none },
  { "prefetch 16 of nothing", prefetch16_none },
  { "unmap of nothing", unmap_none },
  { "unmap past 2^64", unmap_past },
};

static void
test_asserted (void)
{
  size_t i;

  for (i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
    int status = 0;
    pid_t pid = fork ();

    if (pid == 0) {
      const struct rlimit no_core = { 0, 0 };

      setrlimit (RLIMIT_CORE, &no_core);
      close (STDERR_FILENO);
      deadly[i].call ();
      _exit (0);
    }
    check_row = deadly[i].name;
    CHECK (pid > 0 && waitpid (pid, &status, 0) == pid);
    CHECK (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT);
    check_row = NULL;
  }
}

#else

static void
test_asserted (void)
{
}

#endif

int
main (void)
{
  cdb = malloc (CDB_SIZE);
  list = malloc (UNMAP_LIST_LEN);
  if (cdb == NULL || list == NULL) {
    perror ("malloc");
    return EXIT_FAILURE;
  }
  reset ();

  test_questions ();
  test_read_write ();
  test_optional ();
  test_asserted ();

  free (cdb);
  free (list);
  return check_summary ();
}
