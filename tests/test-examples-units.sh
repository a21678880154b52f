#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# systemd finds nothing wrong with the units of examples/, and what they give to
# nbdkit the plugin takes.

. "${0%/*}/functions.sh"
requires_plugin
requires systemd-analyze --version

examples=${abs_top_srcdir:-$tests_dir/..}/examples
nbdkit_path=$(type -P nbdkit)

# The same units with the programs of this tree, as nothing is installed.
mkdir "$tmp/units"
cp "$examples"/*.service "$examples"/*.socket "$examples"/*.timer "$tmp/units"
sed -i -e "s|/usr/local/bin/|$examples/|" \
    -e "s|/usr/bin/nbdkit|$nbdkit_path|" "$tmp/units"/*.service

verify ()
{
  local said

  said=$(systemd-analyze verify --man=no "$@" 2>&1) ||
    fail "systemd-analyze: $said"
  equal "what systemd says about $*" "$said" ""
}

verify "$tmp/units"/*
# It would say so.
sed 's/^Restart=/Restrat=/' "$tmp/units/iscsi-lun@.service" \
    >"$tmp/units/wrong@.service"
if (verify "$tmp/units/wrong@.service"); then
  fail "an error in a unit is not found"
fi

# The service never runs without its socket: it would listen on TCP.
shows '^Requires=iscsi-lun@%i\.socket$' "$tmp/units/iscsi-lun@.service"

# The command line of the server, with its variables filled in, until it has
# no target to log in to.
mkdir "$tmp/credentials"
echo secret >"$tmp/credentials/password"
read -r -a words < <(
  sed -e ':join; /\\$/ { N; s/\\\n//; b join; }' "$tmp/units/iscsi-lun@.service" |
    sed -n -e "s|\${URL}|iscsi://127.0.0.1:1/iqn.2001-04.com.example:d/1|" \
        -e "s|\${CHAP_USER}|bob|" \
        -e "s|\${CREDENTIALS_DIRECTORY}|$tmp/credentials|" \
        -e "s|\${RUNTIME_DIRECTORY}|$tmp|" \
        -e 's/^ExecStart=//p')
equal "the program" "${words[0]}" "$nbdkit_path"
start_nbdkit "${words[@]:1}"
wait_until grep -q 'connection refused' "$nbdkit_log"
