#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Requests that are smaller than a block and lie in the same blocks do not undo
# each other, over one connection and over several.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 64K --blocksize 4096
start_nbdkit iscsi "$url"
# Every fourth byte belongs to one of four connections, each with many
# requests in flight.
run_nbdsh -c - <<EOF
handles = []
for i in range(4):
    handle = nbd.NBD()
    handle.set_strict_mode(0)
    handle.connect_uri("$uri")
    handles.append(handle)

size = 16384
for start in range(0, size, 1024):
    for turn, handle in enumerate(handles):
        for offset in range(start + turn, start + 1024, len(handles)):
            handle.aio_pwrite(nbd.Buffer.from_bytearray(
                bytearray([offset * 7 % 251])), offset)
    while any(handle.aio_in_flight() for handle in handles):
        for handle in handles:
            if handle.aio_in_flight():
                handle.poll(1)
            while handle.aio_in_flight():
                cookie = handle.aio_peek_command_completed()
                if cookie == 0:
                    break
                assert handle.aio_command_completed(cookie)

seen = handles[0].pread(size, 0)
assert seen == bytearray(offset * 7 % 251 for offset in range(size))
handles[0].flush()
EOF
