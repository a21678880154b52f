#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that says GOOD to a write of which it does not have all the data yet:
# the write is not acknowledged.  What is still queued for it points nowhere any
# more: the session may end, the server may not, nor may it touch memory that is
# not its own (seen under the sanitizers and valgrind).

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# It asks for a part of the rest, so that they cannot be under way either.
start_scripted --set early-good=1 --set max-recv=8192 --set max-burst=65536
MALLOC_PERTURB_=165 start_nbdkit iscsi "$url" recovery-timeout=4
export uri
run_nbdsh -u "$uri" -c - <<'END'
for i in range(20):
    try:
        h.pwrite(b"A" * (1 << 20), i << 20)
    except nbd.Error as e:
        print(e)
    else:
        raise SystemExit("a write that the target does not have succeeded")
END
equal "the server is there" "$(kill -0 "$nbdkit_pid" && echo yes)" yes
[ "$(scripted_fact early)" -gt 0 ] || fail "no write ended early"

# It serves on, once the target behaves.
scripted set early-good=0
run_nbdsh -u "$uri" -c 'h.pwrite (b"B" * 65536, 0)' \
          -c 'assert h.pread (65536, 0) == b"B" * 65536'
stop_nbdkit
