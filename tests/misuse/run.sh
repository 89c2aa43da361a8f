#!/bin/sh
# Runs a program that misuses malloc, with libhakmem.so preloaded: it must be stopped by a signal, SIGABRT, with
# the line on standard error that the first line of its source names.
#
#     run.sh PROGRAM SOURCE [SIZE]    with HAKMEM_LIB set
#     run.sh LIB DIRECTORY [CC]       compiles and runs every program here, in DIRECTORY
#
#     /* expect: free of POINTER which lies inside the block at BLOCK */
#     /* env: HAKMEM_CHECK=1 */
#     /* sizes: 48 3000 40000 */
#     /* signal: SEGV */                               it is SIGSEGV that must end it; none: it must not end so
#
# The rest of the first line is an extended regular expression. A word in capitals stands for a value that
# the program says on standard output as "WORD value". `env`, if there, names variables to be set; `sizes`
# has the program built once for each, as SIZE, which stands for its value in the line too.
set -u
here=$(cd "$(dirname "$0")" && pwd)

if [ -d "${2:-}" ]; then
    export HAKMEM_LIB="$1"
    failed=0
    for source in "$here"/*.c; do
        sizes=$(sed -n 's,^/\* sizes: \(.*\) \*/$,\1,p' "$source")
        for size in ${sizes:-0}; do
            name=$(basename "$source" .c)_$size
            "${3:-cc}" -w -O0 -g -D_GNU_SOURCE -DSIZE="$size" -pthread -fno-builtin-malloc -fno-builtin-free \
                -o "$2/$name" "$source" -rdynamic -ldl || exit 1
            if "$0" "$2/$name" "$source" "$size" >"$2/$name.log" 2>&1; then
                echo "ok      $name"
            else
                echo "FAILED  $name"
                sed 's/^/        /' "$2/$name.log"
                failed=$((failed + 1))
            fi
        done
    done
    echo "$failed failed"
    exit $((failed > 0))
fi

program=$1 source=$2 size=${3:-0}
lib=${HAKMEM_LIB:?path of libhakmem.so}
expected=$(sed -n '1s,^/\* expect: \(.*\) \*/$,\1,p' "$source")
expected=$(printf '%s\n' "$expected" | sed "s/\<SIZE\>/$size/g")
environment=$(sed -n 's,^/\* env: \(.*\) \*/$,\1,p' "$source")
signal=$(sed -n 's,^/\* signal: \(.*\) \*/$,\1,p' "$source")
case ${signal:=ABRT} in
ABRT) wanted=134 ;;
SEGV) wanted=139 ;;
none) wanted=0 ;;
esac
[ -n "$expected" ] || { echo "$source: no expected line"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC3045 # no core files, where the shell can say so
ulimit -c 0 2>/dev/null
# shellcheck disable=SC2086 # words
[ -z "$environment" ] || export $environment
if [ -n "${HK_EMULATOR:-}" ]; then
    timeout 300 $HK_EMULATOR -E "LD_PRELOAD=$lib" "$program" >"$work/out" 2>"$work/err"
else
    LD_PRELOAD=$lib timeout 300 "$program" >"$work/out" 2>"$work/err"
fi
status=$?

while read -r word value; do
    expected=$(printf '%s\n' "$expected" | sed "s/\<$word\>/$value/g")
done <"$work/out"

cat "$work/err"
if [ "$status" -ne "$wanted" ]; then
    echo "it ended with $status, not $wanted ($signal)"
    exit 1
fi
if ! grep -Eq "^hakmem: .*$expected" "$work/err"; then
    echo "no line with: hakmem: $expected"
    exit 1
fi
