#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A key that belongs to iSER (RFC 7145 section 6.4) lifts libiscsi's limit for
# what one PDU may hold: over TCP the session is refused.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for value in -1 16777215 8192; do
  start_scripted --set key=InitiatorRecvDataSegmentLength=$value
  refused iscsi "$url"
  shows 'breaks the protocol.*iSER' "$tmp/refused.log"
done
