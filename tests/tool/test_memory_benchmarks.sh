#!/bin/sh
# test_memory_benchmarks.sh [DIRECTORY] - the benchmarks that measure memory, latency and idleness run,
# small, and what they print adds up. Without an argument, the directory is HK_BUILD_DIR.
set -u
directory=${1:-${HK_BUILD_DIR:-build}}
[ -x "$directory/bench_return_memory" ] || exit 77
failures=0

check() {
    if [ "$2" -eq 0 ]; then
        echo "ok   $1"
    else
        echo "FAIL $1"
        printf '%s\n' "$output"
        failures=$((failures + 1))
    fi
}

# runs NAME PROGRAM ARGUMENT…: it ends with 0; what it printed is in $output.
runs() {
    name=$1 program=$2
    shift 2
    output=$(BENCH_QUIET=1 "$directory/$program" "$@" 2>&1)
    check "$name runs" $?
}

prints() {
    printf '%s\n' "$output" | grep -E -q -e "$2"
    check "$1" $?
}

# number PATTERN: the one in the place of N in a line of the output.
number() {
    printf '%s\n' "$output" | sed -n -E "s/.*$(printf '%s' "$1" | sed 's/N/([0-9]+(\\.[0-9]+)?)/').*/\\1/p" | head -1
}

# holds NAME EXPRESSION: of awk.
holds() {
    awk "BEGIN { exit !($2) }"
    check "$1" $?
}

for scenario in random clusters sleeping large; do
    runs "return_memory $scenario" bench_return_memory "$scenario" 8 200
    for label in 'Peak' 'After free' 'After idle'; do
        prints "$scenario prints '$label'" "^$label = [0-9]+ KiB\$"
    done
    prints "$scenario prints what was returned" '^Returned = -?[0-9.]+ % of the [0-9]+ KiB freed$'
    holds "$scenario peaks at what it allocated, or a little more" \
        "$(number '^Peak = N KiB') > 0.95 * 8192 && $(number '^Peak = N KiB') < 2.5 * 8192"
done

runs "return_memory whose blocks all survive" bench_return_memory random 4 0 1
prints "nothing is freed" '^Returned = [0-9.]+ % of the 0 KiB freed$'
prints "the bound is 0" '^Bound = 0 KiB '
runs "return_memory whose blocks are all freed" bench_return_memory sleeping 4 0
holds "the bound is all that was freed, and headers" \
    "$(number 'of the N KiB freed') > 4000 && $(number '^Bound = N KiB') >= $(number 'of the N KiB freed')"
output=$("$directory/bench_return_memory" random 4 500 2>&1)
prints "readings while idle" '^RSS while idle, MiB: 0\.0 s [0-9.]+,.* 0\.5 s [0-9.]+$'
output=$("$directory/bench_return_memory" frobnicate 2>&1)
[ $? -eq 2 ] && [ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ]
check "a wrong scenario gets one line and status 2" $?
prints "which names it and those that there are" "'frobnicate'.*random, clusters, sleeping, large"

if [ -x "$directory/bench_peak_rss" ]; then
    for scenario in python redis gcc uniform; do
        runs "peak_rss $scenario" bench_peak_rss "$scenario"
        holds "$scenario holds at least what was asked for" \
            "$(number '^Peak = N KiB') >= 0.99 * $(number '^Requested = N KiB')"
    done
    output=$("$directory/bench_peak_rss" redis)
    prints "a trace asks for what its program did" '^Requested = 11946 KiB$'
    output=$("$directory/bench_peak_rss" redis 2)
    prints "two copies of it ask for twice as much" '^Requested = 238[0-9][0-9] KiB$'
fi

runs "bounded_producers" bench_bounded_producers 8 4 592 3
prints "bounded_producers prints its peak" '^Peak = [0-9]+ KiB$'
prints "bounded_producers prints its ratio" '^Peak over the live set of 8 MiB = [0-9.]+$'

figures='p50 [0-9.]+ [num]+s, p99 [0-9.]+ [num]+s, p99\.9 [0-9.]+ [num]+s, p99\.99 [0-9.]+ [num]+s, max [0-9.]+ [num]+s of [0-9]+$'
runs "latency" bench_latency 10000 2
for label in malloc free 'Machine alone'; do
    prints "latency prints '$label'" "^$label: $figures"
done
prints "latency counts every call" '^malloc: .* of 5000$'
runs "purge_latency" bench_purge_latency 16 0
for label in Pairs Frees 'Machine alone'; do
    prints "purge_latency prints '$label'" "^$label: $figures"
done
prints "purge_latency counts every free" '^Frees: .* of 256$'
prints "purge_latency prints the worst that was not the scheduler" \
    '^Worst pair that kept its processor = [0-9.]+ ms$'

still='^Switches = 0 of other threads, [0-9]+ of the main thread$'
for _ in 1 2 3 4 5 6 7 8 9 10; do # on a loaded machine they may still be on their way to sleep
    output=$(BENCH_QUIET=1 "$directory/bench_idle" 100 3 2>&1)
    status=$?
    printf '%s\n' "$output" | grep -E -q -e "$still" && break
done
check "idle runs" "$status"
prints "idle counts its threads" '^Threads = 4, 4 of them the program.s$'
prints "idle sees no other thread run" "$still"
prints "idle prints CPU time" '^CPU = [0-9.]+ us in 0\.100 s$'

runs "tlb" bench_tlb 1000 4
prints "tlb prints the time of a read" '^Read = [0-9.]+ ns$'

if [ -f "$directory/librecord_malloc.so" ]; then
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf "$scratch"' EXIT
    output=$(HK_RECORD="$scratch/trace" HK_RECORD_EVENTS=100 LD_PRELOAD="$directory/librecord_malloc.so" \
        sort --parallel=1 "$0" 2>&1 >/dev/null)
    check "a recorded program runs" $?
    output=$(wc -c "$scratch"/trace.* 2>&1)
    set -- "$scratch"/trace.*
    [ $# -eq 1 ] && [ "$(wc -c <"$1")" -gt 100 ]
    check "and leaves one trace" $?
fi

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
