#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The plugin is built so that a fault in it is hard to use: with a canary on
# the stack, the C library's checked functions, tables that are read-only once
# it is loaded, no code that is changed while loading, and no stack that can
# be executed.  (That -fstack-clash-protection was used cannot be seen.)

set -e

source "${0%/*}/functions.sh"

requires readelf --version

if [ "${SANITIZER:-none}" != none ]; then
  skip "built with a sanitizer"
fi

file=${NBDKIT_ISCSI_PLUGIN:?run me with make check}
dynamic=$(readelf -dW "$file")
segments=$(readelf -lW "$file")
imported=$(readelf -W --dyn-syms "$file")

# demand FLAG TEXT PATTERN: if configure found that FLAG works.
demand ()
{
  if [[ " ${HARDENING:?run me with make check} " != *" $1 "* ]]; then
    echo "not available here: $1"
  elif ! grep -Eq -- "$3" <<<"$2"; then
    fail "$1 has not been used: '$3' was not found"
  fi
}

demand -fstack-protector-strong "$imported" 'UND __stack_chk_fail'
demand -D_FORTIFY_SOURCE=2 "$imported" 'UND __[a-z]+_chk'
demand -Wl,-z,relro "$segments" GNU_RELRO
demand -Wl,-z,now "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
demand -Wl,-z,noexecstack "$segments" 'GNU_STACK .* RW +0x'

if grep -q TEXTREL <<<"$dynamic"; then
  fail "the plugin has text relocations"
fi
if grep -E '^ +LOAD .* RWE ' <<<"$segments"; then
  fail "the plugin has memory that can be written to and executed"
fi
