#!/bin/sh
# run.sh [SECONDS] - fuzzes each target with libFuzzer for so long, a minute unless told otherwise: the image
# reader, the parser of options, and histories of calls, these with the constants of the release and of the
# torture build. What is found new is kept in build/fuzz/NAME, beside tests/fuzz/corpus/NAME; the input of a
# failure is named in the output, and the target run on that file fails again. Needs clang, else does nothing.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-${FUZZ_SECONDS:-60}}
build=${HK_BUILD_DIR:-build}
has_libfuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
}
has_libfuzzer || { echo 'fuzz: skipped (no clang, or it has no libFuzzer)'; exit 0; }
for variant in fuzz fuzz-torture; do
    cmake --preset $variant >"build-$variant.log" 2>&1 && cmake --build build-$variant >>"build-$variant.log" 2>&1 ||
        { cat "build-$variant.log"; exit 1; }
    rm -f "build-$variant.log"
done

fuzz() { # VARIANT NAME OPTION…
    variant=$1 name=$2
    shift 2
    corpus=$build/fuzz/$name
    kept=tests/fuzz/corpus/$name
    mkdir -p "$corpus"
    [ -d "$kept" ] || kept=
    echo "== $variant: $name, $seconds s"
    ASAN_OPTIONS=detect_leaks=0 "build-$variant/tests/fuzz_$name" -max_total_time="$seconds" -verbosity=0 \
        -print_final_stats=1 -timeout=30 -artifact_prefix="$build/fuzz/$name-" "$@" "$corpus" ${kept:+"$kept"}
}

fuzz fuzz options -max_len=1000
fuzz fuzz history -max_len=4000
fuzz fuzz-torture history -max_len=4000
# The reader starts from core files of two programs, which need a built library, and rights to read them.
if [ -x "$build/tests/fuzz_make_core" ]; then
    mkdir -p "$build/fuzz/reader"
    if sh tests/fuzz/make_corpus.sh "$build" "$build/fuzz/reader"; then
        fuzz fuzz reader -max_len=2000000 -rss_limit_mb=12000
    else
        echo 'fuzz: reader skipped (no core files could be made)'
    fi
else
    echo "fuzz: reader skipped ($build/ has no fuzz_make_core: run make first)"
fi
