# checks.sh - what the tests of the command share; sourced. Each check prints a line; `failures` counts.
failures=0

ok() { echo "ok   $1"; }
fail() {
    echo "FAIL $1"
    failures=$((failures + 1))
}

# comes COMMAND...: waits until it succeeds, for a minute at most.
comes() {
    for attempt in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    return 1
}
