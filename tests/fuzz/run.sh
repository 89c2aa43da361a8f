#!/bin/sh
# run.sh [SECONDS] - fuzzes the image reader with libFuzzer, for a minute unless told otherwise. The
# corpus is kept in build/fuzz/; it starts from core files of a small program. Needs clang.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-${FUZZ_SECONDS:-60}}
build=${HK_BUILD_DIR:-build}
corpus=$build/fuzz/reader
command -v clang >/dev/null || { echo 'fuzz: skipped (no clang)'; exit 0; }
mkdir -p "$corpus"
clang -std=gnu17 -O1 -g -D_GNU_SOURCE -Isrc -Iinclude -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    tests/fuzz/fuzz_reader.c src/reader/*.c -o "$build/fuzz/fuzz_reader"
sh tests/fuzz/make_corpus.sh "$build" "$corpus"
"$build/fuzz/fuzz_reader" -max_total_time="$seconds" -max_len=2000000 -rss_limit_mb=12000 -timeout=20 \
    -artifact_prefix="$build/fuzz/" "$corpus"
