#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The server does not grow with the number of requests.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  skip "the memory is the checker's"
fi

set -x
disk_of 16M
start_nbdkit iscsi "$url"
copies ()
{
  local i

  for ((i = 0; i < $1; i++)); do nbdcopy "$uri" null:; done
}
# Thread stacks and the allocator's arenas come first.
copies 20
before=$(server_rss)
copies 40
after=$(server_rss)
[ $((after - before)) -lt 4096 ] ||
  fail "it has grown from $before to $after KiB"
