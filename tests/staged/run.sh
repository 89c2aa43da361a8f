#!/bin/sh
# run.sh PROGRAM - runs a staged program under HAKMEM; `hakmem explain` must give the verdict that its
# name calls for. Where it advises something, that is done, and must give back half of what was
# promised at least.
set -u
program=$1
hakmem=${HK_COMMAND:?}
library=${HAKMEM_LIB:?}
name=$(basename "$program")
name=${name#staged_}
[ -x "$hakmem" ] || exit 77
scratch=$(mktemp -d) || exit 1
process=
trap '[ -z "$process" ] || kill -9 "$process" 2>/dev/null; rm -rf "$scratch"' EXIT

case $name in
leak) verdict=growth ;;
survivors) verdict=fragmentation ;;
idle_caches | handover | huge_pages | not_ours | well) verdict=$name ;;
huge_churn) verdict=retained ;;
*) echo "no verdict is known for $name"; exit 1 ;;
esac

# start [VARIABLE=VALUE…]: the program, until it says that it is ready.
start() {
    : >"$scratch/output"
    env LD_PRELOAD="$library" "$@" "$program" >"$scratch/output" &
    process=$!
    wait_for ready
}

wait_for() {
    for attempt in $(seq 300); do
        grep -q "^$1" "$scratch/output" && return
        sleep 0.1
    done
    echo "FAIL the program never said '$1'"
    exit 1
}

stop() {
    kill -9 "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    process=
}

explain() {
    "$hakmem" explain --json "$process" >"$scratch/answer" 2>"$scratch/error" && return
    cat "$scratch/error"
    grep -q -e 'ptrace' -e SYS_PTRACE "$scratch/error" && exit 77
    exit 1
}

answer() { # PATH.TO.VALUE
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[key]
print("" if value is None else value)' "$scratch/answer" "$1"
}

# What is resident, at its least of a few looks: some programs come and go.
resident() {
    for look in 1 2 3 4 5; do
        awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$process/status"
        sleep 0.15
    done | sort -n | head -1
}

if [ $name = huge_pages ] && grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null; then
    echo 'skipped: the kernel gives no huge pages'
    exit 77
fi

case $name in
huge_pages) start HAKMEM_THP=always ;;
*) start ;;
esac
got=
for attempt in 1 2 3 4; do # a look may fall into a change
    explain
    got=$(answer advice.verdict)
    [ "$got" = $verdict ] && break
    sleep 0.3
done
answer advice.text
if [ "$got" != $verdict ]; then
    echo "FAIL the verdict is '$got', not '$verdict'"
    exit 1
fi
echo "ok   the verdict is '$verdict'"

sum=$(answer sum_bytes) rss=$(answer rss_bytes)
if [ $((sum > rss ? sum - rss : rss - sum)) -gt $((rss / 100)) ] && [ $name != leak ] && [ $name != huge_churn ] &&
    [ $name != handover ]; then
    echo "FAIL the parts sum to $sum, and $rss are resident"
    exit 1
fi
echo "ok   the parts sum to $sum of $rss"

knob=$(answer advice.knob) gain=$(answer advice.gain_bytes)
[ -n "$knob" ] || exit 0
before=$(resident)
case $knob in
HAKMEM_*)
    stop
    start "$knob"
    sleep 0.5
    ;;
'hakmem_trim()')
    kill -USR1 "$process"
    wait_for trimmed
    ;;
*) echo "FAIL the knob '$knob' is not known here"; exit 1 ;;
esac
after=$(resident)
echo "     $knob: promised $gain, gave $((before - after)) of $before"
if [ $((before - after)) -lt $((gain / 2)) ]; then
    echo 'FAIL that is less than half'
    exit 1
fi
echo 'ok   the advice is good'
