#!/bin/sh
# test_reader.sh [HAKMEM] - explain, stats and ptr: what they say of a process that is known, that a
# stopped process and core files get the same answers, formats, errors and the server. Without an
# argument, the command is HK_COMMAND.
set -u
hakmem=${1:-${HK_COMMAND:?}}
library=${HAKMEM_LIB:?}
here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs
probe=${HK_BUILD_DIR:?}/tests/reader_probe
[ -x "$hakmem" ] && [ -x "$probe" ] || exit 77
. "$(dirname "$0")/checks.sh"
processes=
scratch=$(mktemp -d) || exit 1
trap 'for p in $processes; do kill -9 "$p" 2>/dev/null; done; rm -rf "$scratch"' EXIT

# says NAME PATTERN COMMAND…: the command's output, of both kinds, has a line that matches.
says() {
    name=$1 pattern=$2
    shift 2
    "$@" >"$scratch/said" 2>&1 </dev/null
    if grep -q -e "$pattern" "$scratch/said"; then
        ok "$name"
    else
        fail "$name: no '$pattern' in:"
        head -20 "$scratch/said"
    fi
}

# fails NAME STATUS PATTERN COMMAND…: ends with the status and one line of error that matches.
fails() {
    name=$1 wanted=$2 pattern=$3
    shift 3
    "$@" >/dev/null 2>"$scratch/error" </dev/null
    got=$?
    if [ $got -eq "$wanted" ] && [ "$(wc -l <"$scratch/error")" -eq 1 ] && grep -q -e "$pattern" "$scratch/error"; then
        ok "$name"
    else
        fail "$name: status $got, not $wanted with one line '$pattern':"
        cat "$scratch/error"
    fi
}

# ---- a process that is known
# Without a scavenger nothing changes any more once it is ready.
# starts RATE: the probe; its blocks are guarded one in RATE, at random, or (0) none. It may dump core.
starts() {
    (cd "$scratch" && ulimit -c unlimited && HAKMEM_SCAVENGER=0 HAKMEM_GUARD_RATE=$1 LD_PRELOAD=$library exec "$probe" >addresses) &
    process=$!
    processes="$processes $process"
    comes grep -q ready "$scratch/addresses"
}
rate=0
starts $rate
address() { awk -v name="$1" '$1 == name { print $2 }' "$scratch/addresses"; }

if ! "$hakmem" explain --once $process >"$scratch/explained" 2>&1; then
    cat "$scratch/explained"
    grep -q -e ptrace -e SYS_PTRACE "$scratch/explained" && exit 77
    exit 1
fi

ptr_is() { says "ptr of $1" "$2" "$hakmem" ptr $process "$(address $1)"; }
ptr_is live '^0x[0-9a-f]*: block of 1024 bytes at 0x[0-9a-f]*, 0 bytes into it: live$'
ptr_is inside ': block of 1024 bytes at .*, 100 bytes into it: live$'
ptr_is cached ': block of 5120 bytes .*: cached, in the FastCache of heap 1$'
ptr_is run ': run of 256 KiB at .*, 70000 bytes into it: live$'
ptr_is huge ': huge block of 4.* MiB at .*, 2097157 bytes into it: live$'
ptr_is published ': block of 640 bytes .*: \(published\|cached, in the depot\|cached, in the magazine\)'
ptr_is of_thread ': block of 96 bytes .*: live$'
ptr_is static "not HAKMEM's: .*reader_probe"
ptr_is stack "not HAKMEM's: \[stack\]"
ptr_is thread_stack "not HAKMEM's: "
ptr_is null ': nothing is mapped there$'
says 'ptr names the thread' "of heap [0-9]* (thread $process reader_probe)" "$hakmem" ptr $process "$(address live)"
says 'ptr names neighbours' '^  after ' "$hakmem" ptr $process "$(address live)"

