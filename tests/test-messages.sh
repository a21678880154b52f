#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every sentence that the plugin can print is in nbdkit-iscsi-messages(7).

set -e

if ! command -v python3 >/dev/null; then
  echo "$0: python3 is not installed"
  exit 77
fi

top=${abs_top_srcdir:?run me with make check}
mapfile -t sources < <(find "$top/plugin" -name '*.c' | sort)
python3 "$top/tests/messages.py" "$top/man/nbdkit-iscsi-messages.pod" \
        "${sources[@]}"
