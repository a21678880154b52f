#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# examples/iscsi-status.sh writes what node_exporter reads, also when there is
# no server; the alerts of examples/iscsi-alerts.yml are about facts that the
# status has, and are raised by what they are for and by nothing else.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_fault_tools
requires_tgtd
requires_status

examples=${abs_top_srcdir:-$tests_dir/..}/examples
prom=$tmp/lun-1.prom

# in_file VALUE NAME LABELS: without looking at the rest of it.
in_file ()
{
  grep -Fqx "nbdkit_iscsi_$2{$3} $1" "$prom"
}

set -x
disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" \
             status-socket="$status_socket"
await_lun
lun='server="lun-1",target="'$iqn'",lun="1"'
"$examples/iscsi-status.sh" "$status_socket" "$prom"
equal "its mode" "$(stat -c %a "$prom")" 644
in_file 1 server_up 'server="lun-1"'
in_file 1 sessions_up 'server="lun-1"'
in_file 0.000 stall_seconds "$lun"
equal "samples without the label" \
      "$(grep -v '^#' "$prom" | grep -Fvc '{server="lun-1"' || true)" 0
cp "$prom" "$tmp/healthy"

# All names in the rules are names of facts.
grep -o 'nbdkit_iscsi_[a-z_]*' "$examples/iscsi-alerts.yml" | sort -u \
  >"$tmp/names"
while read -r name; do
  grep -q "^# TYPE $name " "$tmp/healthy" || fail "there is no fact $name"
done <"$tmp/names"

# The LUN is away, and requests wait.
start_load --seconds 3600 "$uri"
proxy refuse
proxy reset
stalls_in_file ()
{
  "$examples/iscsi-status.sh" "$status_socket" "$prom"
  in_file 0 sessions_up 'server="lun-1"' &&
    ! in_file 0.000 stall_seconds "$lun"
}
wait_until stalls_in_file
proxy accept
load_goes_on
end_load

# No server: said in the file, and nothing is left of what was true before.
stop_nbdkit
"$examples/iscsi-status.sh" "$status_socket" "$prom"
equal "the samples" "$(grep -v '^#' "$prom")" \
      'nbdkit_iscsi_server_up{server="lun-1"} 0'
equal "the files" "$(cd "$tmp" && echo lun-1.prom*)" lun-1.prom

# A name that would end the label.
if "$examples/iscsi-status.sh" "$status_socket" "$tmp/a\"b.prom"; then
  fail "a quote in the name of the file is taken"
fi

# The rules themselves, where Prometheus is installed.
if ! command -v promtool >/dev/null; then exit 0; fi
promtool check metrics <"$tmp/healthy"
cat >"$tmp/rules.yml" <<END
rule_files:
  - $examples/iscsi-alerts.yml
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - series: nbdkit_iscsi_server_up{server="down"}
        values: 0x20
      - series: nbdkit_iscsi_server_up{server="well"}
        values: 1x20
      - series: nbdkit_iscsi_sessions_up{server="away"}
        values: 0x20
      - series: nbdkit_iscsi_sessions_up{server="well"}
        values: 1x20
      - series: nbdkit_iscsi_stall_seconds{server="away",target="t",lun="1"}
        values: 0+15x20
      - series: nbdkit_iscsi_stall_seconds{server="well",target="t",lun="1"}
        values: 1x20
      - series: nbdkit_iscsi_request_errors_total{server="away",target="t",lun="1",op="read"}
        values: 0 0 0 2x17
      - series: nbdkit_iscsi_request_errors_total{server="well",target="t",lun="1",op="read"}
        values: 2x20
      - series: nbdkit_iscsi_portal_failed{server="away",target="t",portal="a"}
        values: 1x20
      - series: nbdkit_iscsi_portal_failed{server="well",target="t",portal="a"}
        values: 0x20
      - series: nbdkit_iscsi_session_losses_total{server="away",target="t",session="1"}
        values: 0+1x20
      - series: nbdkit_iscsi_session_losses_total{server="well",target="t",session="1"}
        values: 1x20
      - series: nbdkit_iscsi_path_info{server="away",target="t",lun="1",portal="a",state="standby"}
        values: 1x20
      - series: nbdkit_iscsi_path_info{server="well",target="t",lun="1",portal="a",state="standby"}
        values: 1x20
      - series: nbdkit_iscsi_path_info{server="well",target="t",lun="1",portal="b",state="active/optimized"}
        values: 1x20
    promql_expr_test:
      - expr: count by (server, alertname) (ALERTS{alertstate="firing"})
        eval_time: 5m
        exp_samples:
END
sed -n 's/.*- alert: //p' "$examples/iscsi-alerts.yml" >"$tmp/alerts"
while read -r alert; do
  server=away
  if [ "$alert" = IscsiServerDown ]; then server=down; fi
  printf '          - { labels: %s, value: 1 }\n' \
    "'{server=\"$server\",alertname=\"$alert\"}'" >>"$tmp/rules.yml"
done <"$tmp/alerts"
promtool test rules "$tmp/rules.yml"