# ---- the same from inside and from outside
compare_stats() { # NAME
    "$hakmem" stats --json $process | python3 -c '
import json, sys
for value in json.load(sys.stdin)["stats"].values():
    print("stats", value)' >"$scratch/outside"
    if grep '^stats ' "$scratch/addresses" | diff - "$scratch/outside" >"$scratch/differences"; then
        ok "$1 are as hakmem_stats_read tells them"
    else
        fail "$1 are as hakmem_stats_read tells them:"
        cat "$scratch/differences"
    fi
}
compare_stats stats

# ---- formats
holds() { # NAME SCHEMA COMMAND…
    name=$1 schema=$2
    shift 2
    if "$@" 2>&1 | python3 "$here/check_schema.py" "$docs/$schema"; then ok "$name"; else fail "$name"; fi
}
holds "explain's JSON holds its schema" hakmem-explain-schema.json "$hakmem" explain --once --json $process
holds "explain's JSON of two looks holds it" hakmem-explain-schema.json "$hakmem" explain --for 1 --json $process
holds "stats' JSON holds its schema" hakmem-stats-schema.json "$hakmem" stats --json $process
holds "ptr's JSON holds its schema" hakmem-ptr-schema.json "$hakmem" ptr --json $process \
    $(awk '/0x/ { print $2 }' "$scratch/addresses")
openmetrics() { python3 "$here/check_openmetrics.py"; }
"$hakmem" stats --openmetrics $process | openmetrics && ok 'OpenMetrics is valid' || fail 'OpenMetrics is valid'
printf '# TYPE a counter\na 1\n# EOF\n' | openmetrics >/dev/null && fail 'the checker finds a counter without _total'
"$hakmem" stats --openmetrics --output "$scratch/hakmem.prom" $process && openmetrics <"$scratch/hakmem.prom" &&
    ok 'OpenMetrics in a file' || fail 'OpenMetrics in a file'
[ "$(ls "$scratch" | grep -c '^hakmem\.prom')" -eq 1 ] && ok 'nothing is left beside it' || fail 'a file is left beside it'
says 'no colours but on a terminal' '^  sum ' "$hakmem" explain --once $process

# ---- a stopped process and core files
value() { # FILE EXPRESSION of the document d
    python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
p = {part["name"]: part["bytes"] for part in d.get("parts", [])}
print(eval(sys.argv[2]))' "$1" "$2"
}
blocks='[(c["block_bytes"], c["slabs"], c["live_blocks"], c["free_blocks"], c["cached_blocks"], c["published_blocks"]) for c in d["classes"]]'
ours='sum(b for n, b in p.items() if n in ("live_slabs", "live_runs", "live_huge", "fastcaches", "magazines", "depot", "published"))'
stops() {
    kill -STOP $process
    sleep 0.1
    "$hakmem" explain --json $process >"$scratch/stopped.json"
}
stops
[ "$(value "$scratch/stopped.json" 'd["stopped"]')" = True ] && ok 'a stopped process is called so' || fail 'a stopped process is called so'
[ "$(value "$scratch/stopped.json" 'd["sum_bytes"]')" = "$(value "$scratch/stopped.json" 'd["rss_bytes"]')" ] &&
    ok 'the parts sum to the RSS of a stopped process' || fail 'the parts sum to the RSS of a stopped process'
[ "$(value "$scratch/stopped.json" 'd["skipped"]["slabs"] + d["skipped"]["caches"] + d["skipped"]["records"]')" = 0 ] &&
    ok 'nothing is skipped' || fail 'something is skipped'

