#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A list of LUNs that takes more than one question is told to its end.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

# LUN 1 again and again, and LUN 2 as the last of 2048.
printf -v entries '0001000000000000%.0s' {1..2047}
start_scripted --set luns=3 --set raw-luns="${entries}0002000000000000"
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal "the list" "$(exports_listed)" "1 2 "
