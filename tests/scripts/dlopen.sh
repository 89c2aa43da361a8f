#!/bin/sh
# Libraries that allocate are loaded and unloaded 5,000 times, and libhakmem.so itself is opened by a
# program that did not start with it.
set -eu
sources=${HK_SOURCE_DIR:-$(dirname "$0")/../..}
lib=${HAKMEM_LIB:?path of libhakmem.so}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${CC:-cc}" -O1 -fno-builtin-malloc -fPIC -shared -o "$work/plugin.so" "$sources/tests/scripts/dlopen/plugin.c"
"${CC:-cc}" -O1 -fno-builtin-malloc -D_GNU_SOURCE -I"$sources/include" -pthread -o "$work/host" \
    "$sources/tests/scripts/dlopen/host.c" -ldl

echo "a library is loaded and unloaded 5,000 times, HAKMEM preloaded"
LD_PRELOAD=$lib "$work/host" "$work/plugin.so" 5000

echo "a library that is linked to HAKMEM is loaded and unloaded 5,000 times by a program that is not"
"${CC:-cc}" -O1 -fno-builtin-malloc -fPIC -shared -o "$work/linked.so" "$sources/tests/scripts/dlopen/plugin.c" \
    -Wl,--no-as-needed "$lib" -Wl,-rpath,"$(dirname "$lib")"
"$work/host" "$work/linked.so" 5000

echo "a library finds its neighbour by its own path, and RTLD_DEEPBIND gives it no other malloc"
mkdir "$work/deep"
"${CC:-cc}" -O1 -fno-builtin-malloc -fPIC -shared -o "$work/deep/neighbour.so" "$sources/tests/scripts/dlopen/neighbour.c"
"${CC:-cc}" -O1 -D_GNU_SOURCE -fPIC -shared -o "$work/opener.so" "$sources/tests/scripts/dlopen/opener.c" \
    -Wl,--enable-new-dtags -Wl,-rpath,'$ORIGIN/deep' -ldl
"${CC:-cc}" -O1 -fno-builtin-malloc -o "$work/deepbind" "$sources/tests/scripts/dlopen/deepbind.c" -ldl
LD_PRELOAD=$lib "$work/deepbind" "$work/opener.so"

echo "a program with a malloc of its own keeps RTLD_DEEPBIND"
"${CC:-cc}" -O1 -fno-builtin-malloc -fPIC -shared -o "$work/version.so" "$sources/tests/scripts/dlopen/version.c"
"${CC:-cc}" -O1 -fno-builtin -D_GNU_SOURCE -rdynamic -o "$work/own_malloc" \
    "$sources/tests/scripts/dlopen/own_malloc.c" -ldl
"$work/own_malloc" "$work/version.so"
LD_PRELOAD=$lib "$work/own_malloc" "$work/version.so"

echo "libhakmem.so itself is loaded and unloaded 5,000 times by a program that did not start with it"
"${CC:-cc}" -O1 -fno-builtin-malloc -D_GNU_SOURCE -pthread -o "$work/late" "$sources/tests/scripts/dlopen/late.c" -ldl
"$work/late" "$lib" 5000

echo "a library in a namespace of its own has its own malloc"
"${CC:-cc}" -O1 -fno-builtin-malloc -D_GNU_SOURCE -pthread -o "$work/namespace" \
    "$sources/tests/scripts/dlopen/namespace.c" -ldl
if "$work/namespace" "$work/plugin.so"; then
    LD_PRELOAD=$lib "$work/namespace" "$work/plugin.so"
    echo "which may be a second HAKMEM"
    LD_PRELOAD=$lib "$work/namespace" "$work/linked.so"
    "$work/namespace" "$work/linked.so"
fi
