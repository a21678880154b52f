#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Two of three portals fall silent, one after the other, with writes on them
# that the target holds: these are settled over the third one, at once when the
# silence is noticed.  Nothing fails, and no held write is executed late.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_scripted_target

start_scripted --portals 3 --set linger=1
for i in 1 2 3; do
  start_proxy "$(scripted_portal $i)"
  proxies[i]=$proxy
  portals[i]=$proxy_portal
done
start_nbdkit iscsi "iscsi://${portals[1]}/$iqn/1" "portal=${portals[2]}" \
             "portal=${portals[3]}" sessions=3 \
             noop-interval=2 noop-timeout=2
start_load --connections 6 --depth 4 --seconds 3600 --slots 256 \
           --mix read=1,write=1 --backing "$disk" --read-back "$uri"
has_sessions () { [ "$(scripted_fact sessions)" = 3 ]; }
wait_until has_sessions

resets=$(scripted_fact resets)
for i in 1 2; do
  scripted rule "write@$i times=2 hold"
  wait_until scripted_has rules -eq $((2 * i))
  use "${proxies[i]}" blackhole
  use "${proxies[i]}" freeze
  sleep 0.7
done
# With one reset, if both silences are noticed before it.
wait_until scripted_has held -eq 0
scripted_has resets -gt "$resets"
load_goes_on
load_goes_on
scripted rules clear
scripted release
load_goes_on
for i in 1 2; do
  use "${proxies[i]}" accept
  use "${proxies[i]}" thaw
done
load_goes_on
end_load
equal "held writes that were executed late" "$(scripted_fact late-writes)" 0
within "slowest request" "$(loaded max)" "5 s" 60
