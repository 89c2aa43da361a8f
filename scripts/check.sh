#!/bin/sh
# check.sh [BUILD]: what `make check` runs. Says what is wrong, and fails if anything is.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
failed=0

step() { # NAME COMMAND...: prints the command's output only when it fails
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "check: $name: ok"
    else
        echo "check: $name: FAILED"
        printf '%s\n' "$output" | head -60
        failed=1
    fi
}

formatted() {
    scripts/sources.sh | xargs clang-format --dry-run -Werror
}

documented() { # the generated table of docs/tuning.md
    "$build/generated/gen_options" markdown <docs/tuning.md | diff -u docs/tuning.md - ||
        { echo 'run: make docs'; return 1; }
}

ordered_by_accesses() { # a standalone fence is what neither ThreadSanitizer nor a reader can follow
    ! grep -rnE 'atomic_thread_fence|__sync_synchronize' src include
}

if command -v clang-format >/dev/null; then
    step 'format' formatted
else
    echo 'check: format: skipped (no clang-format; scripts/setup.sh installs it)'
fi
step 'floors' scripts/check_floors.sh
step 'headers compile alone' scripts/check_headers.sh
step 'no standalone fences' ordered_by_accesses
step 'exported symbols' scripts/check_exports.sh "$build/libhakmem.so"
step 'thread-local storage' scripts/check_tls.sh "$build/libhakmem.so"
step 'docs/tuning.md is up to date' documented
scripts/count_ifs.sh
exit $failed
