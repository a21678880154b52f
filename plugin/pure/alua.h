/* SPDX-License-Identifier: BSD-3-Clause */

/* Asymmetric logical unit access (SPC-5 5.18): which target port group a
 * session came through, and what state that group has for a LUN.  Pure.
 */

#ifndef ISCSI_ALUA_H
#define ISCSI_ALUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPC-5 table 236; the states that are not listed are taken for offline. */
enum alua_state {
  ALUA_OPTIMIZED     = 0x0,
  ALUA_NON_OPTIMIZED = 0x1,
  ALUA_STANDBY       = 0x2,
  ALUA_UNAVAILABLE   = 0x3,
  ALUA_LBA_DEPENDENT = 0x4,
  ALUA_OFFLINE       = 0xe,
  ALUA_TRANSITIONING = 0xf,
};

/* TPGS of the standard INQUIRY data. */
#define TPGS_IMPLICIT 1
#define TPGS_EXPLICIT 2

#define ALUA_MAX_GROUPS 32

struct alua_group {
  uint16_t group;
  enum alua_state state;
  bool preferred;
};

struct alua {
  struct alua_group groups[ALUA_MAX_GROUPS];
  size_t n;
  unsigned transition_s;        /* how long a transition may take; 0: the
                                   target does not tell */
};

/* REPORT TARGET PORT GROUPS, SPC-5 6.34, with the header that was asked for
 * or the other one: targets mix them up, and the data tell which it is.
 * Takes what is complete.  -1: no group is told.
 */
extern int alua_parse (const uint8_t *data, size_t len, struct alua *out);

/* VPD 83h: the target port group of the port that the page was read through
 * (association 1, designator type 5; SPC-5 7.7.6.8).  -1: not told.
 */
extern int alua_port_group (const uint8_t *data, size_t len);

/* The group's entry; NULL: it is not in the table, as -1 never is. */
extern const struct alua_group *alua_find (const struct alua *a, int group);

/* How good a path in this state is for I/O: 0 is the best.  Those from
 * ALUA_NO_IO on carry none.
 */
#define ALUA_NO_IO 5
extern unsigned alua_rank (enum alua_state state, bool preferred);

/* "active/optimized". */
extern const char *alua_state_name (enum alua_state state);

/* The parameter list of SET TARGET PORT GROUPS (SPC-5 6.45) that makes
 * ‘group’ active/optimized.
 */
#define ALUA_SET_LEN 8
extern void alua_set_list (uint8_t list[ALUA_SET_LEN], uint16_t group);

#endif /* ISCSI_ALUA_H */
