#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit's own bash completion offers the plugin by name, and its keys.

. "${0%/*}/functions.sh"
requires_plugin

share=/usr/share/bash-completion
requires test -f $share/bash_completion
requires test -f $share/completions/nbdkit

plugindir=${NBDKIT_ISCSI_PLUGIN:-$abs_top_builddir/plugin/.libs/}
plugindir=${plugindir%/*}

# offered LINE: what bash offers if <TAB> is pressed at its end.
cat >"$tmp/offered" <<EOF
. $share/bash_completion
. $share/completions/nbdkit

# A plugin that is not installed is where nbdkit does not look.
if ! [ -e "\$(nbdkit --dump-config |
             sed -n 's/^plugindir=//p')/nbdkit-iscsi-plugin.so" ]; then
  nbdkit ()
  {
    if [ "\$*" = --dump-config ]; then
      echo plugindir=$plugindir
    else
      command nbdkit "\$@"
    fi
  }
fi

COMP_LINE=\$1
COMP_POINT=\${#1}
COMP_TYPE=9
COMP_KEY=9
COMP_WORDS=(\$1)
if [[ \$1 = *' ' ]]; then COMP_WORDS+=(''); fi
COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1))
_nbdkit nbdkit "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "\${COMPREPLY[@]}"
EOF

offered ()
{
  "$BASH" --norc "$tmp/offered" "$1" | sort -u
}

set -x
equal "for a part of the name" "$(offered 'nbdkit isc')" iscsi
equal "for a part of a key" "$(offered 'nbdkit iscsi login-t')" login-timeout=
equal "for a part of a key, after an option" \
      "$(offered 'nbdkit -U - iscsi login-t')" login-timeout=
nbdkit iscsi --help >"$tmp/help"
sed -nE 's/^([a-z-]+=).*/\1/p' "$tmp/help" | sort >"$tmp/keys"
shows '^sessions=$' "$tmp/keys"
equal "for nothing" "$(offered 'nbdkit iscsi ')" "$(cat "$tmp/keys")"
