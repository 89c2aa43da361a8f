#!/bin/sh
# Under valgrind's translator, which hands on system calls as it sees fit, guarded blocks work as elsewhere.
set -eu
lib=${HAKMEM_LIB:?path of libhakmem.so}
program=${HK_BUILD_DIR:?the build directory}/tests/preload_test_threads
[ -z "${HK_EMULATOR:-}" ] || exit 77
command -v valgrind >/dev/null || { echo "no valgrind"; exit 77; }
[ -x "$program" ] || { echo "no test programs"; exit 77; }

LD_PRELOAD=$lib HAKMEM_GUARD_RATE=1 valgrind --tool=none "$program" blocks_outlive_their_thread
