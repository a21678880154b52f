#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that tells one small extent at a time: a request for the map of
# 64 MiB ends after a few of them, and the client gets it all by asking on.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
start_scripted --set extent=1024
start_nbdkit iscsi "$url"
"$PYTHON" - "$uri" <<'EOF'
import sys
import nbd
h = nbd.NBD()
h.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
h.connect_uri(sys.argv[1])
told = []
h.block_status(64 << 20, 0,
               lambda context, at, entries, error: told.extend(entries))
assert 0 < sum(told[::2]) <= 8 << 20, told
EOF
equal "GET LBA STATUS commands" "$(scripted_fact lbastatus)" 8
nbdinfo --map "$uri" >"$tmp/map"
cat "$tmp/map"
shows '^ *0 +67108864 +0 +data' "$tmp/map"
