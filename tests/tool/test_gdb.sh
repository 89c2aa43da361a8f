#!/bin/sh
# test_gdb.sh - the extension of gdb: of a process and of a core file it says what `hakmem ptr` says. Left
# out where gdb, or Python in it, is missing.
set -u
hakmem=${1:-${HK_COMMAND:?}}
library=${HAKMEM_LIB:?}
probe=${HK_BUILD_DIR:?}/tests/reader_probe
script=${HK_BUILD_DIR:?}/hakmem-gdb.py
[ -x "$probe" ] && [ -f "$script" ] && [ -z "${HK_EMULATOR:-}" ] || exit 77
command -v gdb >/dev/null && gdb -nx -batch -ex 'python print("yes")' 2>/dev/null | grep -q yes || exit 77
. "$(dirname "$0")/checks.sh"
scratch=$(mktemp -d) || exit 1
HAKMEM_SCAVENGER=0 LD_PRELOAD=$library "$probe" >"$scratch/addresses" &
process=$!
trap 'kill -9 $process 2>/dev/null; rm -rf "$scratch"' EXIT
comes grep -q ready "$scratch/addresses"
address() { awk -v name="$1" '$1 == name { print $2 }' "$scratch/addresses"; }

# says NAME PATTERN: the last run's output has a line that matches.
says() {
    if grep -q -e "$2" "$scratch/said"; then
        ok "$1"
    else
        fail "$1: no '$2' in:"
        tail -15 "$scratch/said"
    fi
}

# examine TARGET…: runs all commands in gdb on it, to $scratch/said.
examine() {
    set -- "$@" -x "$script" -ex 'hakmem heap'
    for name in live inside cached run huge published of_thread static stack null; do
        set -- "$@" -ex "echo [$name]" -ex "hakmem ptr $(address $name)"
    done
    set -- "$@" -ex "hakmem slab $(address live)" -ex 'hakmem ptr' -ex "hakmem slab $(address static)" -ex 'hakmem heap x'
    gdb -nx -q -batch "$@" >"$scratch/said" 2>&1
}

# all_said WHERE: what is to be expected of the probe's blocks.
all_said() {
    says "$1: the heap's classes" '^ *class  *slabs  *live'
    says "$1: the large blocks" '^runs .*, huge blocks .* MiB'
    says "$1: the heaps" '^heap 1 (a thread): '
    says "$1: live" '\[live\] *0x[0-9a-f]*: block of 1024 bytes at 0x[0-9a-f]*, 0 bytes into it: live$'
    says "$1: inside" '\[inside\] *.*, 100 bytes into it: live$'
    says "$1: cached" '\[cached\] *.*: block of 5120 bytes .*: cached, in the FastCache of heap 1$'
    says "$1: run" '\[run\] *.*: run of 256.00 KiB at .*, 70000 bytes into it: live$'
    says "$1: huge" '\[huge\] *.*: huge block of 4.*MiB at .*, 2097157 bytes into it: live$'
    says "$1: published" '\[published\] *.*: block of 640 bytes .*: \(published\|cached, in \)'
    says "$1: of a thread" '\[of_thread\] *.*: block of 96 bytes .*: live$'
    says "$1: static" "\[static\] *.*: not HAKMEM's"
    says "$1: stack" "\[stack\] *.*: not HAKMEM's"
    says "$1: null" "\[null\] *.*: not HAKMEM's"
    says "$1: a slab" '^slab of 1024-byte blocks at '
    says "$1: its map" '^  0x[0-9a-f]*  [#.pc][#.pc]*$'
    says "$1: no address" 'hakmem ptr wants an address'
    says "$1: no slab" 'lies in no slab'
    says "$1: heap wants nothing" 'hakmem heap wants nothing after it'
}

examine -p $process
if grep -q 'ptrace: \|not permitted' "$scratch/said"; then
    cat "$scratch/said"
    exit 77
fi
all_said 'a process'

# The same classes as `hakmem explain` counts, block by block.
if [ -x "$hakmem" ]; then
    "$hakmem" explain --once --json $process | python3 -c '
import json, sys
for c in json.load(sys.stdin)["classes"]:
    print(c["block_bytes"], c["slabs"], c["live_blocks"], c["free_blocks"], c["published_blocks"], c["cached_blocks"])
' | sort -n >"$scratch/outside"
    awk '/^ *[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ / { print $1, $2, $3, $4, $5, $6 }' "$scratch/said" |
        sort -n >"$scratch/inside"
    if diff "$scratch/outside" "$scratch/inside" >"$scratch/differences"; then
        ok 'the heap is as hakmem explain counts it'
    else
        fail 'the heap is as hakmem explain counts it:'
        head "$scratch/differences"
    fi
fi

if command -v gcore >/dev/null && gcore -o "$scratch/core" $process >/dev/null 2>&1; then
    examine "$probe" "$scratch/core.$process"
    all_said 'a core file'
fi
sleep 100 &
other=$!
gdb -nx -q -batch -p $other -x "$script" -ex 'hakmem heap' >"$scratch/said" 2>&1
says 'a process without HAKMEM' "HAKMEM's image was not found"
kill $other
gdb -nx -q -batch -x "$script" -ex 'hakmem heap' >"$scratch/said" 2>&1
says 'no process' 'there is no process and no core file'

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
