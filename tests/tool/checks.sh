# checks.sh - what the tests of the command share; sourced. Each check prints a line; `failures` counts.
failures=0

ok() { echo "ok   $1"; }
fail() {
    echo "FAIL $1"
    failures=$((failures + 1))
}
