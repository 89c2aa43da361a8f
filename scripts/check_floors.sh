#!/bin/sh
# Includes go strictly down the floors: a file may include its own floor and those below it. The reader
# stands beside them: it may know the layout of records, up to heap. The tool knows base and the reader's
# own headers.
cd "$(dirname "$0")/../src" || exit 1
find . -name '*.[ch]' | sort | xargs awk '
    BEGIN { count = split("base os region slab pool heap front api", floors)
            for (i = 1; i <= count; i++) rank[floors[i]] = i }
    function wrong(why) { printf "src/%s:%d: %s (%s)\n", file, FNR, why, $0; bad = 1 }
    FNR == 1 { file = substr(FILENAME, 3); floor = file; sub("/.*", "", floor) }
    !/^[ \t]*#[ \t]*include[ \t]*"/ { next }
    { header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
      target = header; sub("/.*", "", target) }
    header == "hakmem.h" || target == floor || header !~ "/" { next }
    floor == "tool" { if (target != "base" && target != "reader") wrong("the tool knows only base and the reader")
                      next }
    floor == "reader" { if (!(target in rank) || rank[target] > rank["heap"]) wrong("the reader knows only records")
                        next }
    !(target in rank) { wrong("there is no such floor"); next }
    rank[target] > rank[floor] { wrong("includes go down: " floor " may not know " target) }
    END { exit bad }'
