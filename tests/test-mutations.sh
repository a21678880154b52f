#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Some dozens of sessions with a target that lies in any way, over four servers:
# see mutate.py.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

sessions=${MUTATE_SESSIONS:-40}
if [ "${UNDER_VALGRIND:-}" = 1 ]; then
  skip "mutate.py judges the memory and the time of a server"
fi

set -x
run_python "$tests_dir/mutate.py" --first "${MUTATE_SEED:-1}" \
           --count "$sessions" --jobs "${MUTATE_JOBS:-4}" \
           --per-server "$(((sessions + 3) / 4))"
