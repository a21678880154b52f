#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The manual pages have no POD errors and no warnings.

set -e

if ! command -v podchecker >/dev/null; then
  echo "$0: podchecker is not installed"
  exit 77
fi

for pod in "${abs_top_srcdir:?run me with make check}"/man/*.pod; do
  # podchecker counts warnings, but they do not change its exit code.
  output=$(podchecker -warnings "$pod" 2>&1) || { echo "$output"; exit 1; }
  echo "$output"
  if grep -E '^\*\*\* (WARNING|ERROR)' <<<"$output"; then
    exit 1
  fi
done
