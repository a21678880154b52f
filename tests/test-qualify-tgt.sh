#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target itself: what iscsi-test-cu (libiscsi's own conformance test) finds
# wrong with tgtd is what tgt-known-failures.txt says, so that a failure of the
# plugin's can be told from one of the target's.

. "${0%/*}/functions.sh"
requires_tgtd
requires iscsi-test-cu --list
requires command -v awk

# Each in a process of its own, whose status says no more than the results.
families="ReadCapacity10 ReadCapacity16 Read10 Read16 Write10 Write16 Unmap
          WriteSame10 WriteSame16 GetLBAStatus"

set -x
start_tgtd
add_target
known=$tests_dir/tgt-known-failures.txt
cd "$tmp"
: >seen
lun=1
for kind in "thick 512" "thin 512" "thin 4096"; do
  read -r thin bs <<<"$kind"
  truncate -s 100M "$lun"
  add_lun $lun "$tmp/$lun" --blocksize "$bs"
  if [ "$thin" = thin ]; then set_lun $lun thin_provisioning=1; fi
  for family in $families; do
    rm -f CUnitAutomated-Results.xml
    iscsi-test-cu --dataloss --xml --test="SCSI.$family" \
                  "iscsi://$portal/$iqn/$lun" >>cu.log 2>&1 || true
    awk -v kind="$thin $bs" '
      /<SUITE_NAME>/              { suite = $2 }
      /<CUNIT_RUN_TEST_SUCCESS>/  { result = "passes" }
      /<CUNIT_RUN_TEST_FAILURE>/  { result = "fails" }
      /<TEST_NAME>/               { print kind, suite "." $2, result }
      ' CUnitAutomated-Results.xml >one
    # A family that ran nothing has found nothing.
    [ -s one ] || fail "$family was not run"
    cat one >>seen
  done
  lun=$((lun + 1))
done
sort -u seen >all
cat all
grep ' fails$' all | sed 's/ fails$//' >failures
diff -u <(grep -v '^#' "$known") failures ||
  fail "these are not the known failures"
