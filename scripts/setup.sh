#!/bin/sh
# setup.sh [--peers] [--apps | --all-apps]: installs what building and testing HAKMEM needs and this machine lacks,
# with apt-get, dnf or apk. Does nothing, and asks nobody, when all is there.
#   --peers  also other allocators, to be compared with
#   --apps   also the small ones of the programs that the tests run under HAKMEM
#   --all-apps  all of them, compilers and databases too: about 2 GB
# Without the rights to install it says what is missing and fails only if nothing could be built.
set -u

peers=0 apps=0 all_apps=0
for argument; do
    case $argument in
    --peers) peers=1 ;;
    --apps) apps=1 ;;
    --all-apps) apps=1 all_apps=1 ;;
    *) sed -n '2,7s/^# //p' "$0"; exit 2 ;;
    esac
done

have_command() { command -v "$1" >/dev/null 2>&1; }
have_sbin() { PATH=$PATH:/usr/sbin:/sbin have_command "$1"; }
have_postgres() { have_command "$1" || ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1; }
have_php() { have_command php && php -m 2>/dev/null | grep -qix "$1"; }
have_python() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
have_tcl() { have_command tclsh && echo "exit [catch {package require $1}]" | tclsh; }
have_package() { have_command pkg-config && pkg-config --exists "$1"; }
have_library() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q "$1"; }

# need TEST NAME APT DNF APK: adds this system's package when `TEST NAME` says no. APT and its like
# may name alternatives (a|b), - for none.
missing=
need() {
    "$1" "$2" && return
    case $manager in
    apt-get) package=$3 ;;
    dnf) package=$4 ;;
    apk) package=$5 ;;
    *) package=$2 ;;
    esac
    [ "$package" = - ] || missing="$missing $package"
}

manager=none
for candidate in apt-get dnf apk; do
    have_command $candidate && { manager=$candidate; break; }
done

need have_command cc build-essential gcc build-base
need have_command c++ build-essential gcc-c++ build-base
need have_command make make make make
need have_command cmake cmake cmake cmake
need have_command ninja ninja-build ninja-build samurai
need have_command pkg-config pkg-config pkgconf-pkg-config pkgconf
need have_command objdump binutils binutils binutils
need have_package jansson libjansson-dev jansson-devel jansson-dev
need have_package ncursesw libncurses-dev ncurses-devel ncurses-dev
need have_package libelf libelf-dev elfutils-libelf-devel elfutils-dev
need have_package libdw libdw-dev elfutils-devel elfutils-dev
need have_package zlib zlib1g-dev zlib-devel zlib-dev
need have_package cairo libcairo2-dev cairo-devel cairo-dev
need have_command node nodejs nodejs nodejs
need have_command npm npm npm npm
need have_package cmocka libcmocka-dev libcmocka-devel cmocka-dev
need have_command scdoc scdoc scdoc scdoc
need have_command clang-format clang-format clang-tools-extra clang-extra-tools
need have_command spin spin - -
need have_command python3 python3 python3 python3
need have_command tmux tmux tmux tmux
need have_command gdb gdb gdb gdb
if [ $apps = 1 ]; then
    need have_command git git git git
    need have_command sqlite3 sqlite3 sqlite sqlite
    need have_command ruby ruby ruby ruby
    need have_command perl perl perl perl
    need have_command redis-server redis-server redis redis
    need have_command gdb gdb gdb gdb
    need have_command chromium chromium chromium chromium
fi
if [ $all_apps = 1 ]; then
    need have_command redis-benchmark redis-tools redis redis
    need have_postgres pgbench postgresql postgresql-contrib postgresql
    need have_postgres initdb postgresql postgresql-server postgresql
    need have_sbin nginx nginx-light nginx nginx
    need have_command wrk wrk - wrk
    need have_command curl curl curl curl
    need have_python test.test_threading libpython3-testsuite python3-test -
    need have_command php php-cli php-cli -
    for extension in xml mbstring intl sqlite3 curl gd; do
        need have_php $extension "php-$extension" - -
    done
    need have_command tclsh tcl tcl tcl
    need have_tcl Thread tcl-thread tcl-thread -
    need have_command lua5.4 lua5.4 lua lua5.4
    need have_command clang clang clang clang
    need have_command go golang-go golang go
    need have_command rustc rustc rust rust
    need have_command java default-jdk-headless java-latest-openjdk-devel -
    need have_command valgrind valgrind valgrind valgrind
    need have_command man man-db man-db man-db
    need have_command groff groff groff groff
    need have_command openssl openssl openssl openssl
    need have_command ffmpeg ffmpeg ffmpeg-free ffmpeg
    need have_command zstd zstd zstd zstd
fi
if [ $peers = 1 ]; then
    need have_library libmimalloc 'libmimalloc2.0|libmimalloc3' mimalloc mimalloc2
    need have_library libjemalloc 'libjemalloc2' jemalloc jemalloc
    need have_library libtcmalloc_minimal 'libtcmalloc-minimal4|libtcmalloc-minimal4t64' gperftools-libs gperftools
fi
[ -n "$missing" ] || exit 0

# sudo may ask for a password only where somebody can answer.
sudo=
[ "$(id -u)" = 0 ] || { sudo=sudo; [ -t 0 ] || sudo='sudo -n'; }
if [ $manager = none ] || { [ -n "$sudo" ] && ! $sudo true 2>/dev/null; }; then
    echo "setup: missing, and cannot be installed from here:$missing" >&2
    have_command cc && have_command cmake && have_command make
    exit
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    case $manager in
    apt-get)
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
            install -y -qq --no-install-recommends "$@" ;;
    dnf) $sudo dnf install -y -q "$@" ;;
    apk) $sudo apk add -q "$@" ;;
    esac >>"$log" 2>&1 </dev/null
}
# The first alternative that this system knows.
choose() {
    for name in $(echo "$1" | tr '|' ' '); do
        [ $manager != apt-get ] || apt-cache show "$name" >/dev/null 2>&1 || continue
        echo "$name"
        return
    done
    echo "${1%%|*}"
}

[ $manager != apt-get ] || $sudo apt-get -o DPkg::Lock::Timeout=300 update -qq >>"$log" 2>&1
chosen=
for package in $missing; do
    chosen="$chosen $(choose "$package")"
done
echo "setup: installing$chosen"
install $chosen && exit 0
for package in $chosen; do
    install "$package" || echo "setup: could not install $package" >&2
done
have_command cc && have_command cmake && have_command make && exit 0
tail -20 "$log" >&2
exit 1
