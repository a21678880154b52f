#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit iscsi --dump-plugin tells what was built in and the defaults.

. "${0%/*}/functions.sh"
requires_plugin

set -x
nbdkit iscsi --dump-plugin >"$tmp/dump"
cat "$tmp/dump"
shows '^name=iscsi$' "$tmp/dump"
shows '^thread_model=parallel$' "$tmp/dump"
shows '^magic_config_key=url$' "$tmp/dump"
shows '^iscsi_default_port=3260$' "$tmp/dump"
shows '^iscsi_data_digest=(yes|no)$' "$tmp/dump"
shows '^iscsi_iser=(yes|no)$' "$tmp/dump"
if grep -Ev '^[a-z_]+=' "$tmp/dump"; then
  fail "not all lines are key=value"
fi
# With parameters it does the same, and connects nowhere.
nbdkit iscsi iscsi://name.invalid/iqn.2001-04.com.example:disk/1 --dump-plugin
