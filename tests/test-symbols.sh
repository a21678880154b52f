#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The plugin exports plugin_init and the debug flags, and nothing else.

set -e

plugin=${NBDKIT_ISCSI_PLUGIN:?run me with make check}

symbols=$(nm -D --defined-only "$plugin" | awk '{ print $3 }')
echo "$symbols"

if ! grep -qx plugin_init <<<"$symbols"; then
  echo "$0: plugin_init is not exported"
  exit 1
fi

for flag in session scsi pdu; do
  if ! grep -qx "iscsi_debug_$flag" <<<"$symbols"; then
    echo "$0: the debug flag iscsi.$flag is not exported"
    exit 1
  fi
done

# gcov's own are in a build with --enable-coverage.
if others=$(grep -Evx 'plugin_init|iscsi_debug_[a-z_]+|__gcov_.*|mangle_path' \
                 <<<"$symbols"); then
  echo "$0: these must not be exported:"
  echo "$others"
  exit 1
fi
