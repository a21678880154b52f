/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <string.h>

#include "alua.h"
#include "bytes.h"
#include "parse.h"

/* The formats of the header, in byte 4 (SPC-5 6.34): the length alone, or
 * eight bytes with the time that an implicit transition may take.  With the
 * short header that byte begins a descriptor, and its bits 6-4 are reserved.
 */
#define SHORT_HEADER    4
#define EXTENDED_HEADER 8
#define FORMAT_EXTENDED 0x10

static enum alua_state
known_state (unsigned code)
{
  switch (code) {
  case ALUA_OPTIMIZED:
  case ALUA_NON_OPTIMIZED:
  case ALUA_STANDBY:
  case ALUA_UNAVAILABLE:
  case ALUA_LBA_DEPENDENT:
  case ALUA_TRANSITIONING:
    return (enum alua_state) code;
  }
  return ALUA_OFFLINE;
}

int
alua_parse (const uint8_t *data, size_t len, struct alua *out)
{
  struct alua a = { .n = 0 };
  size_t end, i, size;

  if (len < SHORT_HEADER)
    return -1;
  end = len - SHORT_HEADER < get_be32 (data) ? len
    : SHORT_HEADER + (size_t) get_be32 (data);

  i = SHORT_HEADER;
  if (end >= EXTENDED_HEADER && (data[4] & 0x70) == FORMAT_EXTENDED) {
    a.transition_s = data[5];
    i = EXTENDED_HEADER;
  }

  for (; end - i >= 8 && a.n < ALUA_MAX_GROUPS; i += size) {
    const uint8_t *d = &data[i];

    size = 8 + 4 * (size_t) d[7];
    a.groups[a.n++] = (struct alua_group) {
      .group = get_be16 (&d[2]),
      .state = known_state (d[0] & 0x0f),
      .preferred = d[0] & 0x80,
    };
    if (size > end - i)
      break;                    /* its ports are cut off: not needed */
  }
  if (a.n == 0)
    return -1;
  *out = a;
  return 0;
}

int
alua_port_group (const uint8_t *data, size_t len)
{
  size_t end, i;

  if (len < 4 || data[1] != VPD_DESIGNATORS)
    return -1;
  end = len - 4 < get_be16 (&data[2]) ? len
    : 4 + (size_t) get_be16 (&data[2]);

  for (i = 4; end - i >= 4; i += 4 + (size_t) data[i + 3]) {
    if ((size_t) data[i + 3] > end - i - 4)
      break;
    if ((data[i + 1] >> 4 & 0x3) == 1 && (data[i + 1] & 0xf) == 5 &&
        data[i + 3] >= 4)
      return get_be16 (&data[i + 6]);
  }
  return -1;
}

const struct alua_group *
alua_find (const struct alua *a, int group)
{
  size_t i;

  for (i = 0; i < a->n; ++i)
    if (a->groups[i].group == group)
      return &a->groups[i];
  return NULL;
}

unsigned
alua_rank (enum alua_state state, bool preferred)
{
  switch (state) {
  case ALUA_OPTIMIZED:     return preferred ? 0 : 1;
  case ALUA_NON_OPTIMIZED: return preferred ? 2 : 3;
  case ALUA_LBA_DEPENDENT: return 4;
  case ALUA_TRANSITIONING: return ALUA_NO_IO;
  case ALUA_STANDBY:       return ALUA_NO_IO + 1;
  case ALUA_UNAVAILABLE:   return ALUA_NO_IO + 2;
  case ALUA_OFFLINE:       break;
  }
  return ALUA_NO_IO + 3;
}

const char *
alua_state_name (enum alua_state state)
{
  switch (state) {
  case ALUA_OPTIMIZED:     return "active/optimized";
  case ALUA_NON_OPTIMIZED: return "active/non-optimized";
  case ALUA_STANDBY:       return "standby";
  case ALUA_UNAVAILABLE:   return "unavailable";
  case ALUA_LBA_DEPENDENT: return "LBA dependent";
  case ALUA_TRANSITIONING: return "transitioning";
  case ALUA_OFFLINE:       break;
  }
  return "offline";
}

void
alua_set_list (uint8_t list[ALUA_SET_LEN], uint16_t group)
{
  memset (list, 0, ALUA_SET_LEN);
  list[4] = ALUA_OPTIMIZED;
  put_be16 (&list[6], group);
}
