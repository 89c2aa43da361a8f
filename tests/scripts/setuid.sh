#!/bin/sh
# In a setuid program the HAKMEM_ variables of whoever calls it mean nothing. Needs root, to make one.
set -eu
sources=${HK_SOURCE_DIR:-$(dirname "$0")/../..}
archive=${HK_STATIC_LIB:?path of libhakmem.a}
[ -z "${HK_EMULATOR:-}" ] || exit 77
[ "$(id -u)" = 0 ] || { echo "not root"; exit 77; }
command -v setpriv >/dev/null || { echo "no setpriv"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

"${CC:-cc}" -O1 -fno-builtin -D_GNU_SOURCE -I"$sources/include" -pthread -o "$work/program" \
    "$sources/tests/scripts/setuid.c" "$archive"

as_caller() { # COMMAND...: as a user that is neither root nor the program's owner
    setpriv --reuid 65533 --regid 65533 --clear-groups env HAKMEM_FC_CAP=64 HAKMEM_STATS=1 HAKMEM_HELP=1 \
        HAKMEM_REPORT_FILE="$work/report" "$@" 2>&1
}

unset HAKMEM_FC_CAP
default=$("$work/program")
plain=$(as_caller "$work/program")
case $plain in *"FC_CAP 64"*) ;; *) echo "the variables are not heeded at all: $plain"; exit 1 ;; esac

chown 65532:65532 "$work/program"
chmod 4755 "$work/program"
secure=$(as_caller "$work/program")
case $secure in *"not setuid"*) echo "setuid has no effect here"; exit 77 ;; esac
[ "$secure" = "${default#not }" ] || { echo "setuid, it said: $secure"; exit 1; }
[ ! -e "$work/report" ] || { echo "it wrote a report"; exit 1; }
echo "setuid: the variables are ignored"
