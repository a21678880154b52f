#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Install what is missing: install-deps.sh [build] [try] [test] [lint] [package]
#
#   build     to build the plugin and its manual
#   try       for ./try.sh
#   test      for make check, make bench and the valgrind run
#   lint      the second compiler, and the checks of the sources
#   package   to build and check the Debian package and the RPM
#
# This is the one place that knows package names.  On Debian and its
# descendants the packages are installed with apt-get, as root or through
# sudo.  Elsewhere it says what to install.  It fails only if a program is
# missing without which there is nothing to build or to try.

set -u

# Groups, Debian package, the program that shows that it is there (-: only
# the package does), what it is for.
table='
build           gcc                cc          a C11 compiler
build           libc6-dev          -           headers of the C library
build           make               make        GNU make
build           autoconf           autoconf    ./configure
build           automake           automake    Makefile.in
build           libtool            libtoolize  shared modules
build           pkg-config         pkg-config  where the libraries are
build           perl               pod2man     the manual page
build,try,test  nbdkit             nbdkit      the server
build           nbdkit-plugin-dev  -           its plugin API
build           libiscsi-dev       -           the iSCSI initiator library
try,test        tgt                tgtd        an iSCSI target to try and to test with
try,test        libnbd-bin         nbdcopy     nbdinfo, nbdcopy, nbdfuse
test            libnbd-dev         -           C tests and the benchmark
test            istgt              istgt       another target to test with
test            python3            python3     tests in Python
test            python3-libnbd     -           the same, and nbdsh
test            libiscsi-bin       iscsi-ls    iscsi-ls, -test-cu, -perf
test            qemu-utils         qemu-img    qemu-img, qemu-io, qemu-nbd
test            qemu-block-extra   -           their iSCSI driver
test            fio                fio         verified random I/O
test            gnutls-bin         psktool     keys for the TLS test
test            fdisk              sfdisk      partitions for the filter test
test            fuse3              fusermount3 nbdfuse
test            curl               curl        reading the status
test            strace             strace      what the target flushes
test            iproute2           ss          ports in use
test            procps             ps          processes
test            bash-completion    -           what completes nbdkit on <TAB>
test            gdb                gdb         cores, which show no secret
test            valgrind           valgrind    make check-valgrind
lint            clang              clang       the second compiler
lint            libclang-rt-dev    -           its sanitizers and libFuzzer
lint            shellcheck         shellcheck  shell scripts
lint            cppcheck           cppcheck    C sources
package         build-essential    -           what packages may rely on
package         debhelper          dh          the Debian package
package         lintian            lintian     checks of the Debian package
package         rpm                rpmbuild    the RPM
package         elfutils           eu-strip    its debugging information
package         rpmlint            rpmlint     checks of the RPM
'

if [ $# = 0 ]; then
  set -- build
fi
for group; do
  case $group in
    build|try|test|lint|package) ;;
    *)
      echo "$0: unknown group '$group':" \
           "build, try, test, lint or package" >&2
      exit 1
      ;;
  esac
done

# tgtd and sfdisk may be where only root's PATH looks.
PATH=$PATH:/usr/sbin:/sbin

is_wanted ()
{
  local group

  for group in "${wanted_groups[@]}"; do
    if [[ ,$1, = *,$group,* ]]; then
      return 0
    fi
  done
  return 1
}

is_installed ()
{
  if [ "$2" != - ]; then
    command -v "$2" >/dev/null
  else
    # Without dpkg nobody can say: configure will.
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
  fi
}

wanted_groups=("$@")
missing=()
while read -r groups package program purpose; do
  if [ -n "$groups" ] && is_wanted "$groups" &&
     ! is_installed "$package" "$program"; then
    missing+=("$package")
  fi
done <<<"$table"

# What apt-get would fetch and take, in its words.
sizes ()
{
  "$@" --assume-no 2>/dev/null |
    grep -E '^(Need to get|After this operation)'
}

debian_install ()
{
  local as_root=() had_tgt='' install

  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "This needs root, and there is no sudo.  As root, run:" >&2
      echo "    apt-get update" >&2
      echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi

  command -v tgtd >/dev/null && had_tgt=1

  ${as_root[@]+"${as_root[@]}"} apt-get update -qq ||
    echo "The package lists could not be brought up to date; going on." >&2
  install=(${as_root[@]+"${as_root[@]}"}
           env DEBIAN_FRONTEND=noninteractive LC_ALL=C
           apt-get install --no-install-recommends "${missing[@]}")
  sizes "${install[@]}"
  "${install[@]}" -y -qq -o Dpkg::Use-Pty=0 || return 1

  # The package starts a target for the whole machine on port 3260.  Nothing
  # here needs it: the tests run their own, on loopback.
  if [ -z "$had_tgt" ] && [ -d /run/systemd/system ] &&
     systemctl is-active --quiet tgt 2>/dev/null; then
    echo "Stopping the tgt service that the package has just started."
    ${as_root[@]+"${as_root[@]}"} systemctl disable --now --quiet tgt
  fi
}

incomplete=
if [ ${#missing[@]} = 0 ]; then
  exit 0
elif command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  echo "Installing with apt-get, which takes about a minute:" \
       "${missing[*]}"
  debian_install || incomplete=1
else
  echo "This is not Debian.  Install what corresponds to its packages:"
  while read -r groups package program purpose; do
    if [[ " ${missing[*]} " = *" $package "* ]]; then
      printf '    %-18s %s\n' "$package" "$purpose"
    fi
  done <<<"$table"
  incomplete=1
fi

needed=()
while read -r groups package program _; do
  case $groups in
    build*|try*)
      if is_wanted "${groups%,test}" && [ "$program" != - ] &&
         ! command -v "$program" >/dev/null; then
        needed+=("$program")
      fi
      ;;
  esac
done <<<"$table"
if [ ${#needed[@]} != 0 ]; then
  echo "$0: this cannot go on without ${needed[*]}" >&2
  exit 1
elif [ -n "$incomplete" ]; then
  echo "$0: not everything is there; going on without" >&2
fi
