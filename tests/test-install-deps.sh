#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# ./install-deps.sh says what it will install, and how much that is, before it
# does; it says nothing and does nothing if nothing is missing.  A user without
# sudo is told what root has to type.

. "${0%/*}/functions.sh"

top=${abs_top_srcdir:-$tests_dir/..}

# A Debian without the packages that have no program, and root on it.
mkdir "$tmp/bin"
cat >"$tmp/bin/dpkg-query" <<'EOF'
#!/bin/sh
cat "$STATUS"
EOF
cat >"$tmp/bin/apt-get" <<'EOF'
#!/bin/sh
case " $* " in
  *" --assume-no "*)
    echo "Need to get 1 MB of archives."
    echo "After this operation, 2 MB of additional disk space will be used."
    echo "Abort."
    exit 1
    ;;
  *" install "*) echo "apt-get: $*" ;;
esac
EOF
cat >"$tmp/bin/id" <<'EOF'
#!/bin/sh
echo "${USER_ID:-0}"
EOF
# Those that this host may lack.
for program in cc make autoconf automake libtoolize pkg-config pod2man nbdkit
do
  ln -s /bin/true "$tmp/bin/$program"
done
chmod +x "$tmp"/bin/{dpkg-query,apt-get,id}
export PATH=$tmp/bin:$PATH

set -x
export STATUS=$tmp/status
: >"$STATUS"
"$top/install-deps.sh" build >"$tmp/said"
cat "$tmp/said"
equal "what it says" "$(sed 's/: .*//' "$tmp/said")" \
"Installing with apt-get, which takes about a minute
Need to get 1 MB of archives.
After this operation, 2 MB of additional disk space will be used.
apt-get"
packages="libc6-dev nbdkit-plugin-dev libiscsi-dev"
shows "^Installing .*: $packages\$" "$tmp/said"
shows "^apt-get: .* $packages " "$tmp/said"

printf installed >"$STATUS"
equal "what it says if nothing is missing" \
      "$("$top/install-deps.sh" build 2>&1)" ""

# Not where root's programs are everybody's: there may be a sudo.
ln -s "$(type -P cat)" "$tmp/bin/cat"
rm "$tmp/bin/cc"
roots=$tmp/bin:/usr/sbin:/sbin
if ! PATH=$roots type -P sudo && ! PATH=$roots type -P cc; then
  : >"$STATUS"
  if PATH=$tmp/bin USER_ID=1000 "$BASH" "$top/install-deps.sh" build \
       >"$tmp/said" 2>&1; then
    fail "it goes on without a compiler"
  fi
  equal "what it says to a user" "$(tail -n +2 "$tmp/said")" \
"This needs root, and there is no sudo.  As root, run:
    apt-get update
    apt-get install --no-install-recommends gcc $packages
$top/install-deps.sh: this cannot go on without cc"
fi
