#!/bin/sh
# Allocation before the program begins: while it is relocated, from libraries that come first, and under an
# audit library; and what the very first calls need of libc.
set -eu
sources=${HK_SOURCE_DIR:-$(dirname "$0")/../..}/tests/scripts/early
include=$sources/../../../include
lib=${HAKMEM_LIB:?path of libhakmem.so}
[ -z "${HK_EMULATOR:-}" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # NAME OPTION...: of NAME.c
    name=$1
    shift
    "${CC:-cc}" -O1 -fno-builtin -w -D_GNU_SOURCE -I"$include" -pthread "$@" "$sources/$name.c" -ldl
}

expect_ok() { # COMMAND...
    said=$("$@") || { echo "it ended with $?"; exit 1; }
    [ "$said" = ok ] || { echo "it said: $said"; exit 1; }
}

build counts -rdynamic -o "$work/counts" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
echo "the first calls need nothing of libc that may allocate"
expect_ok env LD_PRELOAD="$lib" "$work/counts"

echo "a library before HAKMEM allocates when it is loaded, and when it goes"
build first -fPIC -shared -o "$work/first.so"
expect_ok env LD_PRELOAD="$lib $work/first.so" sh -c 'echo ok'
expect_ok env LD_PRELOAD="$work/first.so $lib" sh -c 'echo ok'

if ! build ifunc -o "$work/ifunc" 2>/dev/null || ! "$work/ifunc" >/dev/null; then
    echo "no indirect functions here"
    exit 0
fi
echo "the resolver of an indirect function allocates"
expect_ok env LD_PRELOAD="$lib" "$work/ifunc"
build ifunc -Wl,-z,now -o "$work/ifunc_now"
expect_ok env LD_PRELOAD="$lib" "$work/ifunc_now"
build ifunc -no-pie -o "$work/ifunc_fixed"
expect_ok env LD_PRELOAD="$lib" "$work/ifunc_fixed"

echo "an audit library allocates"
build audit -fPIC -shared -o "$work/audit.so"
expect_ok env LD_AUDIT="$work/audit.so" LD_PRELOAD="$lib" "$work/ifunc"
expect_ok env LD_AUDIT="$work/audit.so" LD_PRELOAD="$lib" sh -c 'echo ok'
