#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit -r serves a LUN read-only.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 1M
start_nbdkit -r iscsi "$url"
nbdinfo --is readonly "$uri"
run_nbdsh -u "$uri" -c - <<EOF
h.set_strict_mode(0)
for request in (lambda: h.pwrite(b"x" * 512, 0), lambda: h.zero(512, 0),
                lambda: h.trim(512, 0)):
    try:
        request()
        raise AssertionError("it succeeded")
    except nbd.Error as e:
        assert e.errnum in (errno.EPERM, errno.EROFS), e
assert h.pread(512, 0) == bytes(512)
EOF
head -c 1M /dev/zero | cmp - "$disk"
