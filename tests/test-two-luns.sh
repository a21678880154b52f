#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Two LUNs are served at once by one server and by two, and are not mixed up.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
start_tgtd
add_target
truncate -s 1M "$tmp/1" "$tmp/2"
add_lun 1 "$tmp/1"
add_lun 2 "$tmp/2"
use_both ()
{
  run_nbdsh -c - <<EOF
a, b = nbd.NBD(), nbd.NBD()
a.connect_uri("$1")
b.connect_uri("$2")
for i in range(64):
    a.pwrite(bytes([i + 1]) * 512, i * 512)
    b.pwrite(bytes([i + 101]) * 512, i * 512)
for i in range(64):
    assert a.pread(512, i * 512) == bytes([i + 1]) * 512
    assert b.pread(512, i * 512) == bytes([i + 101]) * 512
EOF
}

start_nbdkit iscsi "iscsi://$portal/$iqn"
use_both "nbd+unix:///1?socket=$sock" "nbd+unix:///2?socket=$sock"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn/1"
first=$uri
start_nbdkit iscsi "iscsi://$portal/$iqn/2"
use_both "$first" "$uri"
equal "the first byte" "$(od -An -tu1 -N1 "$tmp/1" | tr -d ' ')" 1
equal "the first byte" "$(od -An -tu1 -N1 "$tmp/2" | tr -d ' ')" 101
