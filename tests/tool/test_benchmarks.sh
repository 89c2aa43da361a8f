#!/bin/sh
# test_benchmarks.sh [DIRECTORY] - every benchmark program there runs, small, and prints what is read
# from it; the seed benchmark prints its whole report. Without an argument, the directory is
# HK_BUILD_DIR.
set -u
directory=${1:-${HK_BUILD_DIR:-build}}
[ -x "$directory/bench_random_mixed_hakmem" ] || exit 77
failures=0

check() {
    if [ "$2" -eq 0 ]; then
        echo "ok   $1"
    else
        echo "FAIL $1"
        failures=$((failures + 1))
    fi
}

prints() {
    printf '%s\n' "$2" | grep -E -q -e "$3"
    check "$1" $?
}

small() {
    case $1 in
    bench_bounded_producers) echo 4 3 ;;
    bench_idle_threads) echo 5 ;;
    bench_large) echo 20 ;;
    bench_purge_latency) echo 8 0 ;;
    bench_tlb) echo 5000 4 ;;
    *) echo 5000 ;;
    esac
}

for program in "$directory"/bench_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=$(basename "$program")
    "$program" frobnicate >/dev/null 2>&1
    [ $? -eq 2 ]
    check "$name refuses a wrong number" $?
    "$program" --help >/dev/null 2>&1
    check "$name --help" $?
    case $name in
    bench_return_memory | bench_peak_rss | bench_idle) continue ;; # test_memory_benchmarks.sh
    esac
    # shellcheck disable=SC2046 # several words
    output=$(BENCH_QUIET=1 "$program" $(small "$name") 2>&1)
    check "$name runs" $?
    prints "$name prints ops/s" "$output" \
        '^Throughput = [0-9]+ ops/s \[.*seed=1234567\] time=[0-9.]+s$'
done

seed=$directory/bench_random_mixed_hakmem
output=$(BENCH_QUIET=1 "$seed" 1000 64 7)
[ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ]
check "the seed benchmark says one line when quiet" $?
prints "its parameters are shown" "$output" '\[iterations=1000 slots=64 seed=7\]'
output=$("$seed" 20000 100)
for line in '^Allocator: ' '^Page faults: [0-9]+ in the loop' '^Peak RSS: [0-9]+ KiB' \
    '^Hardware counters' '^System calls' '^What costs most' '^  1\. '; do
    prints "the report has '$line'" "$output" "$line"
done

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
