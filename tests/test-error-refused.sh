#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Nobody listens at the portal: one sentence that names it and asks whether
# there is a target.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
# A port that is free: it was tgtd's.
disk_of 1M
end_process "$tgtd_pid"
refused iscsi "$url"
shows "$portal: .*refused" "$tmp/refused.log"
