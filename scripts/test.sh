#!/bin/sh
# Everything that must hold before a change lands: the checks, the tests of the release build, and
# those of the builds that look harder. ctest's summary of the release build comes last; the exit
# status covers all of it. WERROR=ON makes warnings errors. Some ten minutes; what has not ended
# after LIMIT_MINUTES=80 has failed.
cd "$(dirname "$0")/.." || exit 1
export WERROR="${WERROR:-OFF}" CTEST_OUTPUT_ON_FAILURE=1
failed=
latest=$(($(date +%s) + ${LIMIT_MINUTES:-80} * 60))

left() { # the seconds until then, 1 at least
    seconds=$((latest - $(date +%s)))
    echo $((seconds > 0 ? seconds : 1))
}

stage() { # NAME COMMAND...
    name=$1 began=$(date +%s)
    shift
    echo "== $name"
    if timeout "$(left)" "$@"; then
        echo "== $name: ok, $(($(date +%s) - began)) s"
    else
        echo "== $name: FAILED, $(($(date +%s) - began)) s"
        failed="$failed $name"
    fi
}

stage setup scripts/setup.sh
stage build make -s tests CMAKE_ARGS="-DHAKMEM_WERROR=$WERROR"
[ -z "$failed" ] || exit 1
stage check make -s check
stage torture make -s torture
stage asan make -s asan
stage tsan make -s tsan
stage model make -s model
stage fuzz env FUZZ_SECONDS=15 tests/fuzz/run.sh
[ -z "$failed" ] || echo "failed so far:$failed"

(cd build && timeout "$(left)" ctest -j"$(nproc)") || exit 1
[ -z "$failed" ]
