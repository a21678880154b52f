#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit --tls=require with pre-shared keys.

. "${0%/*}/functions.sh"
requires_tgtd
requires psktool --version
requires_nbdsh

set -x
if ! grep -q '^tls=yes' < <(nbdkit --dump-config); then
  skip "this nbdkit has no TLS"
fi
disk_of 1M
psktool -u alice -p "$tmp/keys.psk"
start_nbdkit --tls=require --tls-psk="$tmp/keys.psk" iscsi "$url"
run_nbdsh -c - <<EOF
if not h.supports_tls():
    print("this libnbd has no TLS")
    exit(77)
h.set_tls(nbd.TLS_REQUIRE)
h.set_tls_psk_file("$tmp/keys.psk")
h.set_tls_username("alice")
h.connect_unix("$sock")
h.pwrite(b"x" * 70000, 1024)
h.flush()
assert h.pread(70000, 1024) == b"x" * 70000
EOF
if nbdinfo --size "$uri"; then fail "it is served without TLS"; fi
