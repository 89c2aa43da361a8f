#!/bin/sh
# test_top.sh [HAKMEM] - top: its plain text for pipes, and its screen in a terminal of tmux (left out where
# tmux or ncurses is missing). Without an argument, the command is HK_COMMAND.
set -u
hakmem=${1:-${HK_COMMAND:?}}
library=${HAKMEM_LIB:?}
probe=${HK_BUILD_DIR:?}/tests/reader_probe
[ -x "$hakmem" ] && [ -x "$probe" ] && [ -z "${HK_EMULATOR:-}" ] || exit 77
. "$(dirname "$0")/checks.sh"
processes=
scratch=$(mktemp -d) || exit 1
opened=0
terminal() { tmux -L "hakmem-test-$$-$opened" -f /dev/null "$@"; }
trap 'for p in $processes; do kill -9 "$p" 2>/dev/null; done
      command -v tmux >/dev/null && terminal kill-server 2>/dev/null
      rm -rf "$scratch"' EXIT

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
        head -40 "$scratch/said"
    fi
}

start_probe() { # sets $process
    LD_PRELOAD=$library "$probe" >"$scratch/addresses" &
    process=$!
    processes="$processes $process"
    comes grep -q ready "$scratch/addresses"
}

LC_ALL=C.UTF-8
export LC_ALL
start_probe
if ! "$hakmem" top --count 1 $process >"$scratch/plain" 2>&1; then
    cat "$scratch/plain"
    grep -q -e ptrace -e SYS_PTRACE "$scratch/plain" && exit 77
    exit 1
fi

# ---- plain text
says 'the process is named' 0 "reader_probe.*, process $process, HAKMEM " "$hakmem" top --count 1 $process
says 'RSS and its parts' 0 '^RSS .* live ' "$hakmem" top --count 1 $process
says 'the parts as a table' 0 '^part of the resident memory  *resident' "$hakmem" top --count 1 $process
says 'size classes' 0 '^class  *slabs  *blocks' "$hakmem" top --count 1 $process
says 'threads' 0 "^$process reader_probe" "$hakmem" top --count 1 $process
says 'rates need two looks' 0 '^malloc -' "$hakmem" top --count 1 $process
says 'rates are lower bounds' 0 '^malloc ≥ [0-9]' "$hakmem" top --count 2 --interval 0.1 $process
says 'they say so' 0 '≥: lower bound' "$hakmem" top --count 2 --interval 0.1 $process
LC_ALL=C says 'in ASCII, too' 0 '^malloc >= [0-9]' "$hakmem" top --count 2 --interval 0.1 $process
"$hakmem" top --count 3 --interval 0.1 $process >"$scratch/three"
[ "$(grep -c '^RSS ' "$scratch/three")" -eq 3 ] && ok '--count 3 looks three times' || fail '--count 3 looks three times'
LC_ALL=C "$hakmem" top --count 1 $process >"$scratch/ascii"
LC_ALL=C grep -q '[^ -~]' "$scratch/ascii" && fail 'ASCII only in the C locale' || ok 'ASCII only in the C locale'
"$hakmem" top --interval 0.1 $process | head -1 >"$scratch/head"
[ -s "$scratch/head" ] && ok 'a reader that goes away ends it' || fail 'a reader that goes away ends it'

# ---- wrong uses
says 'no process' 2 'wants one process number or core file' "$hakmem" top
says 'no such process' 1 'there is no process' "$hakmem" top 999999999
says 'an interval of words' 2 "not 'often'" "$hakmem" top --interval often $process
says 'an interval of nothing' 2 'from 0.1 to 3600' "$hakmem" top --interval 0 $process
sleep 100 &
processes="$processes $!"
says 'a process without HAKMEM' 1 'HAKMEM' "$hakmem" top $!

# ---- stopped, in a core file, ended
kill -STOP $process
while ! grep -q '^State:.T' /proc/$process/status; do sleep 0.05; done
says 'a stopped process is told once' 0 'STOPPED' "$hakmem" top $process
if command -v gcore >/dev/null && gcore -o "$scratch/core" $process >/dev/null 2>&1; then
    says 'a core file is told once' 0 'CORE FILE' "$hakmem" top "$scratch/core.$process"
