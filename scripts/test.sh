#!/bin/sh
# Everything that must hold before a change lands: the checks, the tests of the release build, and
# those of the builds that look harder. ctest's summary of the release build comes last; the exit
# status covers all of it. WERROR=ON makes warnings errors.
cd "$(dirname "$0")/.." || exit 1
export WERROR="${WERROR:-OFF}" CTEST_OUTPUT_ON_FAILURE=1
failed=

stage() { # NAME SECONDS COMMAND...
    name=$1 seconds=$2 began=$(date +%s)
    shift 2
    echo "== $name"
    if timeout "$seconds" "$@"; then
        echo "== $name: ok, $(($(date +%s) - began)) s"
    else
        echo "== $name: FAILED, $(($(date +%s) - began)) s"
        failed="$failed $name"
    fi
}

stage setup 600 scripts/setup.sh
stage build 600 make -s tests CMAKE_ARGS="-DHAKMEM_WERROR=$WERROR"
[ -z "$failed" ] || exit 1
stage check 120 make -s check
stage torture 900 make -s torture
stage asan 600 make -s asan
stage tsan 600 make -s tsan
stage model 600 make -s model
stage fuzz 600 env FUZZ_SECONDS=15 tests/fuzz/run.sh
[ -z "$failed" ] || echo "failed so far:$failed"

(cd build && timeout 1200 ctest -j"$(nproc)") || exit 1
[ -z "$failed" ]
