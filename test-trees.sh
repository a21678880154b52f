#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Run both commands of the README in fresh Debian trees, as root and as a user:
#
#   ./test-trees.sh            in Debian 12 and 13
#   ./test-trees.sh SUITE...   in others, such as sid
#
# This is for root, in a clone, with debootstrap.  The trees come from the
# mirror that apt uses here, or MIRROR=URL.  They are made one after the other
# below TMPDIR (/var/tmp), take 3 GiB, and are removed again.  The exit code is
# 0 only if all passed; the last lines say what did.

set -eu

cd "$(dirname "$0")"

case ${1:-} in
  "") set -- bookworm trixie ;;
  -*)
    sed -n '/^# Run/,/^$/s/^# \{0,1\}//p' "$0"
    exit 1
    ;;
esac

die ()
{
  echo "$0: $*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || die "this needs root"
command -v debootstrap >/dev/null || die "install debootstrap"
git rev-parse --is-inside-work-tree >/dev/null || die "this is not a clone"

# Debian's own archive, not that of its security updates or of others.
# shellcheck disable=SC2016 # for apt-get
mirror=${MIRROR:-$(apt-get indextargets \
                     --format '$(ORIGIN) $(LABEL) $(REPO_URI)' |
                     sed -n '/^Debian Debian /{s///p;q}')}
[ -n "$mirror" ] || die "apt has no mirror of Debian: set MIRROR to its URL"
if [ -z "${http_proxy:-}" ]; then
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  export http_proxy
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/test-trees.XXXXXX")
tree=$work/tree
child=
cleanup ()
{
  local first

  trap '' HUP INT TERM
  set +e
  # The first process of the namespace: with it end all others in there, and
  # their mounts.
  if [ -n "$child" ]; then
    read -r first <"/proc/$child/task/$child/children"
    kill -KILL "$first"
    wait "$child" 2>/dev/null
  fi
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# apart COMMAND [ARGS...]: in namespaces of processes and of mounts; shows its
# output, which is in $work/log too.
apart ()
{
  local status=0 shown

  : >"$work/log"
  unshare --mount --pid --fork --kill-child "$@" \
          </dev/null >"$work/log" 2>&1 &
  child=$!
  tail -f -n +1 --pid=$child "$work/log" &
  shown=$!
  # A signal is seen while bash waits, and not while tail is running.
  wait $child || status=$?
  child=
  wait $shown
  return $status
}

# The arguments are the tree, the user, the directory and the command.
# shellcheck disable=SC2016 # for another shell
in_tree='
  set -e
  # "ip netns" wants a root that is a mount.
  mount --bind "$1" "$1"
  mount -t proc proc "$1/proc"
  mount --rbind /sys "$1/sys"
  mount --rbind /dev "$1/dev"
  mount -t tmpfs tmpfs "$1/dev/shm"
  path=/usr/local/bin:/usr/bin:/bin home=/home/$2
  if [ "$2" = root ]; then path=/usr/sbin:/sbin:$path home=/root; fi
  status=0
  chroot --userspec="$2" "$1" \
    env -i HOME="$home" PATH="$path" TERM=dumb http_proxy="${http_proxy:-}" \
    sh -c "cd \"\$1\" && \$2" - "$3" "$4" || status=$?
  exit $status
'

make_tree ()
{
  local suite=$1 include=

  # What apt needs for such a mirror is not in the smallest tree.
  case $mirror in
    https:*) include=--include=ca-certificates ;;
  esac
  rm -rf --one-file-system "$tree"
  apart debootstrap --variant=minbase $include "$suite" "$tree" "$mirror" ||
    return 1
  # No package is to start a server, such as a target on port 3260.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod +x "$tree/usr/sbin/policy-rc.d"
  chroot "$tree" useradd --create-home user
}

# copy_sources USER DIRECTORY: what git knows of or would add.
copy_sources ()
{
  mkdir -p "$tree$2"
  git ls-files -z --cached --others --exclude-standard |
    tar -c --null -T - --ignore-failed-read |
    tar -x -C "$tree$2" --no-same-owner
  chroot "$tree" chown -R "$1:" "$2"
}

summary=()
failed=0
# record STATUS WHAT...
record ()
{
  local status=$1

  shift
  if [ "$status" != 0 ]; then failed=1; fi
  summary+=("$*")
}

# try_commands SUITE USER DIRECTORY
try_commands ()
{
  local command status

  copy_sources "$2" "$3"
  for command in ./try.sh ./test.sh; do
    echo
    echo "=== $1, $2: $command"
    status=0
    apart bash -c "$in_tree" - "$tree" "$2" "$3" "$command" || status=$?
    case $status,$command in
      *,./test.sh) record $status "$1, $2: $command: $(tail -n 1 "$work/log")" ;;
      0,*) record 0 "$1, $2: $command: passed" ;;
      *) record 1 "$1, $2: $command: failed with status $status" ;;
    esac
  done
}

# 100 characters, deeper than where packages are built.
deep=/home/user
until [ ${#deep} -ge 100 ]; do deep+=/deep; done

for suite; do
  echo "=== $suite"
  if make_tree "$suite"; then
    try_commands "$suite" root /root/src
    try_commands "$suite" user "$deep"
  else
    record 1 "$suite: no tree"
  fi
done

echo
printf '%s\n' "${summary[@]}"
[ $failed = 0 ]
