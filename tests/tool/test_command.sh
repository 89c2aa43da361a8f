#!/bin/sh
# test_command.sh [HAKMEM] - the `hakmem` command from outside: help, wrong uses, what `run` hands on,
# the JSON of `bench` and `compare`. It needs libhakmem.so where the command looks
# for it; without an argument, the command is HK_COMMAND.
set -u
hakmem=${1:-${HK_COMMAND:-build/hakmem}}
[ -x "$hakmem" ] || exit 77
. "$(dirname "$0")/outputs.sh"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

expect "--version" 0 "$hakmem" --version
says "--version names itself" out '^hakmem [0-9]*\.[0-9]*\.[0-9]*$'
expect "--help" 0 "$hakmem" --help
for command in run bench compare; do
    says "--help lists $command" out "^  $command "
done
for command in run bench compare; do
    expect "$command --help" 0 "$hakmem" $command --help
    says "$command --help shows its use" out "^usage: hakmem $command"
    expect "$command --help" 0 "$hakmem" $command --help
    expect "$command with a wrong option" 2 "$hakmem" $command --wrong
    one_error_line "$command with a wrong option says one line"
    says "$command names the wrong option" err "'--wrong'"
done
expect "no command" 2 "$hakmem"
one_error_line "no command says one line"
expect "unknown command" 2 "$hakmem" frobnicate
says "unknown command is named" err "'frobnicate'"
expect "unknown option" 2 "$hakmem" --frobnicate
expect "run without a program" 2 "$hakmem" run
expect "run -- without a program" 2 "$hakmem" run --
expect "run -o without a value" 2 "$hakmem" run -o
expect "run -o without NAME" 2 "$hakmem" run -o =1 -- true
expect "bench --runs 0" 2 "$hakmem" bench --runs 0
expect "bench --runs x" 2 "$hakmem" bench --runs x
expect "bench with a stray word" 2 "$hakmem" bench stray
expect "bench --only of nothing" 2 "$hakmem" bench --only frobnicate
says "bench --only names it" err "'frobnicate'"
expect "bench --peer without a path" 2 "$hakmem" bench --only bulk --peer nothing
expect "bench --peer that is missing" 1 "$hakmem" bench --only bulk --no-peers --peer x=/nowhere.so
expect "bench --list" 0 "$hakmem" bench --list
says "bench --list names random_mixed" out '^  random_mixed '
expect "a library that is missing" 125 env HAKMEM_LIB=/nowhere.so "$hakmem" run -- true
says "the missing library is named" err "/nowhere.so"

expect "run hands on status 0" 0 "$hakmem" run -- true
expect "run hands on status 7" 7 "$hakmem" run -- sh -c 'exit 7'
expect "run without --" 3 "$hakmem" run sh -c 'exit 3'
expect "run hands on a signal" 143 sh -c '"$0" run -- sh -c "kill -TERM \$\$"; exit $?' "$hakmem"
expect "run of a missing program" 127 "$hakmem" run -- /nowhere/program
expect "run of a name not in PATH" 127 "$hakmem" run -- no-such-program-at-all
: >"$scratch/plain"
expect "run of what cannot be executed" 126 "$hakmem" run -- "$scratch/plain"
expect "run hands on output" 0 "$hakmem" run -- echo hello
says "output is the program's" out '^hello$'
expect "run sets options" 0 "$hakmem" run --stats -o fc_cap=64 -o HAKMEM_VERBOSE=0 -- env
says "--stats sets HAKMEM_STATS" out '^HAKMEM_STATS=1$'
says "-o fc_cap sets HAKMEM_FC_CAP" out '^HAKMEM_FC_CAP=64$'
says "-o HAKMEM_VERBOSE sets it" out '^HAKMEM_VERBOSE=0$'
says "run preloads HAKMEM" out '^LD_PRELOAD=.*/libhakmem\.so'
expect "run keeps other preloads" 0 env LD_PRELOAD=libm.so.6 "$hakmem" run -- env
says "other preloads come after" out '^LD_PRELOAD=.*/libhakmem\.so[^:]*:libm\.so\.6$'

expect "bench" 0 "$hakmem" bench --only bulk,idle_threads --runs 2 --ops 20000 --no-peers \
    --json "$scratch/bench.json" --html "$scratch/bench.html"
says "bench prints a row" out '^bulk '
says "bench prints the geometric mean" out '^geometric mean'
expect "bench's JSON" 0 python3 -m json.tool "$scratch/bench.json"
says "the JSON is of kind bench" out '"kind": "bench"'
if grep -q "$(printf '\033')" "$scratch/out"; then
    echo "FAIL colours without a terminal"
    failures=$((failures + 1))
fi
expect "bench's page" 0 grep -q '</html>' "$scratch/bench.html"
expect "the page loads nothing" 1 grep -E -q 'https?:|<script|@import|url\(' "$scratch/bench.html"

well_formed() {
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"
}

