#!/bin/sh
# Real programs with libhakmem.so preloaded, each a short run with a right answer, which is in most
# cases the same program's answer without it.
#
#     run.sh --list            the names
#     run.sh NAME...           these, or with no name all; with HAKMEM_LIB set
#     run.sh LIB [NAME...]     likewise
#
# Exit status: 0 all well, 77 one name only and it is not installed, 1 otherwise.
# The runs are called by name, and programs in quotes are for other interpreters:
# shellcheck disable=SC2317,SC2016
set -u
here=$(cd "$(dirname "$0")" && pwd)
seconds=100

# --- what the runs below use ----------------------------------------------------------------------

fail() {
    echo "$*" >&2
    exit 1
}

skip() {
    echo "skip: not installed: $*"
    exit 77
}

# The programs that a run needs.
need() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || skip "$program"
    done
}

preloaded() {
    env "LD_PRELOAD=$HAKMEM_LIB" timeout "$seconds" "$@"
}

plain() {
    env -u LD_PRELOAD timeout "$seconds" "$@"
}

# Runs a command both ways: status and output must be the same, and the output not empty.
same() {
    plain "$@" >"$work/plain.out" 2>"$work/plain.err" </dev/null
    plain_status=$?
    preloaded "$@" >"$work/preloaded.out" 2>"$work/preloaded.err" </dev/null
    preloaded_status=$?
    if [ "$preloaded_status" -ne "$plain_status" ]; then
        tail -n 20 "$work/preloaded.out" "$work/preloaded.err" >&2
        fail "$*: ended with $preloaded_status, without HAKMEM $plain_status"
    fi
    [ -s "$work/plain.out" ] || fail "$*: no output"
    cmp -s "$work/plain.out" "$work/preloaded.out" || {
        diff "$work/plain.out" "$work/preloaded.out" | head -n 20 >&2
        fail "$*: other output"
    }
    grep '^hakmem:' "$work/preloaded.err" && fail "$*: HAKMEM complained"
    return 0
}

# Runs a command with HAKMEM; its output must have a line that matches.
says() {
    pattern=$1
    shift
    preloaded "$@" >"$work/says.out" 2>&1 </dev/null
    says_status=$?
    if [ "$says_status" -ne 0 ] || ! grep -Eq "$pattern" "$work/says.out"; then
        tail -n 20 "$work/says.out" >&2
        fail "$*: ended with $says_status, expected: $pattern"
    fi
}

# The interpreter itself, not a launcher script of a version manager.
python_binary() {
    for python in /usr/bin/python3 /usr/local/bin/python3 python3; do
        "$python" -c 'import sys' >/dev/null 2>&1 && {
            "$python" -c 'import sys; print(sys.executable)'
            return
        }
    done
}

text_of() { # text_of LINES: some text, the same each time
    awk -v lines="$1" 'BEGIN { srand(7); for (i = 0; i < lines; i++)
        printf "%d %s line %08d of the text\n", rand() * 100000, substr("abcdefghijklmnop", 1 + i % 9, 5), i }'
}

# --- interpreters ---------------------------------------------------------------------------------

app_python() {
    python=$(python_binary)
    [ -n "$python" ] || skip python3
    same "$python" "$here/python.py"
    PYTHONMALLOC=malloc same "$python" "$here/python.py"
}

app_ruby() {
    need ruby
    same ruby "$here/ruby.rb"
}

app_perl() {
    need perl
    same perl "$here/perl.pl"
}

app_node() {
    need node
    same node "$here/node.js"
}

app_php() {
    need php
    same php "$here/php.php" # its extensions are loaded with RTLD_DEEPBIND
}

app_tcl() {
    need tclsh
    same tclsh "$here/tcl.tcl"
}

app_lua() {
    for lua in lua lua5.4 lua5.3 luajit; do
        command -v "$lua" >/dev/null 2>&1 || continue
        same "$lua" "$here/lua.lua"
        return
    done
    skip lua
}

app_awk_and_sort() {
    text_of 200000 >"$work/text"
    same awk '{ count[$1 % 1000] += length($0); words[$2 $1 % 3000]++ }
        END { for (i = 0; i < 1000; i++) total += count[i]; for (w in words) n++; print total, n }' "$work/text"
    same sort -n -k1,1 -k3 "$work/text"
    same sort --parallel=4 -S 3M -T "$work" "$work/text"
    same grep -cE '^[0-9]*7 .*1(2|3)+ of' "$work/text"
    same sed -n 's/\([0-9]*\) \([a-z]*\)/\2 \1/;1~1000p' "$work/text"
}

