#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that sends us where nothing is: it is told that the target does
# that and where to, and not that the URL is wrong.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

set -x
start_scripted
while IFS='|' read -r address sentence; do
  scripted rules clear
  scripted rule login times=0 redirect "$address"
  refused iscsi "$url"
  shows "the target redirects to $address.*: .*$sentence" "$tmp/refused.log"
  shows_not 'host in the URL' "$tmp/refused.log"
done <<EOF
127.0.0.1:1|connection refused
no-such-host.invalid:3260|cannot find this host
127.0.0.1:99999|the port must be
a_b%c:3260|the host
EOF
