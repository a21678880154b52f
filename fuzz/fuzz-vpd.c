/* SPDX-License-Identifier: BSD-3-Clause */

/* The parsers of VPD pages: the input's second byte says which page it is,
 * and only the one for that may take it.
 */

#include <config.h>

#include "fuzz.h"
#include "parse.h"

static const uint8_t *page;
static size_t len;

static void
require_page (uint8_t number, int r)
{
  REQUIRE (r == 0 || r == -1);
  REQUIRE (r == -1 || (len >= 4 && page[1] == number));
}

/* It is a piece of the page. */
static void
require_identity (const struct identity *id, int r)
{
  REQUIRE (r == -1 || id->len <= IDENTITY_MAX);
  if (r == 0 && id->len > 0) {
    REQUIRE (id->len > 1 && id->len - 1 <= len);
    REQUIRE (memmem (page, len, &id->bytes[1], id->len - 1) != NULL);
  }
}

static void
pages_00_80_83 (void)
{
  struct identity id;
  struct vpd_pages pages;
  unsigned i;
  int r;

  r = parse_vpd_pages (page, len, &pages);
  require_page (0x00, r);
  for (i = 0; r == 0 && i < 256; ++i)
    REQUIRE (!vpd_has (&pages, i) || memchr (page + 4, i, len - 4) != NULL);

  r = parse_vpd_80 (page, len, &id);
  require_page (0x80, r);
  require_identity (&id, r);
  r = parse_vpd_83 (page, len, &id);
  require_page (0x83, r);
  require_identity (&id, r);
}

static void
pages_b0_b1_b2 (void)
{
  struct block_limits limits;
  struct provisioning provisioning;
  uint16_t rate;
  int r;

  r = parse_vpd_b0 (page, len, &limits);
  require_page (0xb0, r);
  REQUIRE (r == -1 || limits.unmap_alignment == 0 || page[32] & 0x80);
  require_page (0xb1, parse_vpd_b1 (page, len, &rate));
  require_page (0xb2, parse_vpd_b2 (page, len, &provisioning));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  page = data;
  len = size;
  pages_00_80_83 ();
  pages_b0_b1_b2 ();
  return 0;
}
