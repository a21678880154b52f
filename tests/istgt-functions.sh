# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash

# A second target that others have written, on top of fault-functions.sh: istgt.
# Each has two portals, which are two portal groups.

# shellcheck source=fault-functions.sh
. "${0%/*}/fault-functions.sh"

requires_istgt ()
{
  requires_fault_tools
  requires command -v istgt
}

# istgt_config SIZE...: of LUNs from 0 on, in $tmp/lun0 and so on; $login is
# more of the target's section.
istgt_config ()
{
  local size n=0

  cat <<END
[Global]
  NodeBase "iqn.2001-04.com.example"
  PidFile $tmp/istgt.pid
  AuthFile $tmp/istgt.secrets
  MediaDirectory $tmp
  LogFacility "local7"
  Timeout 30
  NopInInterval 20
  DiscoveryAuthMethod Auto
  MaxSessions 16
  MaxConnections 4
  MaxR2T 32
  MaxOutstandingR2T 16
  DefaultTime2Wait 2
  DefaultTime2Retain 60
  FirstBurstLength 262144
  MaxBurstLength 1048576
  MaxRecvDataSegmentLength 262144
  InitialR2T Yes
  ImmediateData Yes
  DataPDUInOrder Yes
  DataSequenceInOrder Yes
  ErrorRecoveryLevel 0
[UnitControl]
  AuthMethod Auto
  AuthGroup None
[PortalGroup1]
  Portal P1 $portal
[PortalGroup2]
  Portal P2 $second_portal
[InitiatorGroup1]
  InitiatorName "ALL"
  Netmask 127.0.0.0/8
[LogicalUnit1]
  TargetName disk1
  Mapping PortalGroup1 InitiatorGroup1
  Mapping PortalGroup2 InitiatorGroup1
  ${login:-AuthMethod None}
  UseDigest Auto
  UnitType Disk
  QueueDepth 32
END
  for size; do
    echo "  LUN$n Storage $tmp/lun$n $size"
    n=$((n + 1))
  done
}

# start_istgt SIZE...: sets $portal, $second_portal, $iqn and $url, of LUN 0.
# It ends if a port is in use, and is given others.
# shellcheck disable=SC2034 # for the tests
start_istgt ()
{
  local tries=0

  iqn=iqn.2001-04.com.example:disk1
  until
    try_portal 127.0.0.1
    second_portal=$portal
    try_portal 127.0.0.1
    istgt_config "$@" >"$tmp/istgt.conf"
    run_istgt
  do
    [ $((++tries)) -lt 10 ] || fail "istgt did not start"
  done
  url=iscsi://$portal/$iqn/0
}

# False: it has ended.
run_istgt ()
{
  istgt -D -c "$tmp/istgt.conf" </dev/null >>"$tmp/istgt.log" 2>&1 &
  istgt_pid=$!
  cleanup_fn end_process $istgt_pid
  until takes_connections "$portal" && takes_connections "$second_portal"; do
    kill -0 $istgt_pid 2>/dev/null || return 1
    sleep 0.05
  done
}

takes_connections ()
{
  (exec 3<>"/dev/tcp/${1/://}") 2>/dev/null
}
