# Interpreters, each with a script of its own in this directory: read by run.sh.
# shellcheck shell=sh disable=SC2016,SC2154,SC2317

# The interpreters themselves, not launcher scripts of version managers.
pythons() {
    for python in /usr/bin/python3 /usr/local/bin/python3 python3; do
        "$python" -c 'import sys; print(sys.executable)' 2>/dev/null
    done
}

app_python() {
    python=$(pythons | head -n 1)
    [ -n "$python" ] || skip python3
    same "$python" "$here/python.py"
    PYTHONMALLOC=malloc same "$python" "$here/python.py"
}

# Python's own tests. One that fails without HAKMEM too says nothing, and skips the rest.
python_tests() {
    preloaded "$python" -m test -j3 "$@" >"$work/tests.out" 2>&1 </dev/null && return
    plain "$python" -m test -j3 "$@" >"$work/plain.out" 2>&1 </dev/null || skip "all that $python -m test $* needs"
    tail -n 40 "$work/tests.out" >&2
    fail "$python -m test $*"
}

app_python_tests() {
    for python in $(pythons); do
        "$python" -c 'import test.test_threading' 2>/dev/null && break
        python=
    done
    [ -n "$python" ] || skip "Python's own tests"
    cd "$work" || exit 1
    PYTHONMALLOC=malloc
    export PYTHONMALLOC
    python_tests test_threading test_fork1 test_thread test_threading_local test_gc test_mmap \
        test_posix
    python_tests test_multiprocessing_fork -m '*.WithProcessesTestP*' -m '*.WithProcessesTestQueue.*' \
        -m '*.WithProcessesTestSharedMemory.*'
}

app_ruby() {
    need ruby
    same ruby "$here/ruby.rb"
}

app_perl() {
    need perl
    same perl "$here/perl.pl"
}

app_perl_threads() {
    need perl
    perl -Mthreads -e1 2>/dev/null || skip "perl's threads"
    same perl "$here/perl_threads.pl"
}

app_node() {
    need node
    same node "$here/node.js"
}

app_node_workers() {
    need node
    same node "$here/node_workers.js"
}

app_php() {
    need php
    same php "$here/php.php" # its extensions are loaded with RTLD_DEEPBIND
}

app_php_extensions() {
    need php
    same php "$here/php_extensions.php"
    same php -d opcache.enable_cli=1 -d opcache.jit_buffer_size=16M -d opcache.jit=tracing "$here/php_extensions.php"
}

app_tcl() {
    need tclsh
    same tclsh "$here/tcl.tcl"
}

app_tcl_threads() {
    need tclsh
    echo 'exit [catch {package require Thread}]' | tclsh || skip "tcl's threads"
    same tclsh "$here/tcl_threads.tcl"
}

app_lua() {
    for lua in lua lua5.4 lua5.3 luajit; do
        command -v "$lua" >/dev/null 2>&1 || continue
        same "$lua" "$here/lua.lua"
        return
    done
    skip lua
}

app_java() {
    need java
    same java -Xmx256m -Xss256k "-XX:ErrorFile=$work/java.err" "$here/Threads.java"
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
