/* SPDX-License-Identifier: BSD-3-Clause */

/* What a LUN is: INQUIRY, VPD pages, MODE SENSE and READ CAPACITY to one
 * structure of facts.
 */

#ifndef ISCSI_LUN_H
#define ISCSI_LUN_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "parse.h"
#include "retry.h"

struct lun_facts {
  struct inquiry inquiry;
  struct identity identity;
  uint8_t identity_page;        /* VPD page that told it; 0: none did */
  struct block_limits limits;
  struct provisioning provisioning;
  struct mode mode;
  uint16_t rotation_rate;

  struct capacity capacity;
  uint64_t size;                /* bytes: (last LBA + 1) * block length */
  bool cdb10;                   /* READ (16) is refused: use READ (10) */
  bool thin;                    /* LBPME */
  bool reads_zeroes;            /* LBPRZ of READ CAPACITY (16) */
  bool read_only;               /* a CD or DVD, or write protected */

  unsigned unanswered;          /* what is not to be asked again: lun_probe */
};

/* Ask a LUN everything.  A LUN that cannot be served (not a disk, no
 * medium, no such LUN, capacity that makes no sense) is -1 with a sentence
 * and what to do; ENXIO: there is no such LUN, ENODEV: it is no disk.  So is
 * one that could not be asked for its identity; it has none only if it refuses
 * the question (sense key 5h), or does not list the pages.  ‘lun’ is for the
 * sentences.  Blocks, at most the policy's timeout per question.
 *
 * Optional are MODE SENSE and the VPD pages B0h to B2h: a LUN that does not
 * answer one of them for half of the timeout, and then answers TEST UNIT READY,
 * is taken to lack it, and the facts are those of one that refuses it.  Give
 * facts->unanswered of the last time, and it is not asked for it again; 0:
 * there was none.  A bare session is lost with such a question: that is -1, and
 * worth another one if facts->unanswered has changed.
 */
extern int lun_probe (const struct runner *r, const struct retry_policy *p,
                      int lun, unsigned unanswered, struct lun_facts *facts,
                      struct error *err);

/* Can a LUN of this type (of its INQUIRY data) be served?  Disks and CDs. */
extern bool lun_serves_type (unsigned device_type);

/* As lun_probe, with about half the questions: only what a list tells of
 * thousands of them (inquiry, identity, size and read_only), and the block
 * length.
 */
extern int lun_glance (const struct runner *r, const struct retry_policy *p,
                       int lun, struct lun_facts *facts, struct error *err);

/* Does the LUN have this designator (designator.h), among others?  1, or 0
 * (also if there is no such LUN, which has none); -1 with a sentence if it
 * could not be asked.
 */
extern int lun_has_designator (const struct runner *r,
                               const struct retry_policy *p, int lun,
                               const char *text, struct error *err);

/* Call fn for each designator (designator.h) that the LUN has, on this thread.
 * -1 with a sentence if it could not be asked.
 */
extern int lun_designators (const struct runner *r,
                            const struct retry_policy *p, int lun,
                            void (*fn) (void *opaque, const char *text),
                            void *opaque, struct error *err);

/* After lun_probe said that there is no such LUN (ENXIO): a sentence that names
 * those that there are, if the target tells.  The runner asks LUN 0, which
 * answers whether or not there is one (SPC-5 6.33).
 */
extern void lun_name_others (const struct runner *r,
                             const struct retry_policy *p, int lun,
                             struct error *err);

/* Only MODE SENSE: write protection and write cache.  *mode is left alone
 * where the LUN does not tell.
 */
extern int lun_mode (const struct runner *r, const struct retry_policy *p,
                     int lun, struct mode *mode, struct error *err);

/* Are these the facts of the same LUN: same identity, or still none, and block
 * length; not smaller, if it has no identity?  -1 with a sentence (ENODEV) if
 * not.
 */
extern int lun_compare (int lun, const struct lun_facts *before,
                        const struct lun_facts *now, struct error *err);

/* After a new login: is this still the LUN that ‘facts’ describes?  As
 * lun_compare; any other errno: it could not be asked (ENXIO: there is no
 * such LUN at the moment, which may pass while a target starts).
 */
extern int lun_verify (const struct runner *r, const struct retry_policy *p,
                       int lun, const struct lun_facts *facts,
                       struct error *err);

/* The same of its identity alone, which it tells in any ALUA state.  One that
 * has none is taken for the same.
 */
extern int lun_identify (const struct runner *r, const struct retry_policy *p,
                         int lun, const struct lun_facts *facts,
                         struct error *err);

#endif /* ISCSI_LUN_H */
