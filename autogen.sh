#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Make ./configure from configure.ac.  Needed in a git checkout only; the
# tarball has it ready.

set -e

cd "$(dirname "$0")"
mkdir -p m4
autoreconf --install --verbose
