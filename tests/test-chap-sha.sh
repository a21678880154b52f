#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The same with SHA-1, SHA-256 and SHA3-256.

algorithms="6 7 8"
# shellcheck source=test-chap-algorithms.sh
. "${0%/*}/test-chap-algorithms.sh"
