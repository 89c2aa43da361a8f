#!/bin/sh
# run.sh [HAKMEM] - clicks through the pages of the command in a headless Chromium: made-up heaps of all
# sizes, and what the command writes about a program whose heap is known. Skipped, with the reason, where
# Chromium or npm is missing.
set -u
hakmem=${1:-${HK_COMMAND:-build/hakmem}}
source=${HK_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${HK_BUILD_DIR:-$source/build}
skip() {
    echo "SKIP: $1"
    exit 77
}

[ -x "$hakmem" ] || skip "the hakmem command was not built"
[ -f "$build/pages/dist/map.html" ] || skip "this build has no pages"
chromium=
for name in chromium chromium-browser google-chrome; do
    [ -n "$chromium" ] || chromium=$(command -v $name)
done
[ -n "$chromium" ] || skip "no Chromium (scripts/setup.sh --apps installs it)"

scratch=$(mktemp -d) || exit 1
staged=
trap '[ -z "$staged" ] || kill "$staged" 2>/dev/null; rm -rf "$scratch"' EXIT

# The browser's driver and the compiler of the pages' types: once for each package-lock.json.
modules=$build/pages-test
if ! cmp -s "$source/pages/package-lock.json" "$modules/fetched"; then
    mkdir -p "$modules"
    cp "$source/pages/package.json" "$source/pages/package-lock.json" "$source/pages/.npmrc" "$modules"
    (cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$scratch/npm.log" 2>&1 ||
        skip "npm could not fetch the browser's driver: $(tail -1 "$scratch/npm.log")"
    cp "$source/pages/package-lock.json" "$modules/fetched"
fi
cp -r "$source/pages/src" "$source/pages/tsconfig.json" "$modules"
failures=0
(cd "$modules" && node_modules/.bin/tsc --noEmit) || failures=1
[ $failures -eq 0 ] && echo "ok   the pages' types hold" || echo "FAIL the pages' types"

${CC:-cc} -O1 -o "$scratch/staged" "$source/tests/pages/staged.c" || exit 1
"$hakmem" run -- "$scratch/staged" >"$scratch/ready" &
staged=$!
while ! grep -q ready "$scratch/ready"; do
    kill -0 $staged 2>/dev/null || { echo "FAIL the staged program ended"; exit 1; }
    sleep 0.1
done
make_page() { # NAME COMMAND…: the command writes NAME.html
    name=$1
    shift
    if "$@" >"$scratch/out" 2>&1 && [ -s "$scratch/$name.html" ]; then
        echo "ok   $name.html is written"
    else
        echo "FAIL $name.html is not written:"
        cat "$scratch/out"
        failures=1
    fi
}
make_page recorded "$hakmem" map $staged --html "$scratch/recorded.html" --every 100ms --for 600ms
make_page map "$hakmem" map $staged --html "$scratch/map.html"
kill $staged
staged=
make_page run "$hakmem" run --report "$scratch/run.html" -- "$scratch/staged" 900
make_page seed "$hakmem" bench --seed-report --runs 1 --ops 20000 --no-peers --html "$scratch/seed.html"

node "$source/tests/pages/click.mjs" "$chromium" "$modules/node_modules" "$build/pages/dist" "$scratch" || failures=1
exit $failures
