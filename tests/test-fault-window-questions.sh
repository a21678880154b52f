#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes one command at a time swallows a question about a LUN,
# while one about another LUN waits for its window, and the ping behind that: the
# session is given up after timeout=, and not kept for want of a ping that says
# that the target is dead.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set luns=2 --set window=1
start_nbdkit -v -D iscsi.session=1 iscsi "iscsi://$portal/$iqn" sessions=1 \
             timeout=$slack recovery-timeout=$((slack * 8)) \
             noop-interval=$slack noop-timeout=$slack
run_nbdsh -c - <<END
from scripted_client import tell

h2 = nbd.NBD()
for handle, lun in (h, 1), (h2, 2):
    handle.connect_uri("nbd+unix:///%d?socket=$sock" % lun)
    handle.pread(512, 0)
tell("rule tur swallow")
tell("drop")
reads = [(handle, handle.aio_pread(nbd.Buffer(512), 0)) for handle in (h, h2)]
for handle, read in reads:
    while not handle.aio_command_completed(read):
        handle.poll(-1)
END
