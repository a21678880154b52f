#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The plugin, the news and the packages have one version.

. "${0%/*}/functions.sh"
requires_plugin

top=${abs_top_srcdir:-$tests_dir/..}

set -x
nbdkit iscsi --version >"$tmp/version"
version=$(sed -n 's/^iscsi //p' "$tmp/version")
shows '^[0-9]+\.[0-9]+\.[0-9]+$' - <<<"$version"
equal "the version in NEWS" \
      "$(sed -n '1s/^nbdkit-iscsi-plugin //p' "$top/NEWS")" "$version"
equal "the version in debian/changelog" \
      "$(sed -n '1s/^nbdkit-iscsi-plugin (\(.*\)-[0-9]*).*/\1/p' \
             "$top/debian/changelog")" "$version"
equal "the version in the spec" \
      "$(sed -n 's/^Version: *//p' \
             "$top/packaging/nbdkit-iscsi-plugin.spec")" "$version"
