#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# ./try.sh says what it will do before it does it; it copies a LUN of its
# own, or the one that it is given; it lists those of a portal or a target, and
# the command lines that it prints then can be used as they are.

. "${0%/*}/functions.sh"
requires_tgtd
requires command -v nbdcopy

top=${abs_top_srcdir:-$tests_dir/..}

# A tree that is built, and lacks nothing.
mkdir "$tmp/tree" "$tmp/tmp"
cd "$tmp/tree"
cp "$top/try.sh" .
ln -s "$abs_top_builddir/nbdkit" .
echo 'all:' >Makefile
cat >install-deps.sh <<'EOF'
#!/bin/sh
echo "installing: $*"
EOF
chmod +x install-deps.sh
export TMPDIR=$tmp/tmp

try ()
{
  ./try.sh "$@" >"$tmp/try.log" 2>&1
  grep -n '' "$tmp/try.log"
  equal "what it says before it installs" \
        "$(sed -n 's/^This script installs .*(it names them first.*/yes/p
                   /^installing: build try$/q' "$tmp/try.log")" yes
  shows '^installing: build try$' "$tmp/try.log"
}

set -x
try
shows 'It is, byte for byte' "$tmp/try.log"

disk_of 1M
add_lun 2 "$disk"
try "$url"
shows 'It is, byte for byte' "$tmp/try.log"

for place in "iscsi://$portal" "iscsi://$portal/" "url=iscsi://$portal/" \
             "iscsi://$portal/$iqn" "iscsi://$portal/$iqn/" \
             "iscsi://$portal/?header_digest=none"; do
  try "$place"
  shows 'nbdinfo --list' "$tmp/try.log"
  sed -n "s/^\\.\\/try\\.sh //p" "$tmp/try.log" | tr -d "'" >"$tmp/commands"
  case $place in
    *\?*) arguments='?header_digest=none' ;;
    *) arguments= ;;
  esac
  equal "the command lines" "$(cat "$tmp/commands")" \
        "iscsi://$portal/$iqn/1$arguments
iscsi://$portal/$iqn/2$arguments"
done
try "$(sed -n 2p "$tmp/commands")"
shows 'It is, byte for byte' "$tmp/try.log"

# Secrets are not shown.
add_account bob s3cret-of-12
try "iscsi://bob%s3cret-of-12@$portal/"
shows '^\./try\.sh .*/1$' "$tmp/try.log"
shows_not s3cret "$tmp/try.log"
try "iscsi://$portal/" user=bob password=s3cret-of-12
shows '^\./try\.sh .*/1 user=bob password=' "$tmp/try.log"
shows_not s3cret "$tmp/try.log"

# Nothing there is no failure of the script.
tgt --mode target --op unbind --tid 1 -I ALL
try "iscsi://$portal/"
shows 'None that this initiator may see' "$tmp/try.log"

# What is missing is told.
if ./try.sh iscsi://127.0.0.1:1/ >"$tmp/try.log" 2>&1; then
  fail "try.sh listed a portal that is not there"
fi
shows 'refused' "$tmp/try.log"
equal "what is left in \$TMPDIR" "$(ls "$tmp/tmp")" ""
