#!/bin/sh
# Layouts of the address space that are not the usual one: nothing at random, mappings from the bottom up,
# a stack without limit, a program at a fixed address, little address space.
set -eu
lib=${HAKMEM_LIB:?path of libhakmem.so}
program=${HK_BUILD_DIR:?the build directory}/tests/preload_test_threads
[ -z "${HK_EMULATOR:-}" ] || exit 77
command -v setarch >/dev/null || { echo "no setarch"; exit 77; }
[ -x "$program" ] || { echo "no test programs"; exit 77; }

run() { # WHAT COMMAND...: some tests of threads under that
    what=$1
    shift
    "$@" true 2>/dev/null || { echo "$what: not possible here"; return 0; }
    for test in blocks_outlive_their_thread exit_while_others_allocate; do
        said=$("$@" env LD_PRELOAD="$lib" "$program" $test 2>&1) || { echo "$what: $test ended with $?: $said"; exit 1; }
    done
    "$@" env LD_PRELOAD="$lib" HAKMEM_STATS=1 true 2>&1 | grep -q HAKMEM || { echo "$what: not HAKMEM"; exit 1; }
    echo "$what: ok"
}

unlimited_stack() {
    (ulimit -s unlimited 2>/dev/null || exit 1; exec "$@")
}

little_space() {
    (ulimit -v 1000000 2>/dev/null || exit 1; exec "$@")
}

run 'no randomness' setarch -R
run 'mappings from the bottom up' setarch -L
run 'mappings from the bottom up, no randomness' setarch -L -R
run 'a stack without limit' unlimited_stack
run 'a stack without limit, no randomness' unlimited_stack setarch -R
run 'read implies execute' setarch -X
run '1 GB of address space' little_space
