# Tools, and programs for media and pages: read by run.sh.
# shellcheck shell=sh disable=SC2016,SC2154,SC2317

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

app_gdb() {
    need gdb cc
    cc -g -O0 "$here/compile.c" -o "$work/program" || fail "cc fails by itself"
    says 'Breakpoint 1, .*main' gdb -nx -batch -ex 'set confirm off' -ex 'break main' -ex 'info functions' \
        -ex "run" -ex 'info locals' -ex 'backtrace' "$work/program"
}

# A program that leaks three blocks and reads one that is free, for valgrind to find.
faulty_program() {
    cat <<END
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    for (int i = 1; i <= 3; i++)
        memset(malloc((size_t)i * 1000), i, 10);
    char *volatile block = malloc(40);
    strcpy(block, "text");
    puts(block);
    free(block);
    return block[1] == 0x7f;
}
END
}

# Memcheck brings a malloc of its own, which must win; under the plain tool HAKMEM's is at work.
app_valgrind() {
    need valgrind cc
    cc -g -O1 "$here/compile.c" -o "$work/program" || fail "cc fails by itself"
    same valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$work/program"
    same valgrind -q --tool=none "$work/program"
    same valgrind -q --tool=none perl -e 'my %t = map { $_ => "x" x ($_ % 90) } 1 .. 30000; print length(join "", %t)'
    faulty_program >"$work/faulty.c"
    cc -g -O0 -w "$work/faulty.c" -o "$work/faulty" || fail "cc fails by itself"
    says 'Invalid read of size 1' valgrind --leak-check=full "$work/faulty"
    grep -q 'definitely lost: 6,000 bytes in 3 blocks' "$work/says.out" || { cat "$work/says.out"; fail "leaks not seen"; }
    grep -q 'ERROR SUMMARY: 2 errors' "$work/says.out" || { cat "$work/says.out"; fail "other errors"; }
}

# man formats and unpacks in children under a seccomp filter, which kills or refuses what is not on its list.
app_man() {
    need man groff
    printf '.TH TEST 1\n.SH NAME\ntest \\- a page\n.SH TABLES\n' >"$work/test.1"
    text_of 3000 | sed 's/^\([0-9]*\) \(.*\)/.TP\n.B \1\n\2/' >>"$work/test.1"
    printf '.TS\nl l.\na\tb\n.TE\n' >>"$work/test.1"
    gzip -c "$work/test.1" >"$work/packed.1.gz"
    export MANWIDTH=80 SOURCE_DATE_EPOCH=0
    unset MAN_DISABLE_SECCOMP
    same man -P cat -l "$work/test.1"
    same man -P cat -t -l "$work/packed.1.gz"
    same man -P cat --preprocessor=te -l "$work/packed.1.gz"
    same lexgrog "$work/test.1"
}

# A made-up film, decoded again: its frames and its sound must be the same to the bit.
app_ffmpeg() {
    need ffmpeg
    film="-f lavfi -i testsrc2=size=480x270:rate=25:duration=3 -f lavfi -i sine=frequency=440:duration=3"
    exact="-threads 4 -flags:v +bitexact -flags:a +bitexact -fflags +bitexact"
    for codecs in '-c:v mpeg4 -c:a ac3' '-c:v libx264 -preset veryfast -c:a flac' '-c:v ffv1 -slices 4 -c:a aac'; do
        # shellcheck disable=SC2086 # words of their own
        set -- -v error -nostdin -y -filter_complex_threads 2 $film -vf 'hue=h=t*90,scale=320:-2,unsharp' $codecs $exact
        case $(ffmpeg -v error -encoders) in
        *" $(echo "$codecs" | cut -d' ' -f2) "*) ;;
        *) continue ;;
        esac
        plain ffmpeg "$@" "$work/plain.mkv" || fail "ffmpeg fails by itself"
        preloaded ffmpeg "$@" "$work/preloaded.mkv" || fail "ffmpeg $codecs"
        cmp "$work/plain.mkv" "$work/preloaded.mkv" || fail "ffmpeg $codecs: another film"
        same ffmpeg -v error -nostdin -i "$work/preloaded.mkv" -f framemd5 -
    done
}

# Chromium's processes bring malloc with them: HAKMEM must keep out of the way.
app_chromium() {
    for chromium in chromium chromium-browser google-chrome none; do
        command -v "$chromium" >/dev/null 2>&1 && break
    done
    need "$chromium"
    HOME=$work
    export HOME
    for how in plain preloaded; do
        # The work on a GPU's behalf happens in a process of its own.
        $how "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
            --disable-background-networking --hide-scrollbars --window-size=640,480 --user-data-dir="$work/$how" \
            --screenshot="$work/$how.png" "file://$here/page.html" >"$work/$how.log" 2>&1 ||
            { tail "$work/$how.log" >&2; fail "chromium, $how, ended with an error"; }
        [ -s "$work/$how.png" ] || { tail "$work/$how.log" >&2; fail "chromium, $how, drew nothing"; }
    done
    complained "$work/preloaded.log" && fail "HAKMEM complained"
    cmp "$work/plain.png" "$work/preloaded.png" || fail "chromium: another picture"
}
