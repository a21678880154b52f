/* SPDX-License-Identifier: BSD-3-Clause */

/* A SCSI disk in memory behind a struct runner.  It decodes CDBs by itself,
 * keeps the rules that the standards set for the initiator (and counts what
 * breaks them), and can be told to answer any command otherwise.
 */

#ifndef TESTS_FAKE_LUN_H
#define TESTS_FAKE_LUN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "handle.h"

/* How a command is called here: its operation code, with the page or the
 * service action behind it where there is one.
 */
#define FAKE_ANY           0xffffffff
#define FAKE_UNIT_READY    0x00
#define FAKE_INQUIRY       0x12
#define FAKE_VPD(page)     (0x1200 | (page))
#define FAKE_MODE6(page)   (0x1a00 | (page))
#define FAKE_CAPACITY10    0x25
#define FAKE_READ10        0x28
#define FAKE_WRITE10       0x2a
#define FAKE_PREFETCH10    0x34
#define FAKE_SYNC10        0x35
#define FAKE_SAME10        0x41
#define FAKE_UNMAP         0x42
#define FAKE_MODE10(page)  (0x5a00 | (page))
#define FAKE_READ16        0x88
#define FAKE_WRITE16       0x8a
#define FAKE_PREFETCH16    0x90
#define FAKE_SYNC16        0x91
#define FAKE_SAME16        0x93
#define FAKE_CAPACITY16    0x9e10
#define FAKE_LBA_STATUS    0x9e12

/* Another answer than the truth, for commands that match ‘op’: not for the
 * first ‘skip’ of them, then ‘times’ times (0: for ever).  Zeroed fields
 * do nothing.
 */
struct fake_rule {
  unsigned op;
  unsigned skip, times;

  unsigned status;              /* this, and nothing is done ... */
  uint8_t key;                  /* ... with this sense, unless 0 */
  uint16_t asc;
  bool no_sense;                /* CHECK CONDITION without any */

  enum residual residual;       /* GOOD, but this ... */
  uint32_t residual_count;      /* ... and, on underflow, so much less of
                                   the data is moved */

  const uint8_t *param;         /* parameter data: these instead */
  size_t param_len;

  unsigned seen;                /* the fake's own */
};

/* A LUN refuses a command: 5/2000. */
#define FAKE_REFUSE(o) \
  { .op = (o), .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2000 }

/* A command that was executed, for tests to look at. */
struct fake_seen {
  unsigned op;
  uint64_t lba;
  uint32_t blocks;
  uint32_t len;                 /* bytes to transfer */
  bool fua, unmap;
};

#define FAKE_MAX_RULES 32
#define FAKE_MAX_SEEN  65536

enum fake_state { FAKE_MAPPED, FAKE_DEALLOCATED, FAKE_ANCHORED };

struct fake_lun {
  /* What it is.  Change it after fake_open, before the first command. */
  uint64_t blocks;
  uint32_t block_len;
  uint8_t qualifier, device_type;
  bool removable;
  bool write_protected, dpofua, wce;
  bool thin, lbprz, lbpu, lbpws, lbpws10;
  const char *serial;           /* page 80 and, as NAA, 83; NULL: no pages */
  bool no_page_83;
  bool no_vpd;                  /* not even page 00 */
  bool ignores_evpd;            /* INQUIRY data for all pages */
  bool no_page_b2;
  uint16_t rotation_rate;
  unsigned phys_exponent;
  uint32_t max_transfer, opt_transfer, max_prefetch;
  uint32_t max_unmap_lbas, unmap_granularity, unmap_alignment;
  uint64_t max_write_same;

  /* Its memory: blocks [base, base + nr); the LUN may be larger. */
  uint64_t base, nr;
  uint8_t *data;
  uint8_t *state;               /* enum fake_state of each block */

  /* WRITE SAME, UNMAP and PRE-FETCH longer than that get 5/2400, UNMAP
   * 5/2600 (it is about its list); 0: none.
   */
  uint32_t too_long;

  /* They take so long, one after the other, by the clock ‘ms’.  Those of a
   * round that end later than ‘deadline_ms’ (0: never) are not carried out,
   * and answered with STATUS_TIMEOUT.
   */
  unsigned ms_each, ms_per_mib, deadline_ms;
  uint64_t ms;

  bool yield;                   /* give way to other threads between the
                                   commands and inside them */

  pthread_mutex_t lock;
  struct fake_rule rules[FAKE_MAX_RULES];
  size_t nr_rules;
  struct fake_seen *seen;
  size_t nr_seen;
  bool keep_no_log;             /* do not fill ‘seen’ */
  unsigned broken;              /* rules that the initiator broke */
  size_t most_at_once;          /* commands that were run together */
};

/* A thick disk that has everything and refuses nothing, with memory for
 * all its blocks (or, blocks over 2^20, for none: set base and nr, then
 * call fake_memory).
 */
extern void fake_open (struct fake_lun *f, uint32_t block_len,
                       uint64_t blocks);
extern void fake_memory (struct fake_lun *f, uint64_t base, uint64_t nr);
extern void fake_close (struct fake_lun *f);

extern void fake_rule (struct fake_lun *f, struct fake_rule rule);
extern void fake_forget (struct fake_lun *f); /* what was seen */

/* How many commands were executed under that name. */
extern unsigned fake_count (struct fake_lun *f, unsigned op);

/* The struct runner's function; its handle is the struct fake_lun. */
extern void fake_run (void *fake_lun, struct command *cmds, size_t n);

/* A disk on it, as disk_open would make it, with its one handle.  Commands
 * are tried again for half a second, but without any pause.
 */
struct fake_disk {
  struct fake_lun lun;          /* opened by the test */
  struct learnt learnt;
  struct rangelock writes;
  struct handle h;
};
#define FAKE_LUN_NUMBER 3

/* Probe the LUN, which must succeed, and forget the commands for that. */
extern void fake_attach (struct fake_disk *d);
extern void fake_detach (struct fake_disk *d); /* closes the LUN too */

#endif /* TESTS_FAKE_LUN_H */
