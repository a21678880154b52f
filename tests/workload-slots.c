/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "workload-common.h"
#include "workload-options.h"
#include "workload-report.h"
#include "workload-slots.h"

static struct slot *slots;
static uint32_t run_id;

void
slots_init (void)
{
  run_id = rng ();
  slots = calloc (opt.slots, sizeof *slots);
  if (slots == NULL)
    err (EXIT_USAGE, NULL);
}

void
slots_free (void)
{
  free (slots);
}

uint32_t
slot_take (void)
{
  uint32_t i;

  do
    i = rng () % opt.slots;
  while (slots[i].busy);
  slots[i].busy = true;
  return i;
}

struct slot *
slot_at (uint32_t index)
{
  return &slots[index];
}

uint64_t
slot_offset (uint32_t index)
{
  return opt.offset + index * opt.stride;
}

uint32_t
slot_fill (uint32_t index, uint8_t *buf)
{
  uint32_t seq = model_next (&slots[index]);

  model_fill (buf, opt.block, run_id, index, seq);
  return seq;
}

void
slot_check (uint32_t index, const uint8_t *buf, const char *where)
{
  const struct slot *s = &slots[index];
  uint32_t seen;
  size_t cell;
  enum fault f;

  f = model_check (s, buf, opt.block, run_id, index, &seen, &cell);
  if (f != FAULT_NONE)
    report_wrong (f, where, index, slot_offset (index) + cell * MODEL_CELL,
                  seen, s);
}

void
slots_read_back (struct nbd_handle *nbd, uint8_t *buf)
{
  uint32_t i;

  for (i = 0; nbd != NULL && i < opt.slots; ++i) {
    if (!slots[i].known)
      continue;
    if (nbd_pread (nbd, buf, opt.block, slot_offset (i), 0) == -1)
      report_read_back_error (nbd_get_error ());
    else
      slot_check (i, buf, "the read back");
  }
}

void
slots_check_backing (uint8_t *buf)
{
  uint32_t i;
  ssize_t r;
  int fd;

  fd = open (opt.backing, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    err (EXIT_USAGE, "%s", opt.backing);
  for (i = 0; i < opt.slots; ++i) {
    if (!slots[i].known)
      continue;
    r = pread (fd, buf, opt.block, slot_offset (i));
    if (r != (ssize_t) opt.block)
      errx (EXIT_USAGE, "%s: short read at byte %" PRIu64, opt.backing,
            slot_offset (i));
    slot_check (i, buf, "the backing file");
    report_backing ();
  }
  close (fd);
}