# Forks as fast as the shell can, with pipes and subshells between.
app_bash_fork_storm() {
    need bash
    same bash -c 'total=0
        for i in $(seq 300); do
            value=$(echo "$i" | (read -r x; echo $((x * 2))))
            total=$((total + value))
            [ $((i % 3)) -eq 0 ] && /bin/true &
        done
        wait
        echo "$total"
        printf "%s\n" {1..20000} | while read -r line; do lines+=("$line"); done
        mapfile -t words < <(seq 50000); echo "${#words[@]} ${words[-1]}"'
}

# --- databases and servers ------------------------------------------------------------------------

app_redis() {
    need redis-server redis-cli redis-benchmark
    socket=$work/redis.sock
    preloaded redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$work" \
        >"$work/redis.log" 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
    tries=0
    until [ "$(plain redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { cat "$work/redis.log"; fail "redis-server does not answer"; }
        sleep 0.1
    done
    says 'LRANGE_100' redis-benchmark -s "$socket" -n 20000 -c 20 -P 8 --csv -t set,get,lpush,lrange_100,zadd,hset
    redis() { plain redis-cli -s "$socket" "$@"; }
    redis flushall >/dev/null
    plain awk 'BEGIN { for (i = 0; i < 50000; i++)
        printf "SET key:%d %s\nRPUSH list:%d %d\nZADD board %d member:%d\n", i, sprintf("%0*d", i % 200 + 1, i), i % 100, i, i, i }' |
        plain redis-cli -s "$socket" --pipe >"$work/pipe.out" || fail "redis-cli --pipe"
    grep -q 'errors: 0, replies: 150000' "$work/pipe.out" || { cat "$work/pipe.out"; fail "wrong replies"; }
    [ "$(redis dbsize)" = 50101 ] || fail "wrong number of keys"
    [ "$(redis strlen key:12345)" = 146 ] || fail "wrong value"
    [ "$(redis zscore board member:777)" = 777 ] || fail "wrong score"
    [ "$(redis save)" = OK ] || fail "no save"           # in the server
    redis bgsave >/dev/null                              # in a forked child
    tries=0
    while redis info persistence | grep -q 'rdb_bgsave_in_progress:1'; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "the background save does not end"
        sleep 0.1
    done
    redis info persistence | grep -q 'rdb_last_bgsave_status:ok' || fail "the background save failed"
    redis debug reload >/dev/null 2>&1
    [ "$(redis dbsize)" = 50101 ] || fail "wrong number of keys after the save"
    redis flushall async >/dev/null
    redis shutdown nosave >/dev/null 2>&1
    wait "$server"
    server_status=$?
    [ "$server_status" -eq 0 ] || { tail "$work/redis.log"; fail "redis-server ended with $server_status"; }
    if grep '^hakmem:' "$work/redis.log"; then fail "HAKMEM complained"; fi
}

app_sqlite() {
    need sqlite3
    same sqlite3 :memory: ".read $here/sqlite.sql"
    plain sqlite3 "$work/plain.db" ".read $here/sqlite.sql" >/dev/null || fail "sqlite3 fails by itself"
    says '^ok$' sqlite3 "$work/preloaded.db" ".read $here/sqlite.sql" "pragma integrity_check"
    same sqlite3 "$work/preloaded.db" "select count(*), sum(length(name)) from item; pragma integrity_check"
}

# --- compilers and tools --------------------------------------------------------------------------

# Compiles with and without HAKMEM: the objects must be the same, and what they say when they run.
compiles_the_same() {
    compiler=$1 source=$2
    shift 2
    plain "$compiler" "$@" -c "$source" -o "$work/plain.o" || fail "$compiler fails by itself"
    preloaded "$compiler" "$@" -c "$source" -o "$work/preloaded.o" || fail "$compiler $* -c $source"
    cmp "$work/plain.o" "$work/preloaded.o" || fail "$compiler $*: other code"
    preloaded "$compiler" "$work/preloaded.o" -o "$work/program" || fail "$compiler cannot link"
    same "$work/program"
}

app_gcc() {
    need gcc
    compiles_the_same gcc "$here/compile.c" -O2 -g -frandom-seed=1
    preloaded gcc -O2 -flto=2 "$here/compile.c" -o "$work/lto" || fail "gcc -flto"
    same "$work/lto"
}

app_gxx() {
    need g++
    compiles_the_same g++ "$here/compile.cpp" -O1 -std=c++17 -frandom-seed=1
}

app_clang() {
    need clang
    compiles_the_same clang "$here/compile.c" -O2
}

