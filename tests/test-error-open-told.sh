#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every client that is refused is told why, the 30th within a moment as well
# as the first: in the log, and since nbdkit 1.42 by what it receives.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
start_tgtd
add_target
start_nbdkit iscsi "iscsi://$portal/"
run_nbdsh -c - >"$tmp/told" <<EOF
for i in range(30):
    client = nbd.NBD()
    client.set_export_name("$iqn/wrong")
    try:
        client.connect_unix("$sock")
    except nbd.Error as e:
        print(e.string)
EOF
cat "$tmp/told"
equal "the number of clients that were refused" "$(wc -l <"$tmp/told")" 30
why="the LUN must be a number"
times=$(grep -Fc "$why" "$nbdkit_log")
[ "$times" -ge 30 ] || fail "the log has it $times times"

version=$(nbdkit --version | sed -n 's/^nbdkit //p')
if printf '%s\n' 1.42 "$version" | sort --version-sort --check; then
  equal "the number of clients that know why" \
        "$(grep -Fc "$why" "$tmp/told")" 30
fi
