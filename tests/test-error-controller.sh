#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# LUN 0 of tgtd is a controller: one sentence that says so and which to try, or
# how to see what there is.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
refused iscsi "iscsi://$portal/$iqn/0"
shows 'LUN 0 .*controller.* LUN 1' "$tmp/refused.log"
shows '"nbdinfo --list" shows the disks' "$tmp/refused.log"
