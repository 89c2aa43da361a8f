#!/bin/sh
# check_exports.sh LIBRARY: it exports what src/api/exports.txt lists, and nothing else.
library=$1
list=$(dirname "$0")/../src/api/exports.txt
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
libc=other
! readelf -d "$library" | grep -q 'NEEDED.*libc\.so\.6' || libc=glibc
awk -v libc=$libc '/^[A-Za-z_]/ && ($2 == "" || $2 == libc) { print $1 }' "$list" |
    LC_ALL=C sort >"$work/listed"
nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort >"$work/exported"
[ -s "$work/exported" ] || { echo "$library exports nothing"; exit 1; }
LC_ALL=C comm -23 "$work/listed" "$work/exported" | sed 's/$/: listed, not exported/' >"$work/wrong"
LC_ALL=C comm -13 "$work/listed" "$work/exported" | sed 's/$/: exported, not listed/' >>"$work/wrong"
cat "$work/wrong"
[ ! -s "$work/wrong" ]
