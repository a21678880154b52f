#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A login that fails over a digest or a CHAP algorithm names it; what libiscsi
# says of it is not the sentence.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

bob=(user=bob password=an-adequate-secret)

# answers KEYS PATTERN [ARGS...]
answers ()
{
  start_scripted --set "answers=$1"
  refused iscsi "$url" "${@:3}"
  shows "$2" "$tmp/refused.log"
  shows_not an-adequate-secret "$tmp/refused.log"
}

# status CCDD PATTERN [ARGS...]
status ()
{
  start_scripted --rule "login times=0 login $1"
  refused_with "$2" iscsi "$url" "${@:3}"
}

set -x
answers HeaderDigest=Reject 'rejects header-digest=crc32c' header-digest=crc32c
answers 'AuthMethod=CHAP;CHAP_A=Reject' 'CHAP algorithm other than MD5' \
        "${bob[@]}"
answers 'AuthMethod=CHAP;CHAP_A=5&CHAP_I=1&CHAP_C=0bABEiMw==' 'base64' \
        "${bob[@]}"
status 0200 'digest.*header-digest=crc32c' header-digest=crc32c
status 0201 'before it asked for the password' "${bob[@]}"
status 0201 'give user= and password='

# Some say 0301 of a name that does not exist.
status 0301 "there is no target $iqn here"
