#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that stays BUSY while it is looked at has answered: it is told what
# it said, not that it did not answer in time.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

set -x
start_scripted
scripted rule modesense times=0 busy
refused_with 'MODE SENSE failed: the target stayed busy' iscsi "$url"
shows 'BUSY' "$tmp/refused.log"
shows_not 'in time' "$tmp/refused.log"
