#!/bin/sh
# soak.sh [MINUTES] - for half an hour unless told otherwise: threads that come and go, storms of forks, signal
# handlers and random histories, over and over, two programs at a time, each run with options drawn at random.
# The property test draws a new seed each time. Nothing is held against a loaded machine. What failed is printed,
# with the options it had; exit status 1.
set -u
cd "$(dirname "$0")/.."
minutes=${1:-${SOAK_MINUTES:-30}}
build=${HK_BUILD_DIR:-build}
lib=$PWD/$build/libhakmem.so
end=$(($(date +%s) + minutes * 60))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
[ -x "$build/tests/preload_test_property" ] || { echo "soak: no test programs in $build/; run make tests first"; exit 1; }

# A number below $1, from the generator of the kernel's.
draw() {
    echo $(($(od -An -N4 -tu4 /dev/urandom) % $1))
}

options() {
    case $(draw 8) in
    0) echo HAKMEM_GUARD_RATE=1 ;;
    1) echo HAKMEM_GUARD_RATE=20 ;;
    2) echo HAKMEM_FC_CAP=8 HAKMEM_FC_REFILL=2 ;;
    3) echo HAKMEM_SCAVENGER=0 ;;
    4) echo HAKMEM_DECAY_MS=10 HAKMEM_GUARD_RATE=50 ;;
    5) echo HAKMEM_DECAY_MS=0 ;;
    6) echo HAKMEM_THRIFT=always ;;
    7) echo HAKMEM_DECAY_MS=1000 ;; # as it is
    esac
}

# Runs programs of a kind until the time is over.
run() {
    log=$work/$$.$1.log
    while [ "$(date +%s)" -lt "$end" ] && [ ! -e "$work/failed" ]; do
        for name in $2; do
            variables=$(options)
            # shellcheck disable=SC2086 # words
            if ! timeout -s KILL 900 env CHECK_PATIENCE=10 LD_PRELOAD="$lib" $variables "$build/tests/$name" >"$log" 2>&1; then
                echo "soak: failed: $variables $name"
                grep -v '^ok' "$log"
                : >"$work/failed"
                break
            fi
            echo "$name" >>"$work/done"
        done
    done
}

run a 'preload_test_children preload_test_fork preload_test_signals' &
run b 'preload_test_crowds preload_test_threads preload_test_property' &
wait
sort "$work/done" 2>/dev/null | uniq -c
[ ! -e "$work/failed" ] || exit 1
echo "soak: $minutes minutes without a failure"
