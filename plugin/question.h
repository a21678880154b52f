/* SPDX-License-Identifier: BSD-3-Clause */

/* Asking a LUN something over whatever sessions its target is used: what lists
 * need, and what is asked before a LUN is opened by name.  Who asks is no user
 * of the target: it is not worth a further session.  Any thread.
 */

#ifndef ISCSI_QUESTION_H
#define ISCSI_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "parse.h"
#include "retry.h"
#include "settings.h"
#include "stop.h"
#include "target.h"

/* A hold on a LUN, to ask over.  Not to be copied. */
struct question {
  struct lu_user user;
  struct runner runner;         /* for scsi/ */
  struct retry_policy policy;
  uint64_t deadline;            /* clock_ms */
  unsigned least_ms, most_ms;   /* that a command is given */
};

/* No command is sent after ‘deadline’ (clock_ms).  One that is not answered by
 * then ends its session, as one that is not answered for ‘timeout’ does; but
 * not before ‘least_ms’ are over: what was asked last may only be slow.  If
 * that is 0 it is a question of an open: like any other command, but not beyond
 * ‘deadline’, which may be NO_DEADLINE.
 *
 * Blocks as lu_get, whose stop is ‘stop’.  -1 with a sentence.
 */
extern int question_begin (struct question *q, const struct settings *p,
                           const char *target, int lun, uint16_t wire,
                           uint64_t deadline, unsigned least_ms,
                           const struct stop *stop, struct error *err);
extern void question_end (struct question *q);

/* What REPORT LUNS tells. */
struct lun_list {
  struct lun_address *luns;     /* allocated; in order, each number once */
  size_t n;
  size_t unusable;              /* further ones, whose addresses are none that
                                   can be used */
};

/* Ask a hold on LUN 0, which answers even if there is none (SPC-5 6.33).  0;
 * 1 with a sentence: the target answers, but tells no list; -1 with a
 * sentence.
 */
extern int question_report_luns (struct question *q, struct lun_list *out,
                                 struct error *err);

#endif /* ISCSI_QUESTION_H */
