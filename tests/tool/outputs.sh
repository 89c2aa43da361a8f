# outputs.sh - checks of a command whose output and errors are kept in $scratch/out and $scratch/err; sourced.
. "$(dirname "$0")/checks.sh"

# expect NAME STATUS COMMAND…: the command ends with this status; its output is kept in $scratch.
expect() {
    name=$1 wanted=$2
    shift 2
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    got=$?
    if [ "$got" -ne "$wanted" ]; then
        fail "$name: status $got, not $wanted"
        cat "$scratch/err"
    else
        ok "$name"
    fi
}

# says NAME FILE PATTERN: what was kept has a line that matches.
says() {
    if grep -q -e "$3" "$scratch/$2"; then
        ok "$1"
    else
        fail "$1: no '$3' in:"
        head -c 2000 "$scratch/$2"
    fi
}

one_error_line() {
    if [ "$(wc -l <"$scratch/err")" -eq 1 ]; then
        ok "$1"
    else
        fail "$1: not one line:"
        cat "$scratch/err"
    fi
}
