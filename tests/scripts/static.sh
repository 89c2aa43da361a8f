#!/bin/sh
# The archive in programs that are linked statically, wholly (-static, -static-pie), with every object of the
# archive (--whole-archive), and beside libraries.
set -eu
sources=${HK_SOURCE_DIR:-$(dirname "$0")/../..}
archive=${HK_STATIC_LIB:?path of libhakmem.a}
[ -z "${HK_EMULATOR:-}" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'int main(void) { return 0; }\n' >"$work/nothing.c"
"${CC:-cc}" -static -pthread -o "$work/nothing" "$work/nothing.c" 2>/dev/null || { echo "no static libc"; exit 77; }

build_and_run() { # OPTION...
    echo "linked with $*"
    "${CC:-cc}" -O1 -fno-builtin -w -D_GNU_SOURCE -I"$sources/include" -I"$sources/tests" -pthread \
        -o "$work/program" "$sources/tests/scripts/static/program.c" "$@"
    said=$("$work/program") || { echo "it ended with $?"; exit 1; }
    [ "$said" = ok ] || { echo "it said: $said"; exit 1; }
    HAKMEM_STATS=1 "$work/program" 2>&1 >/dev/null | grep -q 'HAKMEM.*' || { echo "HAKMEM_STATS=1 is ignored"; exit 1; }
}

whole="-Wl,--whole-archive $archive -Wl,--no-whole-archive"
build_and_run -static "$archive"
build_and_run -static $whole
build_and_run -static-pie "$archive"
build_and_run -no-pie "$archive"
build_and_run $whole
build_and_run -static -Wl,--gc-sections "$archive"