fi
kill -CONT $process
"$hakmem" top --interval 0.1 $process >"$scratch/out" 2>"$scratch/end" &
top=$!
while ! grep -q '^malloc ≥' "$scratch/out"; do sleep 0.05; done
kill -9 $process
wait $top && ok 'the end of the process ends it' || fail 'the end of the process ends it'
grep -q "process $process has ended" "$scratch/end" && ok 'and is told' || fail 'and is told'

# ---- on a terminal
finish() {
    [ "$failures" -eq 0 ] || echo "$failures failed"
    [ "$failures" -eq 0 ]
    exit
}
command -v tmux >/dev/null || { echo 'left out: tmux is not here'; finish; }
start_probe
open_top() { # WIDTH HEIGHT [NAME=VALUE]: top in a terminal of that size
    terminal kill-server 2>/dev/null
    opened=$((opened + 1))
    terminal new-session -d -s top -x "$1" -y "$2" \
        "env ${3:-X=} LC_ALL=C.UTF-8 '$hakmem' top --interval 0.1 $process; echo status \$?; exec sleep 1000"
}
screen() { terminal capture-pane -p -t top "$@"; }
on_screen() { screen | grep -q -e "$1"; }
# shows NAME PATTERN: the screen comes to have a line that matches.
shows() {
    if comes on_screen "$2"; then
        ok "$1"
    else
        fail "$1: no '$2' on the screen:"
        screen
    fi
}
press() { terminal send-keys -t top "$@"; }

open_top 100 30 || { echo 'left out: no terminal can be had'; finish; }
shows 'the classes come first' '^class  *slabs'
if screen -S - | grep -q 'built without ncurses'; then
    echo 'left out: the screen, without ncurses'
    finish
fi
shows 'the last line tells the keys' '^q quit .* ? help'
shows 'the graph has a scale' '^ *0  .*█'
press t
shows 't: threads' '^thread  *slabs'
press m
shows 'm: parts' '^part of the resident memory'
press Tab
shows 'Tab: the next table' '^class  *slabs'
press '?'
shows '?: help' '^q, Esc  *quit'
press '?'
press p
shows 'p: pause' 'PAUSED'
press p
press +
shows '+: look less often' 'every 200 ms'
press -
shows '-: look more often' 'every 100 ms'
sorted_by() { screen | awk '/^class/ { getline; print $1; exit }'; }
press S S S S
first_is() { [ "$(sorted_by)" "$1" 1000 ]; }
comes first_is -gt && ok 'sorted by size, largest first' || fail 'sorted by size, largest first'
press r
comes first_is -lt && ok 'r: smallest first' || fail 'r: smallest first'
terminal resize-window -t top -x 60 -y 12
shows 'a smaller window' '^q quit  c classes  t threads  m parts  s/S sort  r reverse *$'
terminal resize-window -t top -x 12 -y 3
shows 'a tiny window' '^q quit  c cl'
terminal resize-window -t top -x 2 -y 1
sleep 0.3
terminal resize-window -t top -x 130 -y 40
shows 'a large window again' '^q quit .* ? help'
shows 'with the table' '^class  *slabs'
kill -STOP $process
shows 'a stopped process' 'STOPPED'
kill -CONT $process
kill -9 $process
shows 'the end of the process' "process $process has ended"
shows 'the last picture stays' '^class  *slabs'
press q
shows 'q: quit' '^status 0'

start_probe
open_top 100 30 COLORTERM=truecolor
shows 'colours' '█'
terminal capture-pane -e -p -t top | grep -q "$(printf '\033\\[3[0-9]')" && ok 'there are colours' || fail 'there are colours'
open_top 100 30 NO_COLOR=1
shows 'NO_COLOR: another character for each part' '▓'
terminal capture-pane -e -p -t top | grep -q "$(printf '\033\\[[34][0-7]')" && fail 'NO_COLOR: no colours' || ok 'NO_COLOR: no colours'
press Escape
shows 'Esc: quit' '^status 0'
open_top 100 30 TERM=no-such-terminal
shows 'an unknown terminal gets plain text' '^thread  *slabs'
screen -S - | grep -q "the terminal type 'no-such-terminal' is not known" && ok 'and is told so' || fail 'and is told so'
finish
