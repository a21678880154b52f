#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Whatever status a login is refused with, a sentence says what it means, not
# only its number.  (Those that are asked again: test-error-busy-start.)

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# says STATUS PATTERN
says ()
{
  start_scripted --rule "login times=0 login $1"
  refused iscsi "$url"
  shows "$2" "$tmp/refused.log"
}

set -x
says 0200 "does not agree to what was offered .login status 0200."
says 0201 "the target wants CHAP authentication"
says 0202 "does not allow this initiator"
says 0203 "there is no target "
says 0204 "was removed"
says 0205 ".login status 0205.: it has another version of iSCSI: see its log"
says 0207 ".login status 0207.: a parameter is missing: see its log"
says 0208 ".login status 0208.: it cannot include this in a session: "
says 0209 ".login status 0209.: it has no sessions of this type: see its log"
says 020a ".login status 020a.: there is no such session: see its log"
says 020b ".login status 020b.: it expected another request: see its log"
says 0300 ".login status 0300.: an error of its own: see its log"
says 03ff ".login status 03ff.: it does not say why: see its log"
