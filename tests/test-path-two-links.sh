#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Two portals of one target, each behind a link of its own with 200 MB/s: both
# are used.  One link is cut: nothing fails, all goes over the other.  It comes
# back: both are used again.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
[ "$(id -u)" = 0 ] || skip "only root makes network namespaces"

client=iscsi-client-$$
server=iscsi-target-$$
del_namespace () { ip netns del "$1"; }
for ns in $client $server; do
  ip netns add "$ns" 2>/dev/null || skip "there are no network namespaces here"
  cleanup_fn del_namespace "$ns"
  ip -n "$ns" link set lo up ||
    skip "network namespaces cannot be entered here (as in a chroot)"
done

# link N: between the two, with the speed of the target's end limited.
link ()
{
  local ours=link$1 theirs=link$1

  ip -n $client link add "$ours" type veth peer name "$theirs" netns $server
  ip -n $client address add 192.0.2.$((4 * $1 + 1))/30 dev "$ours"
  ip -n $server address add 192.0.2.$((4 * $1 + 2))/30 dev "$theirs"
  ip -n $client link set "$ours" up
  ip -n $server link set "$theirs" up
  tc -n $server qdisc add dev "$theirs" root tbf rate 1600mbit burst 1mb \
     latency 50ms
}
requires ip -n $client link add probe type veth peer name probe2
requires tc -n $client qdisc add dev probe root tbf rate 1gbit burst 1mb \
         latency 50ms
link 1
link 2

# Those that run there.
nbdkit_here=$(command -v nbdkit)
nbdkit () { exec ip netns exec $client "$nbdkit_here" "$@"; }
tgtd_here=$(command -v tgtd)
tgtd () { exec ip netns exec $server "$tgtd_here" "$@"; }

# received N: bytes, over this link, by the client.
received ()
{
  ip netns exec $client awk -v dev="link$1:" '$1 == dev { print $2 }' \
     /proc/net/dev
}

# carries N: the link is in use; for wait_until.
carries ()
{
  local before

  before=$(received "$1")
  sleep 0.5
  [ $(($(received "$1") - before)) -gt 1000000 ]
}

disk=$tmp/disk
truncate -s 128M "$disk"
start_tgtd 192.0.2.6
first=$portal
add_target
add_lun 1 "$disk"
add_portal 192.0.2.10

start_nbdkit iscsi "iscsi://$first/$iqn/1" "portal=$portal" sessions=4
start_load --connections 4 --depth 8 --block-size 256K --slots 400 \
           --mix read=1 --seconds 3600 "$uri"
wait_until carries 1
wait_until carries 2

# What one second brings, in MB.
# speed
speed ()
{
  local before

  before=$(($(received 1) + $(received 2)))
  sleep 4
  echo $((($(received 1) + $(received 2) - before) / 4000000))
}
echo "measured: test-path-two-links: both links: $(speed) MB/s, required 360"

ip -n $server link set link1 down
load_goes_on
sleep 12
echo "measured: test-path-two-links: one link: $(speed) MB/s, of 200"
ip -n $server link set link1 up
wait_until carries 1
wait_until carries 2
echo "measured: test-path-two-links: both again: $(speed) MB/s, required 360"
end_load
within "slowest request" "$(loaded max)" "11 s" 60
