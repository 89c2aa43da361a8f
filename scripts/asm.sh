#!/bin/sh
# asm.sh [LIBRARY]: the fast paths, up to the first return, and how long they are: malloc, free, and of C++ an operator
# new[] and a sized delete.
library=${1:-build/libhakmem.so}
objdump=${OBJDUMP:-objdump}

for function in malloc free _Znam _ZdlPvm; do
    set -- $(nm -DS --defined-only "$library" | awk -v f=$function '$4 == f { print $1, $2 }')
    [ $# = 2 ] || { echo "$library has no $function"; exit 1; }
    echo "$function:"
    "$objdump" -d --no-show-raw-insn --start-address=0x$1 --stop-address=$((0x$1 + 0x$2)) "$library" |
        awk -v function_name=$function '
            !/^ +[0-9a-f]+:\t/ { next }
            { sub(/^ +[0-9a-f]+:\t/, "    "); print }
            !/^ +(nop|data16|cs nop|xchg +%ax,%ax)/ { count++ }
            /^ +(repz |bnd )?ret/ { exit }
            END { printf "    %d instructions\n\n", count }'
done