core_address=cached core_ptr=': block of 5120 bytes .*: cached, in the FastCache'
compare_core() { # NAME CORE
    if ! "$hakmem" explain --json "$2" >"$scratch/core.json" 2>"$scratch/error"; then
        fail "$1: $(cat "$scratch/error")"
        return
    fi
    if [ "$(value "$scratch/core.json" "$blocks")" = "$(value "$scratch/stopped.json" "$blocks")" ]; then
        ok "$1: the same blocks, class by class"
    else
        fail "$1: other blocks than the stopped process"
    fi
    [ "$(value "$scratch/core.json" 'd["advice"]["verdict"]')" = "$(value "$scratch/stopped.json" 'd["advice"]["verdict"]')" ] &&
        ok "$1: the same verdict" || fail "$1: another verdict"
    live=$(value "$scratch/stopped.json" "$ours") core=$(value "$scratch/core.json" "$ours")
    if [ $((live > core ? live - core : core - live)) -le $((live / 100)) ]; then
        ok "$1: the same bytes in blocks, within 1 % ($live, $core)"
    else
        fail "$1: $core bytes in blocks, not $live"
    fi
    holds "$1: its JSON holds the schema" hakmem-explain-schema.json cat "$scratch/core.json"
    says "$1: ptr" "$core_ptr" "$hakmem" ptr "$2" "$(address $core_address)"
    "$hakmem" stats --json "$2" >"$scratch/core_stats.json"
    "$hakmem" stats --json $process >"$scratch/stats.json" 2>/dev/null
    if [ -s "$scratch/stats.json" ]; then
        [ "$(value "$scratch/core_stats.json" 'd["stats"]')" = "$(value "$scratch/stats.json" 'd["stats"]')" ] &&
            ok "$1: the same counters" || fail "$1: other counters"
    fi
}

# Of the process as it stands.
debuggers_core() { # NAME
    if command -v gcore >/dev/null && gcore -o "$scratch/core" $process >"$scratch/gcore" 2>&1; then
        compare_core "$1" "$scratch/core.$process"
    else
        echo "skip $1"
    fi
}