app_git() {
    need git
    export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME="$work"
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
    export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
    for how in plain preloaded; do
        tree=$work/$how
        $how git init -q -b main "$tree" || fail "git init"
        for i in 1 2 3 4 5; do
            text_of "$((i * 3000))" | split -l 500 - "$tree/part."
            $how git -C "$tree" add . || fail "git add"
            $how git -C "$tree" commit -q -m "commit $i" || fail "git commit"
        done
        $how git -C "$tree" gc -q --aggressive --prune=now || fail "git gc"
        $how git -C "$tree" fsck --strict >/dev/null || fail "git fsck"
        $how git -C "$tree" log --stat >"$work/$how.log" || fail "git log"
        $how git clone -q "$tree" "$tree.clone" || fail "git clone"
    done
    cmp "$work/plain.log" "$work/preloaded.log" || fail "git log: other output"
    same git -C "$work/preloaded.clone" blame part.aa
}

app_openssl() {
    need openssl
    text_of 50000 >"$work/text"
    same openssl dgst -sha256 -sha512 "$work/text"
    same openssl enc -aes-256-cbc -pbkdf2 -iter 1000 -S 0102030405060708 -pass pass:x -a -in "$work/text"
    says 'BEGIN (RSA )?PRIVATE KEY' openssl genrsa 2048
    says 'OK' sh -c "cd '$work' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
        -subj /CN=test -days 2 2>/dev/null && openssl verify -CAfile cert.pem cert.pem"
}

app_archives() {
    text_of 100000 >"$work/text"
    for packer in gzip bzip2 'xz -1 -T2 --block-size=1MiB' 'zstd -q -5 -T2'; do
        # shellcheck disable=SC2086 # the options are words of their own
        set -- $packer
        command -v "$1" >/dev/null 2>&1 || continue
        same "$@" -c "$work/text"
        "$@" -c "$work/text" >"$work/packed"
        preloaded "$1" -dc <"$work/packed" | cmp - "$work/text" || fail "$1 -d: other text"
    done
    need tar
    mkdir "$work/tree"
    split -l 100 "$work/text" "$work/tree/part."
    same tar -C "$work" --sort=name --mtime=@0 --owner=0 --group=0 -cf - tree
    preloaded tar -C "$work" -czf "$work/tree.tar.gz" tree || fail "tar -cz"
    mkdir "$work/back"
    preloaded tar -C "$work/back" -xzf "$work/tree.tar.gz" || fail "tar -xz"
    diff -r "$work/tree" "$work/back/tree" || fail "tar: other files"
}

app_make_and_cmake() {
    need make cmake cc
    mkdir "$work/source"
    cp "$here/compile.c" "$work/source"
    printf 'cmake_minimum_required(VERSION 3.10)\nproject(x C)\nadd_executable(x compile.c)\n' \
        >"$work/source/CMakeLists.txt"
    says 'Generating done' cmake -S "$work/source" -B "$work/build" -G 'Unix Makefiles'
    says '100%' cmake --build "$work/build" -j 2
    same "$work/build/x"
}

app_gdb() {
    need gdb cc
    cc -g -O0 "$here/compile.c" -o "$work/program" || fail "cc fails by itself"
    says 'Breakpoint 1, .*main' gdb -nx -batch -ex 'set confirm off' -ex 'break main' -ex 'info functions' \
        -ex "run" -ex 'info locals' -ex 'backtrace' "$work/program"
}

# --- running them ---------------------------------------------------------------------------------

list() {
    sed -n 's/^app_\([a-z0-9_]*\)() {.*/\1/p' "$0"
}

run_one() (
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    LC_ALL=C.UTF-8
    export LC_ALL
    preloaded grep -q "$(basename "$HAKMEM_LIB")" /proc/self/maps || fail "$HAKMEM_LIB cannot be preloaded"
    "app_$1"
)

if [ "${1:-}" = --list ]; then
    list
    exit
fi
case ${1:-} in
*/* | *.so)
    HAKMEM_LIB=$1
    shift
    ;;
esac
HAKMEM_LIB=$(realpath "${HAKMEM_LIB:?path of libhakmem.so}")
# shellcheck disable=SC2046 # a name is one word
[ $# -gt 0 ] || set -- $(list)
names=$#
failed=0
for name in "$@"; do
    list | grep -qx "$name" || { echo "no such program: $name (run.sh --list)" >&2; exit 1; }
    start=$(date +%s)
    run_one "$name"
    case $? in
    0) echo "ok      $name ($(($(date +%s) - start)) s)" ;;
    77) [ "$names" -gt 1 ] || exit 77 ;;
    *)
        echo "FAILED  $name"
        failed=$((failed + 1))
        ;;
    esac
done
exit $((failed > 0))
