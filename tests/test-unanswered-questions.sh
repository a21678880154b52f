#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that never answers MODE SENSE, nor one of the VPD pages that need not
# be there: it is served all the same, and asked once for each, before the server
# starts and after.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
start_scripted
for what in modesense vpdb0 vpdb1 vpdb2; do
  scripted rule $what times=0 swallow
done
start_nbdkit iscsi "$url" timeout=2
for _ in 1 2; do
  equal "size" "$(nbdinfo --size "$uri")" 67108864
done
run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 512, 0); h.flush()'
equal "questions without an answer" "$(scripted_fact rules)" 8
