#!/bin/sh
# From a fresh clone to HAKMEM's main job: builds it, runs the benchmarks under it, under the
# system's malloc and under every other allocator found, then a real program under each.
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh --peers

echo 'Building build/libhakmem.so, build/hakmem and the benchmarks'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
make -s all >"$log" 2>&1 </dev/null || { cat "$log"; exit 1; }
sed -n 's/^-- Skipped/Skipped/p' "$log"

echo
echo '== The benchmarks, each allocator in turn'
build/hakmem bench --quick

echo
echo '== A real program: python3, with every object from malloc, writes and reads JSON'
build/hakmem compare --runs 6 -- env PYTHONMALLOC=malloc python3 -c '
import json
people = [{"name": "n%d" % i, "tags": ["t%d" % (i % 97)] * 3} for i in range(60000)]
assert len(json.loads(json.dumps(people))) == len(people)
'

cat <<EOF

Your own program:   build/hakmem run -- PROGRAM...
or without it:      LD_PRELOAD=$PWD/build/libhakmem.so PROGRAM...
EOF
