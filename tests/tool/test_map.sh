#!/bin/sh
# test_map.sh [HAKMEM] - `hakmem map`, `run --report`, `run --limit` and `bench --seed-report` from outside:
# wrong uses, what is written, and that a watched program ends as it would alone.
set -u
hakmem=${1:-${HK_COMMAND:-build/hakmem}}
[ -x "$hakmem" ] || exit 77
. "$(dirname "$0")/outputs.sh"
scratch=$(mktemp -d) || exit 1
started=
trap '[ -z "$started" ] || kill -9 "$started" 2>/dev/null; rm -rf "$scratch"' EXIT

well_formed() {
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"
}

# wrong NAME COMMAND…: a wrong use: status 2, and one line that says so.
wrong() {
    name=$1
    shift
    expect "$name" 2 "$@"
    one_error_line "$name says one line"
}

wrong "map without a target" "$hakmem" map --html "$scratch/x.html"
wrong "map of two targets" "$hakmem" map 1 2 --html "$scratch/x.html"
wrong "map without a file to write" "$hakmem" map 1
wrong "map --by nothing known" "$hakmem" map 1 --svg "$scratch/x.svg" --by colour
wrong "map --by age without a recording" "$hakmem" map 1 --svg "$scratch/x.svg" --by age
wrong "map --every of no time" "$hakmem" map 1 --svg "$scratch/x.svg" --every often
wrong "map --every too often" "$hakmem" map 1 --svg "$scratch/x.svg" --every 1ms
wrong "map --for of no time" "$hakmem" map 1 --svg "$scratch/x.svg" --for ever
wrong "map --detail of no size" "$hakmem" map 1 --html "$scratch/x.html" --detail much
wrong "run --limit of no size" "$hakmem" run --limit much -- true
wrong "bench --seed-report with --only" "$hakmem" bench --seed-report --only bulk
expect "map of a process that is none" 1 "$hakmem" map 999999999 --svg "$scratch/x.svg"
one_error_line "it says one line"
expect "map of a process without HAKMEM" 1 "$hakmem" map $$ --svg "$scratch/x.svg"
one_error_line "that says one line too"

"$hakmem" run -- sleep 1000 &
started=$!
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$hakmem" map $started --svg "$scratch/map.svg" 2>/dev/null && break
    sleep 0.1
done
expect "map as a picture" 0 "$hakmem" map $started --svg "$scratch/map.svg" --by class
expect "the picture is well-formed" 0 well_formed "$scratch/map.svg"
says "the picture has its title" map.svg '<title>Heap of sleep</title>'
expect "the picture loads nothing" 1 grep -E -q '<script|<image|href|@import|url\(' "$scratch/map.svg"
expect "options before the target" 0 "$hakmem" map --svg "$scratch/map2.svg" --by owner $started
expect "a picture that cannot be written" 1 "$hakmem" map $started --svg /nowhere/x.svg
one_error_line "which says one line"
if "$hakmem" map $started --png "$scratch/map.png" 2>"$scratch/err"; then
    expect "a PNG is one" 0 sh -c 'head -c 8 "$0" | grep -q PNG' "$scratch/map.png"
else
    one_error_line "a PNG that cannot be drawn says one line"
    says "and what it needs" err 'cairo'
fi
pages=yes
if "$hakmem" map $started --html "$scratch/map.html" 2>"$scratch/err"; then
    expect "the page is whole" 0 grep -q '</html>' "$scratch/map.html"
    says "the page has its title" map.html '<title>Heap of sleep</title>'
    expect "the page has its data" 1 grep -q '@HAKMEM' "$scratch/map.html"
    expect "the page loads nothing" 1 grep -E -q '(src|href)="?(https?:|//)|@import|url\(' "$scratch/map.html"
    kill -STOP $started
    expect "map of a stopped process" 0 "$hakmem" map $started --html "$scratch/stopped.html"
    kill -CONT $started
    expect "map over a while" 0 "$hakmem" map $started --html "$scratch/map.html" --every 50ms --for 200ms
