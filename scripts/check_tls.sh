#!/bin/sh
# check_tls.sh LIBRARY: its thread-local storage is at most 64 bytes, of the initial-exec kind: so it fits in
# what the loader keeps free for libraries that are loaded later, and no access to it calls anything.
library=$1
most=64
bytes=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
[ -z "$bytes" ] || [ $((bytes)) -le $most ] || { echo "$library: $((bytes)) bytes of thread-local storage"; exit 1; }
! readelf -rW "$library" | grep -E 'DTPMOD|TLSDESC' || { echo "$library: dynamic thread-local storage"; exit 1; }
