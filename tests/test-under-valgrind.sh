#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# ‘make check-valgrind’ runs the servers under valgrind, ‘make check’ does not.

. "${0%/*}/functions.sh"
requires_plugin

start_nbdkit null
if [ "${UNDER_VALGRIND:-}" = 1 ]; then
  shows memcheck "/proc/$nbdkit_pid/maps"
else
  shows_not memcheck "/proc/$nbdkit_pid/maps"
fi