else
    pages=
    one_error_line "without pages, map --html says one line"
    says "and what to do" err 'this build has no pages: '
fi
kill $started
wait $started 2>/dev/null
started=

expect "--limit is an option of the allocator" 0 "$hakmem" run --limit 1536k -- env
says "in whole MiB, rounded up" out '^HAKMEM_HARD_LIMIT=2M$'
expect "--check, --secure and --thrift are options of the allocator" 0 "$hakmem" run --check --secure --thrift -- env
says "--check" out "^HAKMEM_CHECK=1$"
says "--secure" out "^HAKMEM_SECURE=1$"
says "--thrift" out "^HAKMEM_THRIFT=always$"

if [ "$pages" ]; then
    page=$scratch/run.html
    expect "run --report of a program that ends well" 0 "$hakmem" run --report "$page" -- sleep 0.3
    expect "its page is whole" 0 grep -q '</html>' "$page"
    expect "run --report hands on status 7" 7 "$hakmem" run --report "$page" -- sh -c 'exit 7'
    expect "run --report hands on a signal" 143 sh -c '"$0" run --report "$1" -- sh -c "kill -TERM \$\$"; exit $?' \
        "$hakmem" "$page"
    expect "run --report hands on input and output" 0 sh -c 'echo hello | "$0" run --report "$1" -- cat' \
        "$hakmem" "$page"
    says "as it is" out '^hello$'
    expect "run --report of a missing program" 127 "$hakmem" run --report "$page" -- /nowhere/program
    : >"$scratch/plain"
    expect "run --report of what cannot be executed" 126 "$hakmem" run --report "$page" -- "$scratch/plain"
    expect "a page that cannot be written" 7 "$hakmem" run --report /nowhere/x -- sh -c 'exit 7'
    one_error_line "does not change the status, and says one line"

    "$hakmem" run --report "$page" -- sh -c 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done' \
        >"$scratch/ready" &
    started=$!
    while ! grep -q ready "$scratch/ready"; do sleep 0.05; done
    kill -USR1 $started
    wait $started
    got=$?
    started=
    expect "run --report hands signals on to the program" 9 sh -c "exit $got"

    "$hakmem" run --report "$page" -- sh -c 'echo $$ >"$0"; sleep 0.5; exit 4' "$scratch/program" &
    started=$!
    while ! [ -s "$scratch/program" ]; do sleep 0.05; done
    kill -STOP "$(cat "$scratch/program")"
    state=
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        state=$(sed 's/.*) //; s/ .*//' /proc/$started/stat)
        [ "$state" = T ] && break
        sleep 0.1
    done
    expect "run --report stops when the program does" 0 [ "$state" = T ]
    kill -CONT $started
    wait $started
    got=$?
    started=
    expect "and goes on with it" 4 sh -c "exit $got"

    expect "bench --seed-report" 0 "$hakmem" bench --seed-report --runs 1 --ops 20000 --no-peers \
        --html "$scratch/seed.html" --markdown "$scratch/seed.md"
    expect "its page is whole" 0 grep -q '</html>' "$scratch/seed.html"
else
    expect "run --report without pages" 125 "$hakmem" run --report "$scratch/x.html" -- true
    expect "bench --seed-report" 0 "$hakmem" bench --seed-report --runs 1 --ops 20000 --no-peers \
        --markdown "$scratch/seed.md"
fi
for title in 'Throughput' 'System calls in the loop' 'Hardware counters' 'Page faults and memory' \
    'Hit rates of HAKMEM' 'What costs most'; do
    says "the seed report has '$title'" seed.md "^## $title\$"
done
says "the seed report has a row for HAKMEM" seed.md '^| HAKMEM | [0-9]* |'
says "and one of its FastCache" seed.md '^| FastCache | [0-9.]* % | [0-9]* mallocs |$'

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
