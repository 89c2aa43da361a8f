#!/bin/sh
# run.sh [MODEL...] - verifies each model in each of its scenarios, exhaustively, and that each of
# its mutations is caught. Both are found in the model by name: SCENARIO_..., MUTATE_....
#
# NAME.pml is a model for spin. genmc/NAME.c is a program that runs the allocator's own code under
# GenMC, a checker of the C11 memory model, where one is installed ($GENMC, or genmc on the PATH);
# its mutations are the memory orders of the source it includes, each half weakened in turn.
# Several models are verified at once, one on each processor, and reported when each is done.
# Exit status: 0 all as expected, 1 a surprise, 77 skipped.
set -u

models=$(cd "$(dirname "$0")" && pwd)
source=$models/../src
genmc=${GENMC:-$(command -v genmc)}
command -v spin >/dev/null || { echo "skip: spin is not installed"; spin=missing; }
[ -z "${spin:-}" ] || [ -n "$genmc" ] || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

pass=0
surprises=0

# verify MODEL [DEFINE]: leaves pan's report in ./report. Invalid end states are not looked for
# (-E): a model's init waits until nothing can move, and asserts that all came to their ends.
verify()
{
    rm -f pan* *.trail *.out
    : >report
    spin -a ${2:+"-D$2"} "$models/$1.pml" >spin.out 2>&1 &&
        ${CC:-cc} -O1 -w -DSAFETY -DMEMLIM=2048 -o pan pan.c >cc.out 2>&1 &&
        timeout 1200 ./pan -n -E -w24 -m100000 >report 2>&1
}

# figure NAME: a number of the report.
figure()
{
    case $1 in
    errors) sed -n 's/.*errors: \([0-9]*\)$/\1/p' report ;;
    states) sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' report ;;
    seconds) sed -n 's/.*elapsed time \([0-9.e-]*\) seconds/\1/p' report ;;
    esac
}

surprise()
{
    echo "FAILED $1"
    cat spin.out cc.out report 2>/dev/null | grep -v '^$' | head -20
    surprises=$((surprises + 1))
}

expect_holds()
{
    verify "$1" "${2:-}"
    if [ "$(figure errors)" = 0 ] && ! grep -q -e 'not completed' -e 'too small' report; then
        echo "ok $1${2:+ $2} ($(figure states) states, $(figure seconds) s)"
        pass=$((pass + 1))
    else
        surprise "$1${2:+ $2}"
    fi
}

expect_fails()
{
    verify "$1" "$2"
    if [ "$(figure errors)" = 1 ] && grep -q 'assertion violated [^-]' report; then
        echo "ok $1 $2 fails as it must"
        pass=$((pass + 1))
    else
        surprise "$1 $2 is not caught"
    fi
}

# named FILE KIND: the scenarios or mutations that a file names.
named()
{
    grep -oE "${2}_[A-Z_]+" "$models/$1" | sort -u
}

run_spin()
{
    expect_holds "$1"
    for scenario in $(named "$1.pml" SCENARIO); do
        expect_holds "$1" "$scenario"
    done
    for mutation in $(named "$1.pml" MUTATE); do
        expect_fails "$1" "$mutation"
    done
}

# check PROGRAM MEMORY_MODEL [DEFINE...]: leaves genmc's report in ./report.
check()
{
    program=$models/$1.c memory_model=$2
    shift 2
    timeout 1200 "$genmc" "--$memory_model" --disable-estimation -- -std=gnu17 -D_GNU_SOURCE \
        -Dstatic_assert=_Static_assert "-I$source" "-I$source/../include" "$@" "$program" >report 2>&1
}

# The memory orders that the sources a program includes define, and what each can be weakened to: lines of
# "MACRO ORDER".
weaker_orders()
{
    for included in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$models/$1.c"); do
        sed -n 's/^#define \([A-Z]*_ORDER_[A-Z_]*\) memory_order_\([a-z_]*\)$/\1 \2/p' "$source/$included"
    done | while read -r macro order; do
        case $order in
        acq_rel) echo "$macro acquire"; echo "$macro release" ;;
        acquire | release) echo "$macro relaxed" ;;
        esac
    done
}

expect_weaker_fails() # PROGRAM SCENARIOS MACRO ORDER
{
    for define in $2; do
        check "$1" rc11 "-D$define" "-D$3=memory_order_$4"
        if grep -q -e '^Error: Non-atomic race' -e '^Error: Safety violation' report; then
            echo "ok $1 $3=$4 fails as it must"
            pass=$((pass + 1))
            return
        fi
    done
    surprise "$1 $3=$4 is not caught"
}

run_genmc()
{
    scenarios="PLAIN $(named "$1.c" SCENARIO)"
    for define in $scenarios; do
        for memory_model in rc11 imm; do
            check "$1" "$memory_model" "-D$define"
            if grep -q 'No errors were detected' report; then
                echo "ok $1 $define $memory_model ($(sed -n 's/.*executions explored: //p' report) executions)"
                pass=$((pass + 1))
            else
                surprise "$1 $define $memory_model"
            fi
        done
    done
    weaker_orders "$1" >weaker
    while read -r macro order; do
        expect_weaker_fails "$1" "$scenarios" "$macro" "$order"
    done <weaker
}

if [ $# -ne 1 ]; then
    # The largest first: they take longest.
    all=$(cd "$models" && ls -S -- *.pml genmc/*.c)
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\n' ${*:-$all} | xargs -P "$(nproc)" -I MODEL \
        sh -c 'log=$(mktemp "$0/log.XXXXXX") && { "$1" "$2" >"$log" 2>&1 || touch "$0/surprise"; cat "$log"; }' \
        "$work" "$models/run.sh" MODEL
    [ ! -e surprise ]
    exit
fi

model=${1%.*}
case $model in
genmc/*) if [ -n "$genmc" ]; then run_genmc "$model"; else echo "skip: genmc is not installed"; fi ;;
*) [ -n "${spin:-}" ] || run_spin "$model" ;;
esac
echo "$model: $pass as expected, $surprises surprises"
[ "$surprises" = 0 ]
