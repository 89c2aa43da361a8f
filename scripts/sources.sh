#!/bin/sh
# Names the C and C++ files that clang-format keeps in shape.
cd "$(dirname "$0")/.." || exit 1
find src include bench tests scripts models \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) | sort
