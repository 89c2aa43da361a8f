#!/bin/sh
# Every header compiles alone; the public one as strict C11 and C++11 too.
cd "$(dirname "$0")/.." || exit 1
cc=${CC:-cc} bad=0
for header in $(find src include -name '*.h'); do
    $cc -std=gnu17 -Isrc -Iinclude -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c "$header" || bad=1
done
$cc -std=c11 -pedantic-errors -Wall -Werror -fsyntax-only -x c include/hakmem.h || bad=1
if command -v c++ >/dev/null; then
    c++ -std=c++11 -pedantic-errors -Wall -Werror -fsyntax-only -x c++ include/hakmem.h || bad=1
fi
exit $bad