# Of one more process, whose blocks are guarded as $rate says.
kernels_core() { # NAME
    case $(cat /proc/sys/kernel/core_pattern) in
    '|'* | /*)
        echo "skip $1 (core_pattern)"
        return
        ;;
    esac
    rm -f "$scratch"/core*
    process_before=$process
    cp "$scratch/addresses" "$scratch/addresses_before"
    starts $rate
    stops
    kill -ABRT $process
    kill -CONT $process
    wait $process 2>/dev/null
    core=$(ls "$scratch"/core "$scratch"/core.$process 2>/dev/null | head -1)
    [ -n "$core" ] && compare_core "$1" "$core" || echo "skip $1 (none came)"
    process=$process_before
    mv "$scratch/addresses_before" "$scratch/addresses"
}

debuggers_core "gcore's core file"
if [ -f "$scratch/core.$process" ]; then
    head -c 5000 "$scratch/core.$process" >"$scratch/short"
    fails 'a core file cut short' 1 "no HAKMEM heap\|damaged or cut short\|corrupt" "$hakmem" explain "$scratch/short"
fi
kernels_core "the kernel's core file"
kill -CONT $process

# ---- guarded blocks: the same of them
unguarded=$process
starts 20
if [ -n "$(address guarded)" ] && [ -n "$(address quarantined)" ]; then
    compare_stats 'stats with guarded blocks'
    block="guarded block of $(address guarded_bytes) bytes at 0x[0-9a-f]*"
    ptr_is guarded "^0x[0-9a-f]*: $block, 1 bytes into it: live; made by thread $process\$"
    ptr_is quarantined ": guarded block of $(address quarantined_bytes) bytes at 0x[0-9a-f]*, 1 bytes into it: free, not used again yet; made by thread $process, freed by thread $process\$"
    beside=$(printf '0x%x' $(($(address guarded) - 1 + $(address guarded_bytes) + 7)))
    says 'ptr behind a guarded block' ": 7 bytes behind the end of a $block: live\|: guarded memory: inaccessible" \
        "$hakmem" ptr $process "$beside"
    holds "ptr's JSON of guarded blocks holds its schema" hakmem-ptr-schema.json "$hakmem" ptr --json $process \
        "$(address guarded)" "$(address quarantined)" "$beside"
    "$hakmem" ptr --json $process "$(address guarded)" >"$scratch/guarded.json"
    wanted="[('guarded', $(address guarded_bytes), 1, 'live', $process)]"
    [ "$(value "$scratch/guarded.json" '[(a["what"], a["bytes"], a["offset"], a["state"], a["thread"]) for a in d["addresses"]]')" = "$wanted" ] &&
        ok "ptr's JSON of a guarded block" || fail "ptr's JSON of a guarded block: $(cat "$scratch/guarded.json")"
    rate=20 core_address=guarded core_ptr=': guarded block of [0-9]* bytes at 0x[0-9a-f]*, 1 bytes into it: live'
    stops
    debuggers_core "gcore's core file with guarded blocks"
    kernels_core "the kernel's core file with guarded blocks"
else
    echo 'skip guarded blocks: none of a size that is no class'
fi
kill -9 $process
process=$unguarded

# ---- the server
"$hakmem" stats --listen 127.0.0.1:0 $process 2>"$scratch/served" &
server=$!
processes="$processes $server"
comes grep -q serving "$scratch/served"
url=$(sed -n 's/.*serving //p' "$scratch/served")
fetch() {
    python3 -c '
import sys, urllib.request, urllib.error
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=10)
    print(answer.status, answer.headers["Content-Type"], file=sys.stderr)
    sys.stdout.write(answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, file=sys.stderr)' "$1"
}
fetch "$url" 2>"$scratch/head" | openmetrics && ok 'the server serves OpenMetrics' || fail 'the server serves OpenMetrics'
grep -q '^200 application/openmetrics-text; version=1.0.0' "$scratch/head" && ok 'of its type' || fail 'of its type'
says 'the server knows no other page' '^404' fetch "${url%metrics}other"
kill -TERM $server
wait $server
[ $? -eq 0 ] && ok 'the server ends when it is told to' || fail 'the server ends when it is told to'
fails 'the server refuses other machines' 2 'listen-anywhere' "$hakmem" stats --listen 0.0.0.0:0 $process
fails 'an address that is none' 2 'wants ADDRESS:PORT' "$hakmem" stats --listen 9464 $process
fails 'a port that is none' 2 'wants ADDRESS:PORT' "$hakmem" stats --listen 127.0.0.1:99999 $process

# ---- errors
sleep 60 &
plain=$!
processes="$processes $plain"
for command in explain stats; do
    fails "$command without a process" 2 'wants one process number or core file' "$hakmem" $command
    fails "$command of no process" 1 'there is no process 999999999' "$hakmem" $command 999999999
    fails "$command of a process without HAKMEM" 1 "does not run HAKMEM: start it with 'hakmem run" "$hakmem" $command $plain
    fails "$command of a script" 1 'is no core file' "$hakmem" $command "$0"
    fails "$command of a program" 1 'a program or a library, not a core file' "$hakmem" $command "$probe"
    fails "$command of a directory" 1 'is not a file' "$hakmem" $command "$scratch"
    fails "$command of nothing" 1 'neither a process number nor a core file' "$hakmem" $command "$scratch/none"
done
: >"$scratch/empty"
fails 'an empty file' 1 'the file is empty' "$hakmem" explain "$scratch/empty"
gzip -c "$probe" >"$scratch/packed"
fails 'a compressed core file' 1 'is compressed: unpack it' "$hakmem" explain "$scratch/packed"
fails 'ptr without an address' 2 'and an address' "$hakmem" ptr $process
fails 'ptr of a word' 2 "'word' is no address" "$hakmem" ptr $process word
fails 'stats in two formats' 2 'exclude each other' "$hakmem" stats --json --openmetrics $process
fails 'stats into a directory that is not there' 1 'cannot write' "$hakmem" stats --output "$scratch/none/x" $process
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    fails "another user's process" 1 'belongs to another user (uid 0)' \
        setpriv --reuid=65534 --clear-groups "$hakmem" explain $process
fi

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
