#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What passes is retried, on every kind of command, and no client sees it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
for answer in "busy" "full" "aborted" "check b/4700" "check b/0000" \
              "check 2/0401" "check 2/040a" "check 6/2900" "check 6/2a01" \
              "check 6/2a09" "check 6/3f03" "check 6/3f0e" "check 6/3807"; do
  before=$(scripted_fact rules)
  for what in read write flush same unmap; do
    scripted rule $what times=2 "$answer"
  done
  load --ops 400 --mix read=20,write=20,flush=20,zero=20,trim=20 \
       --slots 128 --block-size 4096 --backing "$disk" "$uri" \
       >"$tmp/one-load.log" || { cat "$tmp/one-load.log"; fail "$answer"; }
  met=$(($(scripted_fact rules) - before))
  equal "commands that met ‘$answer’" $met 10
  measured "slowest request with ‘$answer’ twice" "$(loaded max)" "30 s"
done
