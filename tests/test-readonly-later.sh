#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that becomes write-protected while it is in use: a write gets EPERM,
# with a sentence, the connection stays up, and reads go on.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
start_nbdkit iscsi "$url"
set_lun_later=$(tgt_command --mode logicalunit --op update --tid 1 --lun 1 \
                            --params)
run_nbdsh -u "$uri" -c - <<EOF
import os
h.pwrite(b"x" * 512, 0)
assert os.system("$set_lun_later readonly=1") == 0
for request in (lambda: h.pwrite(b"y" * 512, 0),
                lambda: h.pwrite(b"y" * 100, 100),
                lambda: h.zero(4096, 0)):
    try:
        request()
        raise AssertionError("a write succeeded")
    except nbd.Error as e:
        assert e.errnum == errno.EPERM, e
    assert h.pread(512, 0) == b"x" * 512
assert os.system("$set_lun_later readonly=0") == 0
h.pwrite(b"z" * 512, 0)
h.flush()
EOF
shows 'write protected' "$nbdkit_log"

# Clients that come later see what it is then.
set_lun 1 readonly=1
nbdinfo --is read-only "$uri"
set_lun 1 readonly=0
nbdinfo --can write "$uri"
