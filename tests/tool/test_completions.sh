#!/bin/sh
# test_completions.sh [HAKMEM] - the completions for bash, fish and zsh offer each command and each option
# that the command's help names. Shells that are not here are left out; without any it is skipped.
set -u
hakmem=${1:-${HK_COMMAND:-build/hakmem}}
source=${HK_SOURCE_DIR:-.}
[ -x "$hakmem" ] || exit 77
[ -z "${HK_EMULATOR:-}" ] || exit 77
PATH=$(cd "$(dirname "$hakmem")" && pwd):$PATH
export PATH
here=$source/completions
failures=0
shells=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

commands=$(hakmem --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')

# offered SHELL LINE WORD…: what the shell offers for a line, one a line, in $scratch/out; each word is there.
offered() {
    shell=$1 line=$2
    shift 2
    "try_$shell" "$line" >"$scratch/out" 2>"$scratch/err"
    for word; do
        grep -q -x -e "$word" "$scratch/out" && continue
        echo "FAIL $shell: '$line' does not offer $word:"
        cat "$scratch/out" "$scratch/err"
        failures=$((failures + 1))
        return
    done
    echo "ok   $shell: $line"
}

try_bash() {
    bash --norc -c '
        source "$1/hakmem.bash"
        read -r -a COMP_WORDS <<<"$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _hakmem
        printf "%s\n" "${COMPREPLY[@]}"' bash "$here" "$1"
}

try_fish() {
    HOME=$scratch fish --no-config -c 'source $argv[1]/hakmem.fish; complete -C $argv[2] | string replace -r "\t.*" ""' \
        "$here" "$1"
}

# A shell in a terminal of its own, into which the line and two tabs are typed.
try_zsh() {
    cat >"$scratch/try.zsh" <<'ZSH'
zmodload zsh/zpty || exit 1
zpty inner zsh -f -i
zpty -w inner "PS1=; PATH=$PATH; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; LISTMAX=9999; TERM=dumb"
zpty -w inner "stty cols 200 rows 200; zstyle ':completion:*' verbose false; bindkey '^T' list-choices; print READY"
zpty -r -m inner all "*READY*READY*"
zpty -w -n inner "$2"$'\C-T'
for ((i = 0; i < 40; i++)); do
    sleep 0.1
    while zpty -r -t inner more; do all+=$more; done
done
zpty -d inner
print -r -- "${all##*READY}" | tr -s ' \r\t' '\n'
ZSH
    zsh -f "$scratch/try.zsh" "$here" "$1"
}

for shell in bash fish zsh; do
    command -v $shell >/dev/null || { echo "left out: $shell is not here"; continue; }
    shells=$((shells + 1))
    # shellcheck disable=SC2086
    offered $shell 'hakmem ' $commands
    for command in $commands; do
        # zsh's tries take seconds each: one command with options of every kind will do.
        [ $shell != zsh ] || [ "$command" = stats ] || continue
        # shellcheck disable=SC2046
        offered $shell "hakmem $command --" $(hakmem "$command" --help | sed -n 's/^  \(--[a-z][a-z-]*\) .*/\1/p')
    done
    [ $shell = zsh ] || offered $shell 'hakmem run --stats -- tru' true
done
[ $shells -gt 0 ] || exit 77
[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
