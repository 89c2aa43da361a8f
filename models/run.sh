#!/bin/sh
# run.sh [MODEL...] - verifies each model in each of its scenarios, exhaustively, and that each of
# its mutations is caught. Both are found in the model by name: SCENARIO_..., MUTATE_....
# Exit status: 0 all as expected, 1 a surprise, 77 skipped.
set -u

command -v spin >/dev/null || { echo "skip: spin is not installed"; exit 77; }

models=$(cd "$(dirname "$0")" && pwd)
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
        timeout 120 ./pan -n -E -w24 -m100000 >report 2>&1
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

named()
{
    grep -oE "${2}_[A-Z_]+" "$models/$1.pml" | sort -u
}

for model in ${*:-remote_free park_adopt depot}; do
    expect_holds "$model"
    for scenario in $(named "$model" SCENARIO); do
        expect_holds "$model" "$scenario"
    done
    for mutation in $(named "$model" MUTATE); do
        expect_fails "$model" "$mutation"
    done
done

echo "$pass as expected, $surprises surprises"
[ "$surprises" = 0 ]
