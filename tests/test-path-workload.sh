#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Three portals over one store, and all that can happen to paths: writes that
# are held on any of them, portals that are silent, refuse, or have no session
# left, states that change, groups that move, sessions that are dropped or
# evicted.  One path always works, or soon does: nothing is wrong, nothing
# fails, nothing hangs.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 3 --set tpgs=1 --set linger=1
portals=()
for i in 1 2 3; do
  start_proxy "$(scripted_portal $i)"
  proxies[i]=$proxy
  portals[i]=$proxy_portal
done
start_nbdkit iscsi "iscsi://${portals[1]}/$iqn/1" "portal=${portals[2]}" \
             "portal=${portals[3]}" sessions=4 timeout=5 \
             noop-interval=1 noop-timeout=1

start_load --connections 4 --depth 4 --seconds 3600 --slots 512 \
           --backing "$disk" --read-back "$uri"

# Releases what is held, and makes all portals good.
good ()
{
  local i

  scripted rules clear
  scripted set evict=0
  scripted set max-sessions=0
  scripted alua 1:optimized 2:optimized 3:optimized
  for i in 1 2 3; do
    use "${proxies[i]}" accept
    use "${proxies[i]}" thaw
  done
  scripted release
}

# What happens.  In each case portal $1 goes on.
states=(optimized nonoptimized standby unavailable)
others ()
{
  for i in 1 2 3; do
    if [ "$i" != "$1" ]; then echo "$i"; fi
  done
}
held_write ()
{
  for i in $(others "$1"); do scripted rule "write@$i times=3 hold"; done
  sleep 0.5
  scripted drop
}
silent () { for i in $(others "$1"); do use "${proxies[i]}" freeze; done; }
gone ()
{
  for i in $(others "$1"); do
    use "${proxies[i]}" refuse
    use "${proxies[i]}" reset
  done
}
blackholes ()
{
  for i in $(others "$1"); do
    use "${proxies[i]}" blackhole
    use "${proxies[i]}" reset
  done
}
# Those that linger count: a session can be had in its old group only.
no_room ()
{
  scripted set "max-sessions=$(scripted_fact sessions)"
  scripted drop
}
evictions () { scripted set evict=1; }
change_states ()
{
  local i change=()

  for i in $(others "$1"); do change+=("$i:${states[RANDOM % 4]}"); done
  scripted set alua-ua=$((RANDOM % 2))
  scripted alua "ms=$((RANDOM % 2 * 700))" "$1:optimized" "${change[@]}"
}
swallowed () { scripted rule "write@$(($1 % 3 + 1)) times=2 swallow"; }
resets () { scripted drop; sleep 0.2; scripted drop; }

seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "seed $seed"
events=(held_write silent gone blackholes no_room change_states swallowed
        resets change_states held_write)
for ((n = 0; n < ${ROUNDS:-12}; n++)); do
  event=${events[RANDOM % ${#events[@]}]}
  echo "$n: $event, portal $((n % 3 + 1)) goes on"
  $event $((n % 3 + 1))
  load_goes_on
  if [ $((RANDOM % 3)) = 0 ]; then
    # Two at once.
    change_states $((n % 3 + 1))
    load_goes_on
  fi
  good
  load_goes_on
done
# It is not forgotten, so it is the last one.
evictions
load_goes_on
load_goes_on
good
end_load
echo "$(scripted_fact logins) logins, $(scripted_fact resets) resets," \
     "$(scripted_fact killed) held writes killed"
equal "held writes that were executed late" "$(scripted_fact late-writes)" 0
within "slowest request" "$(loaded max)" "20 s" 90
