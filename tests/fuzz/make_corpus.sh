#!/bin/sh
# make_corpus.sh BUILD DIRECTORY - writes small core files of two programs to the directory.
set -eu
build=$1 directory=$2
library=${HAKMEM_LIB:-$build/libhakmem.so}
LD_PRELOAD=$library sleep 60 &
small=$!
HAKMEM_SCAVENGER=0 HAKMEM_GUARD_RATE=20 LD_PRELOAD=$library "$build/tests/reader_probe" >"$directory/.addresses" &
large=$!
trap 'kill -9 $small $large 2>/dev/null; rm -f "$directory/.addresses"' EXIT
for attempt in $(seq 100); do
    grep -q ready "$directory/.addresses" && break
    sleep 0.1
done
"$build/tests/fuzz_make_core" $small "$directory/small.core"
"$build/tests/fuzz_make_core" $large "$directory/large.core"
