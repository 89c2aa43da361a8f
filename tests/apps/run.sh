#!/bin/sh
# Real programs with libhakmem.so preloaded, each a short run with a right answer, which is in most
# cases the same program's answer without it.
#
#     run.sh --list [quick]    the names, or those of the runs that take a few seconds
#     run.sh NAME...           these, or with no name all; with HAKMEM_LIB set
#     run.sh LIB [NAME...]     likewise
#
# A run is a function app_NAME in one of the group files beside this one, which use this file's
# functions. HAKMEM's options in the environment reach the programs: HAKMEM_GUARD_RATE=100 run.sh.
# The last line counts what ran, was skipped and failed.
# Exit status: 0 all well, 77 one name only and it is not installed, 1 otherwise.
# The runs are called by name, and programs in quotes are for other interpreters:
# shellcheck disable=SC2317,SC2016
set -u
here=$(cd "$(dirname "$0")" && pwd)
groups="interpreters servers compilers tools"
seconds=600 # that a command has

# Runs that take longer than every change's tests have time for.
long="python_tests postgresql gcc_lto_tree clang_tree java"

# --- what the runs use ----------------------------------------------------------------------------

fail() {
    echo "$*" >&2
    exit 1
}

skip() {
    echo "skipped $app: not installed: $*"
    exit 77
}

# The programs that a run needs.
need() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || skip "$program"
    done
}

preloaded() {
    env "LD_PRELOAD=$library" timeout -k 5 "$seconds" "$@"
}

plain() {
    env -u LD_PRELOAD timeout -k 5 "$seconds" "$@"
}

# What HAKMEM says in FILE..., but for options that a build does not know: fails when there is none.
complained() {
    grep '^hakmem:' "$@" | grep -v 'there is no such option'
}

# Runs a command both ways: status and output must be the same, and the output not empty.
same() {
    plain "$@" >"$work/plain.out" 2>"$work/plain.err" </dev/null
    plain_status=$?
    preloaded "$@" >"$work/preloaded.out" 2>"$work/preloaded.err" </dev/null
    preloaded_status=$?
    if [ "$preloaded_status" -ne "$plain_status" ]; then
        tail -n 20 "$work/preloaded.out" "$work/preloaded.err" >&2
        fail "$*: ended with $preloaded_status, without HAKMEM $plain_status"
    fi
    [ -s "$work/plain.out" ] || { cat "$work/plain.err"; fail "$*: no output"; }
    cmp -s "$work/plain.out" "$work/preloaded.out" || {
        diff "$work/plain.out" "$work/preloaded.out" | head -n 20 >&2
        fail "$*: other output"
    }
    complained "$work/preloaded.err" && fail "$*: HAKMEM complained"
    return 0
}

# Runs a command with HAKMEM; its output must have a line that matches.
says() {
    pattern=$1
    shift
    preloaded "$@" >"$work/says.out" 2>&1 </dev/null
    says_status=$?
    if [ "$says_status" -ne 0 ] || ! grep -Eq "$pattern" "$work/says.out"; then
        tail -n 20 "$work/says.out" >&2
        fail "$*: ended with $says_status, expected: $pattern"
    fi
}

text_of() { # text_of LINES: some text, the same each time
    awk -v lines="$1" 'BEGIN { srand(7); for (i = 0; i < lines; i++)
        printf "%d %s line %08d of the text\n", rand() * 100000, substr("abcdefghijklmnop", 1 + i % 9, 5), i }'
}

# start HOW LOG COMMAND...: a server, run as HOW (plain, preloaded), that ends with this run at the
# latest; $server is its process, which passes signals on.
servers=
start() {
    how=$1 log=$2
    shift 2
    preload=
    [ "$how" = plain ] || preload=$library
    env "LD_PRELOAD=$preload" timeout -k 5 "$seconds" "$@" >"$log" 2>&1 </dev/null &
    server=$!
    servers="$servers $server"
}

# stop SIGNAL: ends the server; its status must be 0, and HAKMEM silent in $log.
stop() {
    kill -s "$1" "$server" 2>/dev/null
    wait "$server"
    server_status=$?
    [ "$server_status" -eq 0 ] || { tail "$log" >&2; fail "the server ended with $server_status"; }
    complained "$log" && fail "HAKMEM complained"
    return 0
}

# await COMMAND...: until it succeeds, in 20 s.
await() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { tail -n 20 "$log" >&2; fail "waited in vain for: $*"; }
        sleep 0.1
    done
}

end_servers() {
    for process in $servers; do
        kill -s INT "$process" 2>/dev/null || continue
        wait "$process" 2>/dev/null
    done
}

for group in $groups; do
    # shellcheck source=/dev/null
    . "$here/$group.sh"
done

# --- running them ---------------------------------------------------------------------------------

list() { # list [quick]
    for group in $groups; do
        sed -n 's/^app_\([a-z0-9_]*\)() {.*/\1/p' "$here/$group.sh"
    done | if [ "${1:-}" = quick ]; then
        grep -vxF "$(echo "$long" | tr ' ' '\n')"
    else
        cat
    fi
}

run_one() (
    app=$1
    work=$(mktemp -d)
    trap 'end_servers; rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    LC_ALL=C.UTF-8
    export LC_ALL
    preloaded grep -q "$(basename "$library")" /proc/self/maps || fail "$library cannot be preloaded"
    "app_$app"
)

if [ "${1:-}" = --list ]; then
    list "${2:-}"
    exit
fi
case ${1:-} in
*/* | *.so)
    HAKMEM_LIB=$1
    shift
    ;;
esac
library=$(realpath -e "${HAKMEM_LIB:-}") || { echo "HAKMEM_LIB must be the path of libhakmem.so" >&2; exit 1; }
unset HAKMEM_LIB
# shellcheck disable=SC2046 # a name is one word
[ $# -gt 0 ] || set -- $(list)
names=$# ran=0 skipped=0 failed=0
for name in "$@"; do
    list | grep -qx "$name" || { echo "no such program: $name (run.sh --list)" >&2; exit 1; }
    began=$(date +%s)
    run_one "$name"
    case $? in
    0)
        ran=$((ran + 1))
        echo "ok      $name ($(($(date +%s) - began)) s)"
        ;;
    77)
        skipped=$((skipped + 1))
        [ "$names" -gt 1 ] || exit 77
        ;;
    *)
        failed=$((failed + 1))
        echo "FAILED  $name ($(($(date +%s) - began)) s)"
        ;;
    esac
done
echo "$ran ran, $skipped skipped, $failed failed"
exit $((failed > 0))
