#!/bin/sh
# test_doctor.sh [HAKMEM] - doctor: programs that are served, and programs that are not, each for another
# reason. Without an argument, the command is HK_COMMAND.
set -u
hakmem=${1:-${HK_COMMAND:?}}
library=${HAKMEM_LIB:?}
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$hakmem" ] && [ -z "${HK_EMULATOR:-}" ] || exit 77
. "$(dirname "$0")/checks.sh"
processes=
scratch=$(mktemp -d) || exit 1
trap 'for p in $processes; do kill -9 "$p" 2>/dev/null; done; rm -rf "$scratch"' EXIT

# says NAME STATUS PATTERN COMMAND…: ends with the status; its output, of both kinds, has a line that matches.
says() {
    name=$1 wanted=$2 pattern=$3
    shift 3
    "$@" >"$scratch/said" 2>&1 </dev/null
    got=$?
    if [ $got -eq "$wanted" ] && grep -q -e "$pattern" "$scratch/said"; then
        ok "$name"
    else
        fail "$name: status $got, not $wanted with '$pattern':"
        cat "$scratch/said"
    fi
}
not_said() { # NAME PATTERN: the last output has no such line
    if grep -q -e "$2" "$scratch/said"; then fail "$1"; else ok "$1"; fi
}
build() { # PROGRAM SOURCE FLAG…
    program=$1 source=$2
    shift 2
    "${CC:-cc}" -O1 -fno-builtin -D_GNU_SOURCE -o "$scratch/$program" "$here/doctor/$source.c" "$@" 2>"$scratch/cc"
}
doctor() { "$hakmem" doctor "$@"; }

build plain plain && build own own_malloc -Wl,--export-dynamic && build host host -ldl &&
    build plugin.so plugin -shared -fPIC || { cat "$scratch/cc"; exit 77; }

# ---- a program that is started
doctor -- "$scratch/plain" 0 >"$scratch/said" 2>&1
if grep -q 'before it could be looked at\|may not be looked at' "$scratch/said"; then
    cat "$scratch/said"
    exit 77
fi
says 'a program that ends at once is looked at' 0 '^OK  *library  *.*libhakmem\.so.* is loaded' doctor -- "$scratch/plain" 0
says 'HAKMEM holds its blocks' 0 '^OK  *image  *HAKMEM [0-9.]* holds ' doctor -- "$scratch/plain" 0
says 'its status does not matter' 0 '^All is well' doctor -- "$scratch/plain" 3
says 'a program that does not end is ended' 0 '^OK  *image' doctor --for 1 -- "$scratch/plain"
symbols=true
grep -q 'built without libelf' "$scratch/said" && symbols=false
if $symbols; then
    says 'all calls lead to HAKMEM' 0 '^OK  *symbols  *malloc, free and their kin lead to HAKMEM' doctor -- "$scratch/plain" 0
    says 'a program with its own malloc' 1 '^PROBLEM  *symbols  *.*/own defines malloc itself' doctor -- "$scratch/own"
    not_said 'and nothing is called well' '^OK  *symbols'
    says 'a library opened with RTLD_DEEPBIND, whose flag HAKMEM clears' 0 '^OK  *symbols  *malloc, free and their kin' \
        doctor -- "$scratch/host" "$scratch/plugin.so"
fi
printf '#!%s 0\n' "$scratch/plain" >"$scratch/script"
chmod +x "$scratch/script"
says 'a script' 0 '^OK  *library' doctor -- "$scratch/script"
if build static plain -static; then
    says 'a static program' 1 '^PROBLEM  *library  *.*linked statically' doctor -- "$scratch/static" 0
fi
says 'a missing program' 1 "^PROBLEM  *program  *there is no program '/nowhere'" doctor -- /nowhere
cp "$scratch/plain" "$scratch/setuid"
if [ "$(id -u)" = 0 ] && chown nobody "$scratch/setuid" && chmod u+s "$scratch/setuid"; then
    says 'a setuid program' 1 '^PROBLEM  *program  *.*setuid' doctor -- "$scratch/setuid" 0
fi

# ---- a running process
"$scratch/plain" &
without=$!
LD_PRELOAD=$library "$scratch/plain" &
with=$!
processes="$without $with"
while ! grep -q libhakmem "/proc/$with/maps"; do sleep 0.05; done
sleep 0.2
says 'a process that is served' 0 '^OK  *library' doctor $with
says 'a process without HAKMEM' 1 '^PROBLEM  *library  *HAKMEM is not loaded: LD_PRELOAD did not name it' doctor $without
LD_PRELOAD=/nowhere/libhakmem.so "$scratch/plain" 2>/dev/null &
lost=$!
processes="$processes $lost"
while ! grep -q /plain "/proc/$lost/maps"; do sleep 0.05; done
says 'a library that was not there' 1 "although LD_PRELOAD is '/nowhere/libhakmem.so'" doctor $lost
kill -STOP $with
says 'a stopped process' 0 '^OK  *image' doctor $with
says 'no such process' 1 'there is no process 999999999' doctor 999999999

# ---- options
HAKMEM_FC_CAP=64 says 'right options' 0 '^OK  *options  *1 option is set' doctor -- "$scratch/plain" 0
HAKMEM_FC_CAPS=64 says 'an unknown option, and the one that was meant' 1 \
    '^PROBLEM  *options  *.*HAKMEM_FC_CAPS=64; did you mean HAKMEM_FC_CAP?' doctor -- "$scratch/plain" 0
HAKMEM_FC_CAP=1 says 'a value out of range' 1 '^PROBLEM  *options  *HAKMEM_FC_CAP=1 is not ' doctor -- "$scratch/plain" 0
(
    failures=0
    ulimit -v 4000000 2>/dev/null || exit 0
    says 'a limit of the address space' 0 '^NOTE  *limits  *address space (ulimit -v) is limited to' \
        doctor -- "$scratch/plain" 0
    exit $failures
) || failures=$((failures + 1))

# ---- formats and wrong uses
for target in "$with" "-- $scratch/plain 0" "-- /nowhere"; do
    # shellcheck disable=SC2086
    if doctor --json $target 2>&1 | python3 "$here/check_schema.py" "$here/../../docs/hakmem-doctor-schema.json"; then
        ok "the JSON of '$target' holds its schema"
    else
        fail "the JSON of '$target' holds its schema"
    fi
done
doctor --json -- sh -c 'echo noise' 2>/dev/null | python3 -m json.tool >/dev/null && ok "the program's output stays out of it" ||
    fail "the program's output stays out of it"
says 'nothing to look at' 2 'wants a process number' doctor
says 'a word' 2 "'word' is no process number" doctor word
doctor $with | grep -q "$(printf '\033')" && fail 'colours without a terminal' || ok 'no colours without a terminal'

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