# A peer whose name asks for escapes: a copy of the library.
library=$("$hakmem" run -- env | sed -n 's/^LD_PRELOAD=\([^:]*\).*/\1/p')
cp "$library" "$scratch/libpeer.so"
expect "bench as a picture and Markdown" 0 "$hakmem" bench --only bulk,random_mixed,idle_threads --runs 1 \
    --ops 20000 --no-peers --peer "a|<b>&\"c=$scratch/libpeer.so" --svg "$scratch/bench.svg" \
    --markdown "$scratch/bench.md"
expect "the picture is well-formed" 0 well_formed "$scratch/bench.svg"
expect "the picture loads nothing" 1 grep -E -q '<script|<image|href|@import|url\(' "$scratch/bench.svg"
for text in 'Speed' 'Peak memory' 'geometric mean' 'bulk' 'random_mixed' 'idle_threads' 'HAKMEM' \
    'a|&lt;b&gt;&amp;&quot;c'; do
    says "the picture has '$text'" bench.svg ">$text</text>"
done
says "the picture says how many runs" bench.svg '; one run each; '
cell='[^|]*[0-9.][kM]* ([0-9.]*×)[* ]*|'
for title in 'Speed' 'Peak memory' 'Page faults' 'Allocators' 'Benchmarks'; do
    says "the Markdown has '$title'" bench.md "^## $title\$"
done
says "Markdown's head" bench.md '^| | HAKMEM | system | a\\|\\<b\\>\\&"c |$'
says "Markdown's row of speed" bench.md "^| bulk |$cell$cell$cell\$"
says "Markdown's row of memory" bench.md '^| idle_threads | .*KiB ([0-9.]*×)'
says "Markdown's row of means" bench.md '^| geometric mean | .*[0-9]×'
says "Markdown's row of an allocator" bench.md '^| HAKMEM | [0-9.]* | .*libhakmem\.so'
says "Markdown says the command" bench.md "^    hakmem bench --only bulk,.* --peer 'a|<b>&\"c=.*' --svg "
expect "a picture that cannot be written" 1 "$hakmem" bench --only bulk --runs 1 --ops 1000 --no-peers \
    --svg /nowhere/x --markdown "$scratch/after.md"
one_error_line "a picture that cannot be written says one line"
expect "the file after it is written" 0 test -s "$scratch/after.md"

expect "bench --memory" 0 "$hakmem" bench --memory --quick --only return_large,bounded_producers --no-peers \
    --json "$scratch/memory.json" --html "$scratch/memory.html" --svg "$scratch/memory.svg" \
    --markdown "$scratch/memory.md"
for text in '^Peak memory' '^Memory after the frees' '^Memory after a while' '^return_large ' \
    "^HAKMEM's peaks are .*; after a while it holds"; do
    says "bench --memory prints '$text'" out "$text"
done
expect "its JSON" 0 python3 -c 'import json, sys
root = json.load(open(sys.argv[1]))
assert root["kind"] == "memory"
for row in root["benchmarks"]:
    for result in row["results"]:
        assert result["peak_rss_bytes"]["median"] > 90 << 20, result
        assert max(point[1] for point in result["rss_over_time"]) > 0, result # seen from outside, now and then
        assert ("rss_after_idle_bytes" in result) == (row["name"] == "return_large"), result' \
    "$scratch/memory.json"
expect "its page has a plot for each" 0 test "$(grep -c 'aria-label="memory over time"' "$scratch/memory.html")" -eq 2
expect "its page loads nothing" 1 grep -E -q 'https?:|<script|@import|url\(' "$scratch/memory.html"
expect "its picture is well-formed" 0 well_formed "$scratch/memory.svg"
expect "its picture has a line for each allocator and plot" 0 \
    test "$(grep -c '<polyline' "$scratch/memory.svg")" -eq 4
for title in 'Peak memory' 'After the frees' 'After a while'; do
    says "its Markdown has '$title'" memory.md "^## $title\$"
done
expect "bench --memory --list" 0 "$hakmem" bench --memory --list
says "it names return_random" out '^  return_random '
expect "bench --memory --ops" 2 "$hakmem" bench --memory --ops 3
expect "a benchmark of memory without --memory" 2 "$hakmem" bench --only peak_gcc
says "it says what to do" err "'peak_gcc' is measured only with --memory"
expect "another with --memory" 2 "$hakmem" bench --memory --only bulk

expect "compare" 0 "$hakmem" compare --runs 6 --no-peers --json "$scratch/compare.json" \
    --html "$scratch/compare.html" -- sh -c 'sleep 0.05'
says "compare prints a sentence" out "^HAKMEM.*fastest peer"
expect "compare's JSON" 0 python3 -m json.tool "$scratch/compare.json"
says "the JSON has curves" out '"rss_over_time"'
expect "compare's page" 0 grep -q '</html>' "$scratch/compare.html"
expect "compare of a failing program" 1 "$hakmem" compare --runs 1 --no-peers -- sh -c 'exit 5'
says "compare says who failed" out 'failed under HAKMEM: exit status 5'
expect "compare of a missing program" 127 "$hakmem" compare --runs 1 --no-peers -- /nowhere
expect "a file that cannot be written" 1 "$hakmem" compare --runs 1 --no-peers --json /nowhere/x \
    -- true

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
