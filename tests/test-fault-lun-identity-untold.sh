#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that cannot be asked for its identity is not served without one, at the
# start and to the next client: another one could be served in its place later.
# That it refuses the question, or does not list the pages, says that it has
# none.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ua=0

# What may pass, and the sentence for it.
tries=(
  'check 6/2900' 'the LUN is being reset again and again'
  'check 4/4400' 'the target failed internally: look at the target'
  'check 3/1100' 'look at the health of the target'
  'check 2/0403' 'manual intervention on the target'
  'response 01' 'the target rejected the command'
  'nodata' 'VPD page 0x[08][03] came cut short'
  'short 1' 'VPD page 0x[08][03] came cut short'
)

for page in 00 83 80; do
  scripted rules clear
  # The serial number is only asked for where there is nothing better.
  if [ $page = 80 ]; then
    scripted rule vpd83 times=0 check 5/2400
  fi
  for ((i = 0; i < ${#tries[@]}; i += 2)); do
    scripted rules clear vpd$page
    scripted rule "vpd$page times=0 ${tries[i]}"
    refused iscsi "$url" recovery-timeout=3
    shows "${tries[i + 1]}" "$tmp/refused.log"
  done
done

# To a client, after a good start; and it heals.
scripted rules clear
start_nbdkit iscsi "$url" recovery-timeout=3
run_nbdsh -u "$uri" -c "h.pread(512, 0)"
scripted rule vpd83 times=0 check 4/4400
if run_nbdsh -u "$uri" -c 'h.pread(512, 0)' 2>"$tmp/client.err"; then
  fail "the LUN was served without its identity"
fi
shows 'asking for its identity failed: the target failed internally' \
      "$nbdkit_log"
scripted rules clear
run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 512, 0)'
stop_nbdkit

# None at all, and only the serial number.
for rule in 'vpd times=0 check 5/2000' 'vpd times=0 check 5/2400' \
            'vpd00 times=0 data 0000000100' \
            'vpd83 times=0 check 5/2400'; do
  scripted rules clear
  scripted rule "$rule"
  start_nbdkit iscsi "$url" recovery-timeout=3
  run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 512, 0)'
  stop_nbdkit
done
