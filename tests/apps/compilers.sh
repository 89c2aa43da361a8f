# Compilers, of small programs and of a real tree of sources, which is this repository's: read by run.sh.
# shellcheck shell=sh disable=SC2016,SC2154,SC2317

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

# builds_the_same FLAGS CMAKE-ARGUMENT...: the library, from configuring to linking, both ways and in
# the same place, must come out the same to the byte.
builds_the_same() {
    flags=$1
    shift
    tree=${HK_SOURCE_DIR:-$here/../..}
    [ -f "$tree/CMakeLists.txt" ] || skip "the sources"
    for how in plain preloaded; do
        $how cmake -S "$tree" -B "$work/build" -G 'Unix Makefiles' -DHAKMEM_TESTS=OFF -DHAKMEM_PROGRAMS=OFF \
            "-DCMAKE_C_FLAGS=$flags" "-DCMAKE_CXX_FLAGS=$flags" "$@" >"$work/cmake.log" 2>&1 ||
            { tail "$work/cmake.log" >&2; fail "cmake, $how"; }
        $how make -C "$work/build" -j2 hakmem_shared >"$work/make.log" 2>&1 ||
            { tail "$work/make.log" >&2; fail "make, $how"; }
        cp "$work/build/libhakmem.so" "$work/$how.so"
        rm -rf "$work/build"
    done
    complained "$work/cmake.log" "$work/make.log" && fail "HAKMEM complained"
    cmp "$work/plain.so" "$work/preloaded.so" || fail "the library built with HAKMEM is another"
}

app_gcc_lto_tree() {
    need gcc g++ cmake make
    builds_the_same '-flto=2 -frandom-seed=1' -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++
}

app_clang_tree() {
    need clang clang++ cmake make
    builds_the_same '-O2' -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
}

app_go() {
    need go gcc
    export GOPATH="$work/path" GOCACHE="$work/cache" GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-p=2 CGO_ENABLED=1 GO111MODULE=off
    preloaded go build -o "$work/program" "$here/cgo.go" || fail "go build"
    same "$work/program"
}

app_rust() {
    need rustc cc
    rustc --version >/dev/null 2>&1 || skip "rustc's toolchain"
    preloaded rustc --edition 2021 -O -C codegen-units=4 -o "$work/program" "$here/threads.rs" || fail "rustc"
    same "$work/program"
}
