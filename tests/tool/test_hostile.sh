#!/bin/sh
# test_hostile.sh - the image reader never crashes on core files with bytes changed, under the address and
# undefined behaviour sanitizers where the compiler has them.
set -u
build=${HK_BUILD_DIR:?}
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$build/tests/fuzz_replay_reader" ] || exit 77
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
if ! sh "$here/../fuzz/make_corpus.sh" "$build" "$scratch" 2>"$scratch/error"; then
    cat "$scratch/error"
    grep -q -e ptrace -e SYS_PTRACE "$scratch/error" && exit 77
    exit 1
fi
ls -l "$scratch"
"$build/tests/fuzz_replay_reader" 1500 "$scratch/small.core" && "$build/tests/fuzz_replay_reader" 500 "$scratch/large.core"
