#!/bin/sh
# Counts #if, #ifdef and #ifndef inside function bodies: a constant `if` or an empty inline function
# does the same job and reads better. A body is what lies between lines that are { and }.
cd "$(dirname "$0")/../src" || exit 1
find . -name '*.[ch]' | sort | xargs awk '
    FNR == 1 { inside = 0 }
    /^{/ { inside = 1 }
    /^}/ { inside = 0 }
    inside && /^[ \t]*#[ \t]*if/ { count++ }
    END { printf "check: #if inside functions: %d in %d lines (%.1f in 1,000)\n", count, NR, NR ? count * 1000 / NR : 0 }'
